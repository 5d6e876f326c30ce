//! Headers that the library for mail has no types for.

use lettre::message::header::{Header, HeaderName, HeaderValue};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Says that no person wrote the letter, so that no automatic answer comes (RFC 3834, 5).
#[derive(Clone)]
pub(super) struct AutoSubmitted;

/// The link that stops the letters (RFC 2369).
#[derive(Clone)]
pub(super) struct ListUnsubscribe(pub String);

/// Says that a POST to the link is enough (RFC 8058).
#[derive(Clone)]
pub(super) struct ListUnsubscribePost;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

impl Header for ListUnsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        Ok(Self(text.trim_matches(['<', '>']).to_owned()))
    }

    fn display(&self) -> HeaderValue {
        // As it is: folded or encoded as words, it is no link for many readers.
        let link = format!("<{}>", self.0);
        HeaderValue::dangerous_new_pre_encoded(Self::name(), link.clone(), link)
    }
}

impl Header for ListUnsubscribePost {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe-Post")
    }

    fn parse(_: &str) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "List-Unsubscribe=One-Click".into())
    }
}
