//! What a server says is wrong, as an error of this program.

use serde::Deserialize;
use ureq::http::StatusCode;

use super::Address;
use crate::Error;
use crate::database::Id;
use crate::models::hub::described;
use crate::settings::OptionInfo;

/// The most characters of a server's text that are shown.
const LONGEST: usize = 2000;

/// A problem of RFC 9457, with the fields that `text2art serve` adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    title: String,
    detail: String,
    hint: String,
    field: String,
    job: String,
}

impl Problem {
    /// Reads the body of an answer; none if it is no problem, as when a proxy answers.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let problem: Self = serde_json::from_slice(body).ok()?;
        Some(problem).filter(|problem| !problem.detail.is_empty() || !problem.title.is_empty())
    }

    /// What is wrong, with options as a command line has them.
    pub(super) fn message(&self) -> String {
        let text = if self.detail.is_empty() { &self.title } else { &self.detail };
        shown(text, &self.field)
    }

    /// The job that is in the way, if the server names one.
    pub(super) fn job(&self) -> Option<Id> {
        Id::parse(&self.job)
    }

    /// What to do about it; `or` if the server does not say.
    fn hint(&self, or: &str) -> String {
        if self.hint.is_empty() { or.to_owned() } else { shown(&self.hint, &self.field) }
    }
}

/// The error for an answer that repeating the request would not change.
pub(super) fn refused(status: StatusCode, problem: Option<&Problem>, address: &Address, has_token: bool) -> Error {
    let described = described(status);
    let Some(problem) = problem else {
        return Error::network(
            format!("{address} answered {described}, and not as `text2art serve` does"),
            "check the address of the server, and the proxies before it",
        );
    };
    let message = problem.message();
    match status {
        StatusCode::UNAUTHORIZED => {
            let hint = if has_token {
                format!("get a new token, and keep it with `text2art login --server {address}`")
            } else {
                format!("get a token, and keep it with `text2art login --server {address}`, or set TEXT2ART_TOKEN")
            };
            // The server does not know who asks.
            Error::usage(format!("{address}: {message}"), hint)
        }
        StatusCode::NOT_FOUND => Error::usage(message, problem.hint("`text2art jobs` lists your jobs")),
        StatusCode::FORBIDDEN => Error::usage(message, problem.hint("ask whoever runs the server")),
        status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            Error::usage(message, problem.hint("change what is wrong, and try again"))
        }
        _ => Error::network(message, problem.hint("try again later")),
    }
}

/// A text of a server in which fields are named as options: the wrong one, and all whose names no sentence has.
fn shown(text: &str, field: &str) -> String {
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let mut shown = String::new();
    let text: String = text.chars().take(LONGEST).collect();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let word = &rest[..rest.find(|sign| !is_word(sign)).unwrap_or(rest.len())];
        if word.is_empty() {
            let next = rest.find(is_word).unwrap_or(rest.len());
            shown.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        }
        match OptionInfo::of(word).filter(|_| word == field || word.contains('_')) {
            // `Error` spells the names of options.
            Some(option) => shown.extend(["‹", option.option, "›"]),
            None => shown.push_str(word),
        }
        rest = &rest[word.len()..];
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        refused(status, Problem::read(body.as_bytes()).as_ref(), &Address::default(), false)
    }

    #[test]
    fn fields_are_named_as_options() {
        let error = of(
            422,
            r#"{"type": "about:blank", "title": "Unprocessable Entity", "status": 422, "field": "size",
                "detail": "size is too large", "hint": "lower size, pixel_size or iterations"}"#,
        );
        assert!(error.is_usage());
        assert_eq!(error.to_string(), "--size is too large");
        assert_eq!(error.hint(), "lower --size, --pixel-size or iterations");
        let unknown = of(422, r#"{"detail": "unknown field `promt`", "field": "promt"}"#);
        assert_eq!(unknown.to_string(), "unknown field `promt`");
    }

    #[test]
    fn who_can_mend_it_decides_the_exit_code() {
        let body = r#"{"title": "T", "detail": "D"}"#;
        for status in [400, 401, 403, 404, 409, 413, 415, 422] {
            assert!(of(status, body).is_usage(), "{status}");
        }
        for status in [429, 500, 503] {
            assert!(!of(status, body).is_usage(), "{status}");
        }
        assert!(of(401, body).hint().contains("text2art login --server http://127.0.0.1:8080"));
        let foreign = of(404, "<html>not here</html>");
        assert!(!foreign.is_usage() && foreign.to_string().contains("404 Not Found"), "{foreign}");
        assert!(of(422, &format!(r#"{{"detail": "{}"}}"#, "a ".repeat(9000))).to_string().len() <= LONGEST);
    }
}
