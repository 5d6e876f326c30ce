//! The address of a server.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// The address of a server, such as `https://art.example.org`. What belongs to one server, such as a token, belongs to
/// one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Url);

/// Where `text2art serve` listens if nothing else is said.
const DEFAULT: &str = "http://127.0.0.1:8080";
/// The path of the interface below the address.
const INTERFACE: [&str; 2] = ["api", "v1"];

impl Address {
    /// The address below the interface's path with these segments, which are escaped.
    pub(super) fn of<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Url {
        let mut url = self.0.clone();
        // Fails only for addresses without a host, which are never read.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(INTERFACE).extend(segments);
        }
        url
    }

    /// Whether only programs of this machine can read what is sent to the server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether nobody between this machine and the server can read what is sent.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.0.scheme() == "https" || self.is_local()
    }

    /// Whether another address has the same scheme, host and port.
    pub(super) fn has_origin_of(&self, other: &Url) -> bool {
        self.0.origin() == other.origin()
    }
}

impl Default for Address {
    fn default() -> Self {
        DEFAULT.parse().unwrap_or_else(|_| unreachable!("the default is an address"))
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // Whatever is wrong with it, it may contain a password.
        let shown = text.rsplit('@').next().unwrap_or_default();
        let written = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&written).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let mut url = url.ok_or_else(|| format!("`{shown}` is not the address of a server"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address of a server has no user name and no password; use `text2art login`".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("`{shown}` is not the address of a server, which has no ? and no #"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        // The address of the documentation, or of the interface, is what people copy.
        let ends = ["/docs", "/api/v1"];
        let path = ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(&path).to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, shown) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            (" https://Art.Example.org/ ", "https://art.example.org"),
            ("gpu-box:8080", "http://gpu-box:8080"),
            ("https://example.org/art/", "https://example.org/art"),
            ("http://localhost:8080/docs", "http://localhost:8080"),
            ("http://localhost:8080/api/v1/", "http://localhost:8080"),
        ] {
            assert_eq!(address(text).to_string(), shown, "{text}");
        }
        for text in ["", "://", "ftp://a", "file:///etc", "http://", "https://a?b", "https://a#b"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
        let error = "https://anna:secret@example.org".parse::<Address>().unwrap_err();
        assert!(!error.contains("secret") && error.contains("text2art login"), "{error}");
        assert!(!"ftp://anna:secret@example.org".parse::<Address>().unwrap_err().contains("secret"));
    }

    #[test]
    fn paths_are_below_the_address() {
        let url = address("https://example.org/art").of(["jobs", "a/../b", "files"]);
        assert_eq!(url.as_str(), "https://example.org/art/api/v1/jobs/a%2F..%2Fb/files");
        assert_eq!(Address::default().of(["jobs"]).as_str(), "http://127.0.0.1:8080/api/v1/jobs");
    }

    #[test]
    fn only_loopback_and_encryption_are_private() {
        for private in ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:8080", "http://localhost", "https://a"]
        {
            assert!(address(private).is_private(), "{private}");
        }
        for public in ["http://gpu-box", "http://10.0.0.1", "http://127.0.0.1.example.org", "http://localhost.org"] {
            assert!(!address(public).is_private(), "{public}");
        }
    }
}
