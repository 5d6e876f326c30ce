//! The seed: a number, a word that stands for one, or `random` for a number that nobody knows before.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::{fresh_seed, seed_of_word};
use crate::text::{Written, written};
use crate::{Error as Problem, Result as Outcome};

/// The word that asks for a seed that nobody has chosen.
const RANDOM: &str = "random";

/// The seed that all random numbers of a run come from. In a recipe, which repeats a picture, every word stands for a number,
/// even `random`, as it did before that word had another meaning elsewhere.
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
                    "`{text}` is negative; a seed is a whole number from 0, or a word (`random` means a new one each time)"
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
        deserializer.deserialize_any(NumberOrWord(PhantomData))
    }
}

/// The seed that a source asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedChoice {
    /// This one
    Fixed(Seed),
    /// A new one for each picture
    Random,
}

impl SeedChoice {
    /// Whether the word `random` was given.
    #[must_use]
    pub fn is_random(self) -> bool {
        self == Self::Random
    }

    /// The seed: the system draws a random one, another one each time.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn seed(self) -> Outcome<Seed> {
        match self {
            Self::Fixed(seed) => Ok(seed),
            Self::Random => fresh_seed().map(Seed).ok_or_else(|| {
                Problem::usage("the system has no random numbers for ‹seed› random", "choose a number or another word")
            }),
        }
    }
}

impl From<Seed> for SeedChoice {
    fn from(seed: Seed) -> Self {
        Self::Fixed(seed)
    }
}

impl FromStr for SeedChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case(RANDOM) { Ok(Self::Random) } else { text.parse().map(Self::Fixed) }
    }
}

impl fmt::Display for SeedChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(seed) => seed.fmt(formatter),
            Self::Random => formatter.write_str(RANDOM),
        }
    }
}

impl Serialize for SeedChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(seed) => seed.serialize(serializer),
            Self::Random => serializer.serialize_str(RANDOM),
        }
    }
}

impl<'de> Deserialize<'de> for SeedChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrWord(PhantomData))
    }
}

/// Reads a seed from a number or text of any format, where text means what it means elsewhere.
struct NumberOrWord<T>(PhantomData<T>);

impl<T: From<Seed> + FromStr<Err = String>> Visitor<'_> for NumberOrWord<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a seed: a whole number from 0, or a word")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Ok(Seed(number).into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if !number.is_finite() {
            return Err(E::custom(format!("`{number}` is not a seed: write a whole number from 0, or a word")));
        }
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
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
    fn random_is_a_word_only_in_recipes() {
        let json = |text: &str| serde_json::from_str::<SeedChoice>(text);
        for text in ["random", "Random"] {
            assert_eq!(text.parse(), Ok(SeedChoice::Random));
            assert_eq!(json(&format!("\"{text}\"")).unwrap(), SeedChoice::Random);
        }
        assert_eq!(serde_json::to_string(&SeedChoice::Random).unwrap(), "\"random\"");
        for (text, seed) in [("7", Seed(7)), ("\"7\"", Seed(7)), ("\"cat\"", "cat".parse().unwrap())] {
            assert_eq!(json(text).unwrap(), SeedChoice::Fixed(seed), "{text}");
        }
        assert!(json("-1").is_err() && json("1.5").is_err() && "".parse::<SeedChoice>().is_err());
        // What the word meant before.
        let before = Seed(6_255_398_630_169_067_940);
        assert_eq!(("random".parse(), serde_json::from_str("\"random\"").unwrap()), (Ok(before), before));
        let drawn: Vec<Seed> = (0..4).map(|_| SeedChoice::Random.seed().unwrap()).collect();
        assert!(drawn.iter().all(|seed| seed.0 < 1 << 32 && *seed != before));
        assert!(drawn.iter().any(|seed| *seed != drawn[0]));
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
