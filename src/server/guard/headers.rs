//! What every answer tells a browser.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

use crate::server::app::App;

/// Where a page may load from: only this server, unless the store delivers files itself.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// Headers of every answer that does not have them already, in addition to the policy.
const HEADERS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The policy of a server whose store delivers pictures and movies from an origin, if there is one.
fn policy(origin: Option<&str>) -> HeaderValue {
    let with = origin.map(|origin| {
        let images = format!("img-src 'self' data: blob: {origin}; media-src 'self' {origin};");
        POLICY.replace("img-src 'self' data: blob:;", &images)
    });
    with.and_then(|policy| HeaderValue::try_from(policy).ok()).unwrap_or(HeaderValue::from_static(POLICY))
}

/// Adds the headers to an answer.
pub async fn add(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_personal = path.starts_with("/api/") || path.starts_with("/v1/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert_with(|| policy(app.objects.origin()));
    // What one visitor may see, no cache may give to another.
    if is_personal {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_load_from_the_store_only_if_it_delivers() {
        assert_eq!(policy(None), POLICY);
        let policy = policy(Some("https://art.s3.amazonaws.com"));
        let policy = policy.to_str().unwrap();
        assert!(policy.contains("img-src 'self' data: blob: https://art.s3.amazonaws.com;"), "{policy}");
        assert!(policy.contains("media-src 'self' https://art.s3.amazonaws.com;"), "{policy}");
        assert!(policy.starts_with("default-src 'self';") && policy.contains("object-src 'none'"), "{policy}");
    }
}
