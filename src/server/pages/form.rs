//! What a form posted.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use url::form_urlencoded;

use crate::server::problem::Problem;

/// The most fields of a form.
const MOST_FIELDS: usize = 500;

/// The fields of a form, as `application/x-www-form-urlencoded`, in their order. The body is as large as the route allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

#[allow(dead_code, reason = "pages use what they need")]
impl Form {
    /// Reads fields as they stand in a body, or behind the `?` of an address.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(encoded).take(MOST_FIELDS);
        pairs.map(|(name, value)| (name.into_owned(), value)).map(|(name, value)| (name, unix_lines(&value))).collect()
    }

    /// The first value of a field, without spaces around it; empty if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default().trim()
    }

    /// The first value of a field as it was typed, such as a password; empty if there is none.
    #[must_use]
    pub fn exact(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The value of a field, without spaces around it; none if there is none, or if it is empty.
    #[must_use]
    pub fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// All values of a field, such as those of boxes with the same name.
    pub fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box is checked.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.some(name).is_some()
    }

    /// Adds a field.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }
}

impl FromIterator<(String, String)> for Form {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

/// Browsers end lines as Windows does.
fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not that of a form")
                .hint("send it as `application/x-www-form-urlencoded`"));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large").hint("send less text")
            }
            status => Problem::new(status, rejection.body_text()),
        })?;
        Ok(Self::parse(&body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_bounded() {
        let form = Form::parse(b"prompt=+a%20cat%0D%0Aasleep+&style=ink&style=oil&empty=+&secret=+x+");
        assert_eq!(form.get("prompt"), "a cat\nasleep");
        assert_eq!(form.all("style").collect::<Vec<_>>(), ["ink", "oil"]);
        assert_eq!((form.some("empty"), form.get("none"), form.exact("secret")), (None, "", " x "));
        assert_eq!(Form::parse("a=1&".repeat(1000).as_bytes()).0.len(), MOST_FIELDS);
    }
}
