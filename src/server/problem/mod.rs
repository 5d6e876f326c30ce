//! Errors as answers: problems of RFC 9457.

mod extract;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub use extract::{Body, Parameters, PathId, PathName};

use crate::Error;
use crate::database::Id;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The result of a handler.
pub type Answer<T> = std::result::Result<T, Problem>;

/// The type of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Kind {
    /// The status says everything
    #[serde(rename = "about:blank")]
    Blank,
}

/// Why a request was not done, as RFC 9457 has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says which kind of problem it is
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "about:blank")]
    kind: Kind,
    /// The status in words
    #[schema(example = "Unprocessable Entity")]
    title: &'static str,
    /// The status of the answer
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// What is wrong
    #[schema(example = "cutouts 0 is out of range")]
    detail: String,
    /// What to do about it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "give a number from 1 to 4096")]
    hint: Option<String>,
    /// The field of the body that is wrong
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "cutouts")]
    field: Option<String>,
    /// The job that is in the way
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    job: Option<Box<str>>,
    /// After how many seconds to try again, for the header
    #[serde(skip)]
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem with this status, and what is wrong.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: Kind::Blank,
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            hint: None,
            field: None,
            job: None,
            retry_after: None,
        }
    }

    /// The request is understood, but cannot be done.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// There is no such thing, or it belongs to someone else.
    #[must_use]
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// This problem, with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()).filter(|hint| !hint.is_empty()), ..self }
    }

    /// This problem, with the field of the body that is wrong.
    #[must_use]
    pub fn field(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// This problem, with the job that is in the way.
    #[must_use]
    pub fn job(self, job: &Id) -> Self {
        Self { job: Some(job.as_str().into()), ..self }
    }

    /// This problem, which is over after so many seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)), ..self }
    }

    /// What is wrong.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What to do about it.
    #[must_use]
    pub fn to_do(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The field of the body that is wrong.
    #[must_use]
    pub fn wrong_field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // A struct of texts and numbers can always be written.
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (self.status(), [(CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if self.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"text2art\""));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // A browser may get it as a page instead.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    /// What the visitor can mend is said in the words of JSON. What only the operator can mend goes to the log.
    fn from(error: Error) -> Self {
        let (message, hint) = error.in_fields();
        match error {
            Error::Usage { message: unspelled, .. } => {
                let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, message).hint(hint);
                match named_field(&unspelled) {
                    Some(field) => problem.field(field),
                    None => problem,
                }
            }
            Error::Network { .. } => {
                tracing::warn!(message, hint, "not available");
                let detail = "the server cannot reach its database or its store right now";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).hint("try again in a moment").retry_after(5)
            }
            _ => {
                tracing::error!(message, hint, "a request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed")
                    .hint("ask the operator to look into the log")
            }
        }
    }
}

/// The field with which a message begins, as in "‹cut-batch› 0 is out of range".
fn named_field(message: &str) -> Option<String> {
    let (name, _) = message.strip_prefix('‹')?.split_once('›')?;
    Some(name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_problems_without_the_insides_of_the_server() {
        let problem = Problem::from(Error::usage("‹cut-batch› 0 is out of range", "give a ‹cut-batch› from 1"));
        let written = serde_json::to_value(&problem).unwrap();
        let expected = serde_json::json!({"type": "about:blank", "title": "Unprocessable Entity", "status": 422,
            "detail": "cut_batch 0 is out of range", "hint": "give a cut_batch from 1", "field": "cut_batch"});
        assert_eq!(written, expected);
        for (error, status) in [
            (Error::file("/secret/place", "is damaged", "restore it"), StatusCode::INTERNAL_SERVER_ERROR),
            (Error::network("cannot reach postgres://secret", "start it"), StatusCode::SERVICE_UNAVAILABLE),
            (Error::fault("secret"), StatusCode::INTERNAL_SERVER_ERROR),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.status(), status);
            assert!(!serde_json::to_string(&problem).unwrap().contains("secret"), "{problem:?}");
        }
    }
}
