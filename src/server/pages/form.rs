//! What a form posted.

use std::convert::Infallible;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use tempfile::TempPath;
use url::form_urlencoded;

use crate::server::app::App;
use crate::server::problem::{Answer, Problem};
use crate::server::uploads::receive_form;

/// The most fields of a form.
const MOST_FIELDS: usize = 500;
/// The largest form without files, in bytes.
const LARGEST: usize = 64 << 10;

/// The fields of a form, as `application/x-www-form-urlencoded`, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

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

    /// The number of days that was chosen; none if there is none.
    ///
    /// # Errors
    ///
    /// If it is not a number.
    pub fn days(&self) -> Answer<Option<u32>> {
        let wrong = |_| Problem::unprocessable("the number of days cannot be read").hint("choose one from the list");
        self.some("days").map(str::parse).transpose().map_err(wrong)
    }

    /// Whether a box is checked.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.some(name).is_some()
    }
}

/// What follows the `?` of an address, as the fields of a form.
pub struct Asked(pub Form);

impl Asked {
    /// What a request asks for.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        Self(Form::parse(parts.uri.query().unwrap_or_default().as_bytes()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl FromIterator<(String, String)> for Form {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

/// Reads a form that may have a picture in each of the fields `files`. Returns each picture with its field, under a temporary
/// name that is removed with the returned path.
///
/// # Errors
///
/// If the body is not a form, or is too large.
pub(super) async fn posted(request: Request, app: &App, files: &[String]) -> Answer<(Form, Vec<(String, TempPath)>)> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        return Ok((Form::from_request(request, app).await?, Vec::new()));
    }
    let multipart = Multipart::from_request(request, app).await.map_err(|rejection| {
        Problem::new(StatusCode::BAD_REQUEST, format!("the form cannot be read: {}", rejection.body_text()))
    })?;
    let (texts, files) = receive_form(multipart, &app.config.incoming(), files).await?;
    let fields = texts.into_iter().take(MOST_FIELDS).map(|(name, text)| (name, unix_lines(&text)));
    Ok((fields.collect(), files))
}

/// Browsers end lines as Windows does.
fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not that of a form")
                .hint("send it as `application/x-www-form-urlencoded`"));
        }
        let body = to_bytes(request.into_body(), LARGEST)
            .await
            .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large").hint("send less text"))?;
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
