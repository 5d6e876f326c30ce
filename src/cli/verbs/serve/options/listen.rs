//! Where a server listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use crate::cli::options::layers::layered;

/// The port that is used if none is named.
const USUAL_PORT: u16 = 8080;

layered! {
    /// Where a server listens.
    pub(in crate::cli::verbs::serve) struct ListenOptions {
        /// Address to listen on; port 0 takes any free port [default: 127.0.0.1:8080]
        #[arg(long, value_name = "ADDRESS")]
        pub(super) listen: Listen,
        /// Also serve /metrics at this address; by default, only at --listen, and only to this machine
        #[arg(long, value_name = "ADDRESS")]
        metrics: Listen,
    }
}

impl ListenOptions {
    /// The address to listen on.
    pub(in crate::cli::verbs::serve) fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or_default().0
    }

    /// The other address at which the counts are.
    pub(in crate::cli::verbs::serve) fn metrics(&self) -> Option<SocketAddr> {
        self.metrics.map(|address| address.0)
    }
}

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listen(SocketAddr);

impl Default for Listen {
    fn default() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT)))
    }
}

impl FromStr for Listen {
    type Err = String;

    /// Reads an address with a port, or either of them.
    fn from_str(text: &str) -> Result<Self, String> {
        let local = text.strip_prefix("localhost").map(|port| format!("127.0.0.1{port}"));
        let text = local.as_deref().unwrap_or(text);
        let of_port =
            || Some(SocketAddr::from((Ipv4Addr::LOCALHOST, text.strip_prefix(':').unwrap_or(text).parse().ok()?)));
        let of_ip = || Some(SocketAddr::from((text.trim_matches(['[', ']']).parse::<IpAddr>().ok()?, USUAL_PORT)));
        let address = text.parse().ok().or_else(of_port).or_else(of_ip);
        address.map(Self).ok_or_else(|| {
            format!("`{text}` is not an address to listen on; write it like 127.0.0.1:8080, or 0.0.0.0:8080 for all networks")
        })
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

crate::text::serde_as_text!(Listen);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Listen>().map(|listen| listen.to_string());
        for (text, address) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("8081", "127.0.0.1:8081"),
            (":8081", "127.0.0.1:8081"),
            ("localhost:8081", "127.0.0.1:8081"),
            ("localhost", "127.0.0.1:8080"),
            ("0.0.0.0", "0.0.0.0:8080"),
            ("[::1]", "[::1]:8080"),
            ("[::]:80", "[::]:80"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(address), "{text}");
        }
        assert!(read("example.org:80").is_err() && read("99999").is_err() && read("").is_err());
    }
}
