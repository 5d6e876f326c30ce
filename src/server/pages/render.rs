//! Templates and redirects as answers.

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded::Serializer;

use crate::server::problem::Problem;

/// A page from a template.
pub fn render(template: &impl Template) -> Response {
    render_with(StatusCode::OK, template)
}

/// A page from a template, with another status.
pub fn render_with(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        // Without a referrer, browsers would not say from which page a form was sent, and the guard would refuse it.
        Ok(page) => {
            let kind = (CONTENT_TYPE, "text/html; charset=utf-8");
            (status, [kind, (CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "same-origin")], page).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed")
                .hint("ask the operator to look into the log")
                .into_response()
        }
    }
}

/// Sends the browser to another page of this server, which it asks for with GET.
#[must_use]
pub fn redirect(path: &str) -> Response {
    // Every path of this server is ASCII; one that is not leads to the first page.
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))])
        .into_response()
}

/// A path of this server that a visitor gave, such as where to go after the login; `/` if it could lead elsewhere.
#[must_use]
pub fn local_path(given: &str) -> &str {
    let is_plain = given.len() <= 2000 && given.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_plain && given.starts_with('/') && !given.starts_with("//") { given } else { "/" }
}

/// An address with the parts of its query that are given.
#[must_use]
pub fn address(path: &str, query: &[(&str, Option<&str>)]) -> String {
    let given = query.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let query = Serializer::new(String::new()).extend_pairs(given).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A message as a sentence: with a capital, and a period.
#[must_use]
pub fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let period = if message.is_empty() || message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{period}", letters.as_str())
}

/// A problem in sentences: what is wrong, and what to do about it.
#[must_use]
pub fn told(problem: &Problem) -> String {
    in_sentences(problem.detail(), problem.to_do())
}

/// What is wrong in sentences, and what to do about it if that is known.
#[must_use]
pub fn in_sentences(detail: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{} {}", sentence(detail), sentence(hint)),
        None => sentence(detail),
    }
}

/// The status of a form that is shown again because of a problem.
#[must_use]
pub fn status_of(problem: &Problem) -> StatusCode {
    // A status of 401 would have to name a way to log in that browsers know, and none of theirs is ours.
    match problem.status() {
        StatusCode::UNAUTHORIZED => StatusCode::UNPROCESSABLE_ENTITY,
        status => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_followed() {
        for path in ["/", "/p/abc?x=%20", "/mine#top"] {
            assert_eq!(local_path(path), path);
        }
        for path in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/ä", "mine", "/a b"]
        {
            assert_eq!(local_path(path), "/", "{path}");
        }
    }

    #[test]
    fn addresses_have_what_is_given() {
        assert_eq!(address("/mine", &[("state", None), ("before", None)]), "/mine");
        let query = [("state", Some("done")), ("q", Some("a&b \"")), ("user", Some("")), ("before", None)];
        assert_eq!(address("/mine", &query), "/mine?state=done&q=a%26b+%22&user=");
    }

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("there is no such page"), "There is no such page.");
        assert_eq!(sentence("Is it?"), "Is it?");
        assert_eq!(sentence(""), "");
    }
}
