//! A line of the log for each request, and the last resort for those that fail: a panic, or a body that never comes.
//!
//! The log has no sentences of users: of an address it shows the path only.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use tracing::Instrument;

use super::openai;
use super::problem::Problem;
use crate::database::Id;

/// The longest time until an answer begins. Streams and files may go on for longer.
const LONGEST: Duration = Duration::from_secs(120);
/// No part of a path is so long but a secret: 32 bytes are 43 digits of base 64.
const SHORTEST_SECRET: usize = 40;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id, and logs it with its answer.
pub(super) async fn logged(request: Request, next: Next) -> Response {
    let id = Id::random().map_or_else(|_| "-".to_owned(), |id| id.to_string());
    let span = tracing::info_span!("request", id);
    async move {
        let (method, path) = (request.method().clone(), shown(request.uri().path()));
        let began = Instant::now();
        let mut response = next.run(request).await;
        let (status, milliseconds) = (response.status().as_u16(), began.elapsed().as_millis());
        if ["/healthz", "/readyz", "/metrics"].contains(&path.as_str()) {
            tracing::debug!(%method, path, status, milliseconds, "answered");
        } else {
            tracing::info!(%method, path, status, milliseconds, "answered");
        }
        if let Ok(id) = HeaderValue::try_from(id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
    .instrument(span)
    .await
}

/// The path of a request without secrets, such as those of links in letters: they are the only parts that are so long.
fn shown(path: &str) -> String {
    let is_secret = |part: &&str| part.len() >= SHORTEST_SECRET && !part.contains('.');
    let parts = path.split('/').map(|part| if is_secret(&part) { "***" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Ends requests that take too long. All waits of the server itself are shorter, so the client is slow. Only who waits for
/// pictures may wait for longer.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    if request.uri().path() == openai::GENERATIONS {
        return next.run(request).await;
    }
    timeout(LONGEST, next.run(request)).await.unwrap_or_else(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "the request took too long")
            .hint("send it again; if it has a large body, use a faster connection")
            .into_response()
    })
}

/// The answer to a request whose handler panicked; the message went to the log.
#[allow(clippy::needless_pass_by_value, reason = "the type of a panic handler")]
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed")
        .hint("ask the operator to look into the log")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn secrets_in_paths_are_not_logged() {
        let secret = "aZ09-_".repeat(7) + "x";
        assert_eq!(shown(&format!("/mail/confirm/{secret}")), "/mail/confirm/***");
        assert_eq!(shown(&format!("/reset/{secret}/")), "/reset/***/");
        for path in ["/", "/p/3kq8s2v6m1x9c4t7w0zr5yhdbn", "/api/v1/jobs/3kq8s2v6m1x9c4t7w0zr5yhdbn/files/recipe.json"]
        {
            assert_eq!(shown(path), path);
        }
    }
}
