//! Addresses for readers elsewhere.

use axum::http::HeaderMap;
use axum::http::header::HOST;

use super::app::App;

/// The whole address of a path of this server: that which users know, or else the one that a request was sent to.
pub(super) fn absolute(app: &App, headers: &HeaderMap, path: &str) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match host.filter(|_| app.config.public_url.is_none()) {
        Some(host) => format!("http://{host}{path}"),
        None => app.config.address_of(path),
    }
}
