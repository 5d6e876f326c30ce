//! The part of a picture that prompts act on: a side such as `left:0.3`, or a picture of the part.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::prompt::decimal;
use crate::text::{did_you_mean, near_names};

/// The part of a picture that is inside.
#[derive(Clone, Debug, PartialEq)]
pub enum Mask {
    /// What lies at a side of the picture, and its share of the width or the height: above 0 and below 1
    Side(Side, f64),
    /// The path of a picture: what is white is inside, and what is black or transparent is outside
    File(String),
}

/// A side of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The left side
    Left,
    /// The right side
    Right,
    /// The upper side
    Top,
    /// The lower side
    Bottom,
}

crate::text::named_values!(Side, "side", {
    Left => "left",
    Right => "right",
    Top => "top",
    Bottom => "bottom",
});

/// The share of a side whose share is not given.
const USUAL_SHARE: f64 = 0.5;

impl Mask {
    /// The file that the mask is read from; none if it is a side.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Side(..) => None,
            Self::File(path) => Some(Path::new(path)),
        }
    }
}

impl FromStr for Mask {
    type Err = String;

    /// Reads `SIDE[:SHARE]` or the name of a file. `./left` is a file.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the mask is empty; give a file, or a side such as left:0.3".into());
        }
        let (word, share) = match text.split_once(':') {
            Some((word, share)) => (word, decimal(share.trim())),
            None => (text, Some(USUAL_SHARE)),
        };
        let names = || Side::ALL.iter().map(|(_, name)| *name);
        if let Some((side, _)) = Side::ALL.iter().find(|(_, name)| *name == word) {
            return match share.filter(|share| *share > 0.0 && *share < 1.0) {
                Some(share) => Ok(Self::Side(*side, share)),
                None => Err(format!("`{text}`: the share must be a number above 0 and below 1, as in {word}:0.3")),
            };
        }
        let is_word = !word.is_empty() && word.chars().all(|sign| sign.is_ascii_alphabetic());
        // Without a share, a word may well be a file.
        let is_file = share.is_none() || !is_word || (word == text && near_names(word, names()).is_empty());
        if is_file {
            return Ok(Self::File(text.to_owned()));
        }
        let (sides, near) = (names().collect::<Vec<_>>().join(", "), did_you_mean(word, names()));
        Err(format!("`{word}` is not a side: use one of {sides}, or write ./{text} for a file{near}"))
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(side, share) => write!(formatter, "{side}:{share}"),
            Self::File(path) => formatter.write_str(path),
        }
    }
}

crate::text::serde_as_text!(Mask);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_a_side_or_a_file() {
        let read = |text: &str| text.parse::<Mask>();
        assert_eq!(read("left:0.3"), Ok(Mask::Side(Side::Left, 0.3)));
        assert_eq!(read("bottom"), Ok(Mask::Side(Side::Bottom, 0.5)));
        assert_eq!(read("top: .25"), Ok(Mask::Side(Side::Top, 0.25)));
        for file in ["mask.png", "./left", "masks/left", "C:/a.png", "a:b.png", "hole", "left.png", "lift:x", "a b"] {
            assert_eq!(read(file), Ok(Mask::File(file.into())), "{file}");
        }
        for text in ["left:0.3", "right:0.5", "mask.png", "./left"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
        assert_eq!(read("left").unwrap().file(), None);
        assert_eq!(read("./left").unwrap().file(), Some(Path::new("./left")));
    }

    #[test]
    fn what_is_neither_is_said() {
        let problem = |text: &str| text.parse::<Mask>().unwrap_err();
        for text in ["left:0", "left:1", "left:-0.5", "left:30", "left:30%", "left:"] {
            assert!(problem(text).contains("number above 0 and below 1, as in left:0.3"), "{text}");
        }
        assert!(problem("lfet:0.3").ends_with("did you mean `left`?"), "{}", problem("lfet:0.3"));
        assert!(problem("rihgt").ends_with("did you mean `right`?"), "{}", problem("rihgt"));
        assert!(
            problem("middle:0.3").contains("use one of left, right, top, bottom, or write ./middle:0.3 for a file")
        );
        assert!(problem("").contains("the mask is empty"));
    }
}
