//! What handlers take from a request. What is wrong becomes a problem, where axum would answer plain text.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Problem;
use crate::database::Id;

/// The body of a request, in JSON.
pub struct Body<T>(pub T);

/// What follows the `?` of an address.
pub struct Parameters<T>(pub T);

/// The `{id}` in the path of a request.
pub struct PathId(pub Id);

/// The `{name}` in the path of a request, decoded; empty if it cannot be decoded.
pub struct PathName(pub String);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Json::<T>::from_request(request, state).await;
        read.map(|Json(body)| Self(body)).map_err(|rejection| refused_body(&rejection))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(parameters)| Self(parameters))
            .map_err(|rejection: QueryRejection| Problem::new(StatusCode::BAD_REQUEST, rejection.body_text()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // A path that cannot be decoded has no id either.
        let id = in_path(parts, state, "id").await.and_then(|id| Id::parse(&id));
        id.map(Self).ok_or_else(|| Problem::missing("id"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(in_path(parts, state, "name").await.unwrap_or_default()))
    }
}

/// A part of the path of a request, decoded; none if the path cannot be decoded.
async fn in_path<S: Send + Sync>(parts: &mut Parts, state: &S, part: &str) -> Option<String> {
    let read = RawPathParams::from_request_parts(parts, state).await.ok()?;
    read.iter().find(|(name, _)| *name == part).map(|(_, value)| value.to_owned())
}

fn refused_body(rejection: &JsonRejection) -> Problem {
    let text = rejection.body_text();
    match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not declared as JSON")
                .hint("send the header `Content-Type: application/json`")
        }
        JsonRejection::JsonSyntaxError(_) => Problem::new(StatusCode::BAD_REQUEST, cause(&text)),
        JsonRejection::JsonDataError(_) if text.contains("expected a map") => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the body is not an object of JSON")
                .hint("send something like {\"prompt\": \"a red apple\"}")
        }
        JsonRejection::JsonDataError(_) => {
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, cause(&text));
            match quoted_field(&text) {
                Some(field) => problem.field(field),
                None => problem,
            }
        }
        _ if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large").hint("send less than 64 kB of JSON")
        }
        _ => Problem::new(rejection.status(), text),
    }
}

/// The text without what axum puts before the cause.
fn cause(text: &str) -> String {
    let beginnings =
        ["Failed to deserialize the JSON body into the target type: ", "Failed to parse the request body as JSON: "];
    let cause = beginnings.iter().find_map(|beginning| text.strip_prefix(beginning));
    cause.unwrap_or(text).to_owned()
}

/// The field that serde names in its message, as in "unknown field `promt`".
fn quoted_field(text: &str) -> Option<&str> {
    let named = ["unknown field `", "missing field `", "duplicate field `"];
    let (_, after) = named.iter().find_map(|words| text.split_once(words))?;
    after.split_once('`').map(|(field, _)| field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_serde_are_understood() {
        let text = "Failed to deserialize the JSON body into the target type: unknown field `promt`, expected `prompt` \
                    at line 1 column 9";
        assert!(cause(text).starts_with("unknown field"));
        assert_eq!(quoted_field(text), Some("promt"));
        assert_eq!(quoted_field("invalid type: null"), None);
    }
}
