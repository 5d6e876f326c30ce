//! Addresses for readers elsewhere.

use axum::http::HeaderMap;
use axum::http::header::HOST;

use super::app::App;

/// The whole address of a path of this server: that which users know, or else the one that a request was sent to.
pub(super) fn absolute(app: &App, headers: &HeaderMap, path: &str) -> String {
    if let Some(public) = &app.config.public_url {
        return format!("{}{path}", public.as_str().trim_end_matches('/'));
    }
    let listening = app.config.listen.to_string();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or(&listening);
    format!("http://{host}{path}")
}
