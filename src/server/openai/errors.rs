//! Problems in the shape that clients of OpenAI's API read.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::server::problem::MEDIA_TYPE;

/// The paths of these clients begin so.
const PREFIX: &str = "/v1/";
/// The longest problem that is read, in bytes.
const LONGEST: usize = 64 << 10;

/// Why a request was not done, for clients of OpenAI's API.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenAiError {
    /// The error
    error: Inner,
}

/// What is wrong.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OpenAiErrorDetails)]
struct Inner {
    /// What is wrong, and what to do about it
    #[schema(example = "n: 11 is not a number from 1 to 10")]
    message: String,
    /// Whose fault it is
    #[serde(rename = "type")]
    #[schema(example = "invalid_request_error")]
    kind: &'static str,
    /// The field that is wrong
    #[schema(required, example = "n")]
    param: Option<String>,
    /// A word for the error, if these clients know one
    #[schema(required, value_type = Option<String>, example = "model_not_found")]
    code: Option<&'static str>,
}

/// What is needed of a problem.
#[derive(Deserialize)]
struct Told {
    detail: String,
    hint: Option<String>,
    field: Option<String>,
}

/// Writes problems in the shape of OpenAI's errors, if the path is one of theirs. This comes before the guard, so that its
/// refusals are in this shape as well.
pub async fn in_their_shape(request: Request, next: Next) -> Response {
    let is_theirs = request.uri().path().starts_with(PREFIX);
    let response = next.run(request).await;
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == MEDIA_TYPE);
    if is_theirs && is_problem { translated(response).await } else { response }
}

async fn translated(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LONGEST).await.unwrap_or_default();
    let told = serde_json::from_slice(&bytes).unwrap_or_else(|_| Told {
        detail: parts.status.canonical_reason().unwrap_or("an error").to_owned(),
        hint: None,
        field: None,
    });
    // These clients know only the one.
    let status = match parts.status {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let mut headers = parts.headers;
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut translated = (status, Json(OpenAiError { error: Inner::of(status, told) })).into_response();
    *translated.headers_mut() = headers;
    translated
}

impl Inner {
    fn of(status: StatusCode, Told { detail, hint, field }: Told) -> Self {
        let (kind, code) = match status {
            StatusCode::UNAUTHORIZED => ("invalid_request_error", Some("invalid_api_key")),
            StatusCode::FORBIDDEN => ("permission_error", None),
            StatusCode::NOT_FOUND if field.as_deref() == Some("model") => {
                ("invalid_request_error", Some("model_not_found"))
            }
            StatusCode::TOO_MANY_REQUESTS => ("rate_limit_error", Some("rate_limit_exceeded")),
            status if status.is_server_error() => ("server_error", None),
            _ => ("invalid_request_error", None),
        };
        let message = match hint {
            Some(hint) => format!("{detail}; {hint}"),
            None => detail,
        };
        Self { message, kind, param: field, code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::problem::Problem;

    #[tokio::test]
    async fn other_headers_stay() {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "a").retry_after(5);
        let response = translated(problem.into_response()).await;
        assert_eq!(response.headers()["retry-after"], "5");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }

    async fn shown(problem: Problem) -> (StatusCode, serde_json::Value) {
        let response = translated(problem.into_response()).await;
        let status = response.status();
        (status, serde_json::from_slice(&to_bytes(response.into_body(), LONGEST).await.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn problems_have_the_shape_that_clients_know() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "n: 11 is too many").hint("give 10").field("n");
        let expected = serde_json::json!({"error": {"message": "n: 11 is too many; give 10",
            "type": "invalid_request_error", "param": "n", "code": null}});
        assert_eq!(shown(problem).await, (StatusCode::BAD_REQUEST, expected));
        for (problem, kind, code) in [
            (Problem::new(StatusCode::UNAUTHORIZED, "a"), "invalid_request_error", "invalid_api_key"),
            (Problem::new(StatusCode::NOT_FOUND, "a").field("model"), "invalid_request_error", "model_not_found"),
            (Problem::new(StatusCode::TOO_MANY_REQUESTS, "a"), "rate_limit_error", "rate_limit_exceeded"),
        ] {
            let (_, shown) = shown(problem).await;
            assert_eq!((&shown["error"]["type"], &shown["error"]["code"]), (&kind.into(), &code.into()));
        }
        let (status, written) = shown(Problem::new(StatusCode::BAD_GATEWAY, "a")).await;
        assert_eq!((status, &written["error"]["type"]), (StatusCode::BAD_GATEWAY, &"server_error".into()));
    }
}
