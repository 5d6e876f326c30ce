//! What the guard lets everybody send who can reach the server, with or without a login.

use axum::extract::Request;
use axum::http::Method;

/// Whether a request likes a published picture, or takes a like back.
pub(in crate::server) fn is_like(request: &Request) -> bool {
    match parts(request)[..] {
        ["api", "v1", "pictures", _, "like"] => matches!(*request.method(), Method::PUT | Method::DELETE),
        ["g", _, "like" | "unlike"] => request.method() == Method::POST,
        _ => false,
    }
}

/// The parts of the path, as many as count here.
fn parts(request: &Request) -> Vec<&str> {
    request.uri().path().trim_start_matches('/').splitn(6, '/').collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(method: &str, path: &str) -> Request {
        Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
    }

    #[test]
    fn everybody_likes_and_does_nothing_else() {
        for (method, path) in [
            ("PUT", "/api/v1/pictures/a/like"),
            ("DELETE", "/api/v1/pictures/a/like"),
            ("POST", "/g/a/like"),
            ("POST", "/g/a/unlike"),
        ] {
            assert!(is_like(&request(method, path)), "{method} {path}");
        }
        for (method, path) in [
            ("POST", "/g/a/hide"),
            ("POST", "/g/a/withdraw"),
            ("POST", "/api/v1/pictures/a/like"),
            ("PUT", "/api/v1/pictures/a/like/b"),
            ("PUT", "/api/v1/pictures/a"),
            ("POST", "/api/v1/admin/pictures/a/hide"),
            ("GET", "/api/v1/jobs"),
            ("GET", "/mine"),
            ("GET", "/"),
        ] {
            assert!(!is_like(&request(method, path)), "{method} {path}");
        }
    }
}
