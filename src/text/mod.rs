//! Text: types that are stored as text, numbers in any spelling, and names that are close to each other.

mod invisible;
mod names;
pub(crate) mod waiting;
mod whole;

use std::fmt::Display;

pub(crate) use invisible::{is_invisible, joins};
pub use names::{Spelling, spelled};
pub(crate) use whole::{Written, written};

/// The most names that one question lists.
pub(crate) const MOST_NAMES: usize = 3;
/// The shortest text that counts as the beginning of a name.
const SHORTEST_BEGINNING: usize = 3;

/// The shortest word in which a replaced letter leaves enough of it to tell what was meant.
const SHORTEST_REPLACED: usize = 4;
/// The most characters of a text that a warning repeats.
const LONGEST_BEGINNING: usize = 60;

/// Known names that are close to the given one, the nearest first, without repetition: those that differ from it in at
/// most one letter of three (inserted, left out, replaced, or two neighbors swapped), and those that begin with it. No
/// letter of a word of three is replaced.
pub(crate) fn near_names<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let length = given.chars().count();
    let mut near: Vec<(usize, &str)> = Vec::new();
    for name in known {
        let lower = name.to_lowercase();
        // A name of another length differs by at least as much.
        let too_long = lower.chars().count().abs_diff(length) > length / 3;
        let distance = if too_long { usize::MAX } else { strsim::osa_distance(&given, &lower) };
        let begins = length >= SHORTEST_BEGINNING && lower.starts_with(&given);
        let distance = if begins { distance.min(length / 3) } else { distance };
        let is_other = length < SHORTEST_REPLACED && distance == 1 && !begins && !is_slip(&given, &lower);
        if distance <= length / 3 && !is_other && !near.iter().any(|(_, other)| *other == name) {
            near.push((distance, name));
        }
    }
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(MOST_NAMES).map(|(_, name)| name).collect()
}

/// Whether one text is a typo of the other: a letter missing, a letter too many, or two neighbors swapped, but no letter
/// replaced, because that turns many words into others.
pub(crate) fn is_slip(given: &str, name: &str) -> bool {
    let letters = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let (ours, theirs) = (letters(given), letters(name));
    ours.len().abs_diff(theirs.len()) <= 1
        && strsim::osa_distance(given, name) == 1
        && (ours.len() != theirs.len() || ours == theirs)
}

/// The beginning of a text for a warning: whole words of about 60 characters, and an ellipsis if there is more.
pub(crate) fn beginning(text: &str) -> String {
    let text = text.trim();
    let Some((end, _)) = text.char_indices().nth(LONGEST_BEGINNING) else { return text.to_owned() };
    let cut = &text[..end];
    let is_between = text[end..].starts_with(char::is_whitespace);
    let words = if is_between { Some(cut) } else { cut.rsplit_once(char::is_whitespace).map(|(words, _)| words) };
    format!("{}...", words.map(str::trim_end).filter(|words| !words.is_empty()).unwrap_or(cut))
}

/// The question that suggests these names: did you mean `a`, `b` or `c`?
pub(crate) fn question<S: AsRef<str>>(names: &[S]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    let (last, others) = quoted.split_last()?;
    let before = if others.is_empty() { String::new() } else { format!("{} or ", others.join(", ")) };
    Some(format!("did you mean {before}{last}?"))
}

/// `; did you mean NAME?` if a known name is close to the given one, else nothing.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = near_names(given, known).into_iter().take(1).collect::<Vec<_>>();
    question(&nearest).map_or_else(String::new, |question| format!("; {question}"))
}

/// Reads a whole number, in any spelling.
pub(crate) fn whole_number(text: &str) -> Result<usize, String> {
    let number = match written(text) {
        Some(Written::Whole(number)) => usize::try_from(number).ok(),
        _ => None,
    };
    number.ok_or_else(|| format!("`{text}` is not a whole number from 0"))
}

/// A number and what it counts: `1 cutout`, `2 cutouts`.
pub(crate) fn counted<N: Copy + Display + PartialEq + From<u8>>(number: N, singular: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {singular}{plural}")
}

/// Reads a whole number within a range, in any spelling.
pub(crate) fn count<N: TryFrom<usize>>(text: &str, range: std::ops::RangeInclusive<usize>) -> Result<N, String> {
    let number = whole_number(text).ok().filter(|number| range.contains(number));
    let number = number.and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| match range.end() {
        &usize::MAX => format!("`{text}` is not a whole number from {}", range.start()),
        end => format!("`{text}` is not a whole number from {} to {end}", range.start()),
    })
}

