//! The seed: a number, or a word that stands for one.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::seed_of_word;
use crate::text::{Written, written};

/// The seed that all random numbers of a run come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seed(pub u64);

impl FromStr for Seed {
    type Err = String;

    /// Reads a number in any spelling, or a word. Text that looks like a number but is not a valid seed is an error,
    /// never a word.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a seed is a number or a word, not nothing".into());
        }
        let wrong = match written(text) {
            Some(Written::Whole(number)) => return Ok(Self(number)),
            None => return Ok(Self(seed_of_word(text))),
            Some(Written::Negative) => {
                return Err(format!(
                    "`{text}` is negative; a seed is a whole number from 0, or a word (no number means random)"
                ));
            }
            Some(Written::Fraction) => "not a whole number",
            Some(Written::TooLarge) => "too large",
            Some(Written::Separated) => "neither a number nor a word",
        };
        Err(format!("`{text}` is {wrong}; a seed is a whole number from 0 to {}, or a word", u64::MAX))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Writes a number, or text if the number is too large for the integers of TOML.
impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(number) => serializer.serialize_i64(number),
            Err(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrWord)
    }
}

/// Reads a seed from a number or text of any format, with the same meaning as on the command line.
struct NumberOrWord;

impl Visitor<'_> for NumberOrWord {
    type Value = Seed;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a seed: a whole number from 0, or a word")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Seed, E> {
        Ok(Seed(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Seed, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Seed, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Seed, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Seed, E> {
        if !number.is_finite() {
            return Err(E::custom(format!("`{number}` is not a seed: write a whole number from 0, or a word")));
        }
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Seed, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_survive_every_format() {
        for seed in [Seed(0), Seed(u64::MAX), "cat".parse().unwrap()] {
            let json = serde_json::to_string(&seed).unwrap();
            assert_eq!(serde_json::from_str::<Seed>(&json).unwrap(), seed);
        }
        assert_eq!("17".parse(), Ok(Seed(17)));
        assert!("".parse::<Seed>().is_err());
    }

    #[test]
    fn a_seed_is_the_same_in_every_format() {
        let toml = |text: &str| {
            let table: Result<std::collections::BTreeMap<String, Seed>, _> = toml::from_str(&format!("seed = {text}"));
            table.map(|table| table["seed"]).map_err(|error| error.message().to_owned())
        };
        let json = |text: &str| serde_json::from_str::<Seed>(text).map_err(|error| error.to_string());
        for (text, seed) in [("3", 3), ("3.0", 3), ("1e3", 1000), ("18446744073709551615", u64::MAX)] {
            assert_eq!(text.parse(), Ok(Seed(seed)), "{text}");
            assert_eq!(toml(text), Ok(Seed(seed)), "{text}");
            assert_eq!(json(text), Ok(Seed(seed)), "{text}");
            assert_eq!(json(&format!("\"{text}\"")), Ok(Seed(seed)), "{text}");
        }
        for text in ["-1", "1.5", "18446744073709551616", "1e30"] {
            assert!(text.parse::<Seed>().is_err() && toml(text).is_err() && json(text).is_err(), "{text}");
        }
        assert!(toml("nan").is_err() && toml("true").is_err() && json("null").is_err());
    }
}
