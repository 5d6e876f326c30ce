//! A color in settings.

use std::fmt;
use std::str::FromStr;

use crate::palette::{color, hexadecimal, near_colors};

/// How much of an unknown name an error quotes, in characters: longer than any known name.
const QUOTED: usize = 50;

/// A color: red, green and blue in sRGB, written as a name from CSS or xkcd or as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

impl fmt::Display for Color {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", hexadecimal(self.0))
    }
}

impl FromStr for Color {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(color) = color(text) {
            return Ok(Self(color));
        }
        let shown: String = text.trim().chars().take(QUOTED).collect();
        let near = near_colors(&shown).map_or_else(String::new, |question| format!("; {question}"));
        Err(format!("`{shown}` is not a color such as navy or #ff8800{near}"))
    }
}

crate::text::serde_as_text!(Color);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_have_names_and_numbers() {
        let read = |text: &str| text.parse::<Color>().map(|color| color.to_string());
        // CSS Color Module Level 4, 6.1: navy is #000080.
        assert_eq!(read("navy"), Ok("#000080".into()));
        assert_eq!(read(" #F80 "), Ok("#ff8800".into()));
        assert_eq!(read("nawy"), Err("`nawy` is not a color such as navy or #ff8800; did you mean `navy`?".into()));
        assert!(read(&"x".repeat(5000)).unwrap_err().len() < 120);
    }
}
