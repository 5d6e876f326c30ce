//! The name of a style in settings.

use std::fmt;
use std::str::FromStr;

use crate::styles::Style;
use crate::text::question;

/// A style by its name, or `none`, which takes away the styles of weaker sources.
#[derive(Clone, Debug)]
pub struct StyleName(Option<&'static Style>);

/// How to write that there are no styles.
const NONE: &str = "none";
/// How much of an unknown name an error quotes, in characters.
const QUOTED: usize = 50;

impl StyleName {
    /// The style; none for `none`.
    #[must_use]
    pub fn style(&self) -> Option<&'static Style> {
        self.0
    }

    /// The name as the list spells it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.0.map_or(NONE, |style| &style.name)
    }
}

impl PartialEq for StyleName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Display for StyleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for StyleName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case(NONE) {
            return Ok(Self(None));
        }
        let found = Style::of(text).map_err(|error| error.to_string())?;
        if found.is_some() {
            return Ok(Self(found));
        }
        let near = question(&Style::near(text).map_err(|error| error.to_string())?);
        let near = near.map_or_else(String::new, |question| format!("; {question}"));
        let shown: String = text.trim().chars().take(QUOTED).collect();
        Err(format!("`{shown}` is not a style{near}"))
    }
}

crate::text::serde_as_text!(StyleName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_in_the_list() {
        let read = |text: &str| text.parse::<StyleName>().map(|name| name.to_string());
        assert_eq!(read(" Watercolor"), Ok("watercolor".into()));
        assert_eq!(read("UKIYO-E"), Ok("ukiyo-e".into()));
        assert_eq!(read("None"), Ok("none".into()));
        assert_eq!(read("watercolour"), Err("`watercolour` is not a style; did you mean `watercolor`?".into()));
        assert_eq!(read(""), Err("`` is not a style".into()));
        assert!(read(&"x".repeat(5000)).unwrap_err().len() < 80);
    }
}
