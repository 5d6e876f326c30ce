//! Who may use a server, and from where.

use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;
use url::Url;

use crate::cli::options::layers::layered;
use crate::server::Registration;

layered! {
    /// Who may use a server, and from where.
    pub(in crate::cli::verbs::serve) struct AccessOptions {
        /// Let in anyone who can reach the server, without a login
        #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
        pub(in crate::cli::verbs::serve) open: bool,
        /// Who may register: nobody, people with an invitation, or anyone [default: closed]
        #[arg(long, value_enum, value_name = "WHO")]
        registration: RegistrationArgument,
        /// Address that users connect to, if the server is behind a proxy
        #[arg(long, value_name = "URL")]
        pub(in crate::cli::verbs::serve) public_url: PublicUrl,
        /// Proxies whose X-Forwarded-For header is believed, comma-separated
        #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
        pub(in crate::cli::verbs::serve) trusted_proxies: Vec<IpAddr>,
    }
}

impl AccessOptions {
    /// Who may register.
    pub(in crate::cli::verbs::serve) fn registration(&self) -> Registration {
        self.registration.map_or(Registration::Closed, Registration::from)
    }
}

/// Who may register, on the command line and in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RegistrationArgument {
    /// Nobody: administrators add users
    Closed,
    /// People with a link from `text2art serve admin invitation add`
    Invitation,
    /// Anyone who can reach the server
    Open,
}

impl From<RegistrationArgument> for Registration {
    fn from(argument: RegistrationArgument) -> Self {
        match argument {
            RegistrationArgument::Closed => Self::Closed,
            RegistrationArgument::Invitation => Self::Invitation,
            RegistrationArgument::Open => Self::Open,
        }
    }
}

/// The address that users know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::verbs::serve) struct PublicUrl(Url);

impl PublicUrl {
    pub(in crate::cli::verbs::serve) fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| {
            ["http", "https"].contains(&url.scheme()) && url.has_host() && url.path() == "/" && url.query().is_none()
        });
        url.map(Self)
            .ok_or_else(|| format!("`{text}` is not the address of a server; write it like https://art.example.org"))
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

crate::text::serde_as_text!(PublicUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_that_of_a_whole_server() {
        assert!("ftp://a".parse::<PublicUrl>().is_err() && "https://a.b/c".parse::<PublicUrl>().is_err());
        assert!("https://art.example.org".parse::<PublicUrl>().is_ok());
    }
}
