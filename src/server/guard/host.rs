//! Under which names the server may be asked.
//!
//! A page of another site can give its own name the address of this server ("DNS rebinding"). For the browser, both are then
//! the same site, and the page reads all answers. Only the `Host` of the requests tells.

use std::net::IpAddr;

use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};

use super::is_public;
use crate::server::config::Config;
use crate::server::problem::{Answer, Problem};

/// Refuses a request that was sent to another name.
pub(super) fn check(config: &Config, uri: &Uri, headers: &HeaderMap) -> Answer<()> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let Some(host) = host.filter(|_| hosts.next().is_none()) else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "the request does not say to which host it goes"));
    };
    // What a proxy passes on, and what a request to a proxy has, are names that a browser was given as well.
    let forwarded = headers.get_all("x-forwarded-host").iter().map(|host| host.to_str().unwrap_or_default());
    let forwarded = forwarded.flat_map(|hosts| hosts.split(','));
    let authority = uri.authority().map(axum::http::uri::Authority::as_str);
    match [host].into_iter().chain(authority).chain(forwarded).find(|host| !is_known(config, host.trim())) {
        None => Ok(()),
        Some(host) => Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!("this server is not known as {}", host.trim().escape_debug()),
        )
        .hint("the operator can name the address that users type with --public-url")),
    }
}

fn is_known(config: &Config, host: &str) -> bool {
    let name = without_port(host);
    let public = config.public_url.as_ref().and_then(url::Url::host_str);
    if name.eq_ignore_ascii_case("localhost") || public.is_some_and(|public| name.eq_ignore_ascii_case(public)) {
        return true;
    }
    // An address is not looked up, so no other site can have it.
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.is_ok_and(|address| address.to_canonical().is_loopback() || is_public(config))
}

/// The name in `name:port`; an address of IPv6 stays in its brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn known(config: &Config, headers: &[(&'static str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        check(config, &"/api/v1/me".parse().unwrap(), &headers).is_ok()
    }

    #[test]
    fn a_server_of_this_machine_has_the_names_of_this_machine() {
        let config = Config::local(Path::new("data"));
        for host in ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:8080", "127.0.0.2", "[::1]:8080", "[::1]"] {
            assert!(known(&config, &[("host", host)]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1",
            "evil.example:localhost",
            "localhost@evil.example",
            "[::1]evil.example",
        ] {
            assert!(!known(&config, &[("host", host)]), "{host}");
        }
        assert!(!known(&config, &[]));
        assert!(!known(&config, &[("host", "localhost"), ("host", "evil.example")]));
        assert!(!known(&config, &[("host", "localhost"), ("x-forwarded-host", "art.example.org")]));
    }

    #[test]
    fn a_public_server_has_its_public_name_and_addresses() {
        let public_url = Some("https://art.example.org/".parse().unwrap());
        let config = Config { listen: "0.0.0.0:80".parse().unwrap(), public_url, ..Config::local(Path::new("data")) };
        for host in ["art.example.org", "Art.Example.org:443", "localhost", "192.0.2.1:80", "[2001:db8::1]:80"] {
            assert!(known(&config, &[("host", host)]), "{host}");
        }
        assert!(known(&config, &[("host", "127.0.0.1"), ("x-forwarded-host", "art.example.org")]));
        assert!(!known(&config, &[("host", "evil.example")]));
        assert!(!known(&config, &[("host", "art.example.org"), ("x-forwarded-host", "evil.example")]));
    }
}