/// Reads a whole number of at least 1.
pub(crate) fn at_least_one(text: &str) -> Result<u64, String> {
    count(text, 1..=usize::MAX)
}

/// Reads a number.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a number; write it like 0.5"))
}

/// The problem with a command line, in one line.
pub(crate) fn first_paragraph(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    first.trim_start_matches("error: ").to_owned()
}

/// Serializes a type through `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Gives the values of an enum names, for `Display`, `FromStr`, serde and the command line, and maybe help for the
/// command line.
macro_rules! named_values {
    ($type:ident, $what:literal, { $($variant:ident => $name:literal $(: $help:literal)?),+ $(,)? }) => {
        impl $type {
            /// All values with their names.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $name)),+];
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let name = Self::ALL.iter().find(|(value, _)| value == self).map_or("", |(_, name)| *name);
                formatter.write_str(name)
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().find(|(_, name)| *name == text);
                found.map(|(value, _)| *value).ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|(_, name)| *name).collect();
                    let near = $crate::text::did_you_mean(text, names.iter().copied());
                    format!(concat!("`{}` is not a valid ", $what, ": use one of {}{}"), text, names.join(", "), near)
                })
            }
        }

        impl clap::ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$variant),+]
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                Some(match self {
                    $(Self::$variant => clap::builder::PossibleValue::new($name)$(.help($help))?,)+
                })
            }
        }

        $crate::text::serde_as_text!($type);
    };
}

pub(crate) use {named_values, serde_as_text};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_close_names_are_suggested() {
        let options = ["output", "optimizer", "prompt", "image-prompt", "size", "seed", "vqgan", "cutouts", "frames"];
        let near = |given: &str| near_names(given, options);
        assert_eq!(near("sed"), ["seed"]);
        assert_eq!(near("SEED"), ["seed"]);
        assert_eq!(near("szie"), ["size"]);
        assert_eq!(near("optimiser"), ["optimizer"]);
        assert_eq!(near("prompts"), ["prompt"]);
        assert_eq!(near("opt"), ["optimizer"]);
        for far in ["width", "count", "outdir", "steps", "s", "se", "", "cfg-scale"] {
            assert_eq!(near(far), [""; 0], "{far}");
        }
        assert_eq!(near_names("reed", ["red", "red", "reed-green", "weed"]), ["red", "reed-green", "weed"]);
        // Of a short word, too little is left for a letter to be replaced.
        assert_eq!(near_names("foo", ["poo", "food", "fo", "ofo"]), ["food", "fo", "ofo"]);
    }

    #[test]
    fn slips_are_no_other_words() {
        for (given, name) in [("stlyes", "styles"), ("styls", "styles"), ("styless", "styles"), ("resmue", "resume")] {
            assert!(is_slip(given, name), "{given}");
        }
        for (given, name) in
            [("store", "score"), ("match", "batch"), ("styles", "styles"), ("lyst", "list"), ("", "ab")]
        {
            assert!(!is_slip(given, name), "{given}");
        }
    }

    #[test]
    fn beginnings_end_with_a_word() {
        assert_eq!(beginning(" a red apple "), "a red apple");
        let long = beginning(&"apple tree ".repeat(100));
        assert_eq!(long, "apple tree apple tree apple tree apple tree apple tree apple...");
        assert_eq!(beginning(&"木".repeat(100)), format!("{}...", "木".repeat(60)));
    }

    #[test]
    fn questions_have_one_form() {
        assert_eq!(question(&["a"]).as_deref(), Some("did you mean `a`?"));
        assert_eq!(question(&["a", "b", "c"]).as_deref(), Some("did you mean `a`, `b` or `c`?"));
        assert_eq!(question::<&str>(&[]), None);
        assert_eq!(did_you_mean("adm", ["adam", "radam"]), "; did you mean `adam`?");
        assert_eq!(did_you_mean("sgd", ["adam", "radam"]), "");
    }

    #[test]
    fn counts_are_numbers_of_a_range() {
        assert_eq!(count("1e3", 1..=4096), Ok(1000_u16));
        assert_eq!(count("1,000", 1..=usize::MAX), Ok(1000_u64));
        assert_eq!(count::<u16>("0", 1..=9).unwrap_err(), "`0` is not a whole number from 1 to 9");
        assert_eq!(count::<u64>("many", 1..=usize::MAX).unwrap_err(), "`many` is not a whole number from 1");
        assert!(count::<u16>("-1", 0..=9).is_err() && count::<u16>("1.5", 0..=9).is_err());
    }
}
