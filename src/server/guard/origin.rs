//! Which pages may change something. A browser sends the cookies of this server with the requests of any page, and reaches
//! a server of this machine from any page; it says truthfully from which one.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};

use crate::server::config::Config;
use crate::server::problem::{Answer, Problem};

/// Refuses what a page of another site sent. A program that is no browser says nothing about pages, and passes.
pub(super) fn check(config: &Config, headers: &HeaderMap) -> Answer<()> {
    let own_site = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let own_origin =
        headers.get(ORIGIN).is_none_or(|origin| origin.to_str().is_ok_and(|origin| is_own(config, headers, origin)));
    if own_site && own_origin {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "a page of another site sent this request")
        .hint("send it from a page of this server, or from a program with a token"))
}

fn is_own(config: &Config, headers: &HeaderMap, origin: &str) -> bool {
    if config.public_url.as_ref().is_some_and(|public| public.origin().ascii_serialization() == origin) {
        return true;
    }
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.zip(asked).is_some_and(|(host, asked)| host.eq_ignore_ascii_case(asked))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn passes(headers: &[(&'static str, &'static str)]) -> bool {
        let public_url = Some("https://art.example.org/".parse().unwrap());
        let config = Config { public_url, ..Config::local(Path::new("data")) };
        let host = [("host", "127.0.0.1:8080")];
        let headers = host.iter().chain(headers);
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        check(&config, &headers).is_ok()
    }

    #[test]
    fn only_own_pages_pass() {
        assert!(passes(&[]));
        assert!(passes(&[("origin", "http://127.0.0.1:8080")]));
        assert!(passes(&[("origin", "https://art.example.org"), ("sec-fetch-site", "same-origin")]));
        assert!(passes(&[("sec-fetch-site", "none")]));
        for foreign in
            ["https://evil.example", "null", "http://127.0.0.1:8081", "http://127.0.0.1", "127.0.0.1:8080", ""]
        {
            assert!(!passes(&[("origin", foreign)]), "{foreign}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert!(!passes(&[("sec-fetch-site", site)]), "{site}");
            assert!(!passes(&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", site)]), "{site}");
        }
    }
}
