//! Whether a server may begin, as it is set up.

use url::Host;

use crate::error::{Error, Result};
use crate::server::config::Config;

/// Whether others than the programs of this machine can reach the server: it listens to them, or a proxy does.
#[must_use]
pub fn is_public(config: &Config) -> bool {
    let is_local_name = |host: Host<&str>| match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let named = config.public_url.as_ref().and_then(url::Url::host);
    !config.is_local() || named.is_some_and(|host| !is_local_name(host))
}

/// Refuses to begin a server that anybody could use by mistake, or whose own address it does not know.
///
/// # Errors
///
/// If others can reach the server, and there are neither users nor the explicit wish to let anybody in, or no public
/// address is given.
pub fn check_opening(config: &Config, any_users: bool) -> Result<()> {
    if !is_public(config) {
        return Ok(());
    }
    if !any_users && !config.open {
        let public = config.public_url.as_ref().filter(|_| config.is_local());
        let place = public.map_or_else(|| format!("‹listen› {}", config.listen), |url| format!("‹public-url› {url}"));
        return Err(Error::usage(
            format!("{place} lets other machines in, but there are no users"),
            "add one with `text2art serve admin user add NAME`, or let anybody in with ‹open›",
        ));
    }
    match &config.public_url {
        None => Err(Error::usage(
            format!("‹listen› {} lets other machines in, but the server does not know its own address", config.listen),
            "give the address that users type, as with ‹public-url› https://art.example.org",
        )),
        Some(url) if !matches!(url.scheme(), "http" | "https") || url.host().is_none() => Err(Error::usage(
            format!("‹public-url› {url} is not the address of a server"),
            "give the address that users type, such as https://art.example.org",
        )),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(listen: &str, public_url: Option<&str>, open: bool) -> Config {
        let public_url = public_url.map(|url| url.parse().unwrap());
        Config { listen: listen.parse().unwrap(), public_url, open, ..Config::local(Path::new("data")) }
    }

    #[test]
    fn a_server_opens_to_others_only_on_purpose() {
        let public = Some("https://art.example.org");
        for (listen, url, open, any_users, opens) in [
            ("127.0.0.1:8080", None, false, false, true),
            ("[::1]:8080", Some("http://localhost:8080"), false, false, true),
            ("0.0.0.0:8080", public, false, false, false),
            ("192.0.2.1:8080", public, false, false, false),
            ("[::]:8080", public, false, false, false),
            // A proxy on this machine brings others in.
            ("127.0.0.1:8080", public, false, false, false),
            ("127.0.0.1:8080", public, false, true, true),
            ("0.0.0.0:8080", public, true, false, true),
            ("0.0.0.0:8080", public, false, true, true),
            ("0.0.0.0:8080", None, false, true, false),
            ("0.0.0.0:8080", None, true, false, false),
            ("0.0.0.0:8080", Some("ftp://art.example.org"), true, false, false),
        ] {
            let checked = check_opening(&config(listen, url, open), any_users);
            assert_eq!(checked.is_ok(), opens, "{listen} {url:?} {open} {any_users}: {checked:?}");
        }
        let error = check_opening(&config("0.0.0.0:8080", public, false), false).unwrap_err();
        assert!(error.to_string().contains("--listen 0.0.0.0:8080") && error.hint().contains("--open"), "{error}");
    }
}
