//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, StatusCode};

use crate::server::problem::{Answer, Problem};

/// The addresses that one visitor may have: an address of IPv4, or the 64 bits of IPv6 that a household gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(long) => IpAddr::V6(Ipv6Addr::from_bits(long.to_bits() >> 64 << 64)),
            short @ IpAddr::V4(_) => short,
        })
    }

    /// Its first address.
    #[must_use]
    pub fn first(self) -> IpAddr {
        self.0
    }
}

/// The address of who sent a request: the other end of the connection, or what trusted proxies say about it.
pub(super) fn client(request: &Request, trusted: &[IpAddr]) -> Answer<IpAddr> {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let Some(ConnectInfo(peer)) = connection else {
        tracing::error!("the address of a connection is not known");
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed"));
    };
    Ok(behind_proxies(peer.ip(), request.headers(), trusted))
}

/// Each proxy adds the address from which it got the request to the end of `X-Forwarded-For`. So from the end, the first
/// address that is not of a trusted proxy is the client's; what stands before it, the client may have made up.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == address);
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let mut before = lines.iter().flat_map(|line| line.split(',')).rev();
    while is_trusted(client) {
        let Some(address) = before.next().and_then(|text| text.trim().parse::<IpAddr>().ok()) else { break };
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let headers =
            forwarded.iter().map(|line| ("x-forwarded-for".parse().unwrap(), line.parse().unwrap())).collect();
        let trusted: Vec<IpAddr> = trusted.iter().map(|address| address.parse().unwrap()).collect();
        behind_proxies(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"], &["10.0.0.1"]), "198.51.100.1");
        // The client wrote the first address itself.
        assert_eq!(seen("10.0.0.1", &["192.0.2.7, 198.51.100.1"], &["10.0.0.1"]), "198.51.100.1");
        assert_eq!(
            seen("10.0.0.1", &["192.0.2.7", "198.51.100.1, 10.0.0.2"], &["10.0.0.1", "10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(seen("::ffff:10.0.0.1", &["2001:db8::1"], &["10.0.0.1"]), "2001:db8::1");
        // Without an address that can be read, the proxy itself is limited.
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, unknown"], &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.1"]), "10.0.0.1");
    }

    #[test]
    fn a_household_is_one_network() {
        let network = |address: &str| Network::of(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::5"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::5"), network("2001:db8:1:3::5"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
