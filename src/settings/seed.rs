//! The seed: a number, or a word that stands for one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::seed_of_word;

/// What all of a run's random numbers come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seed(pub u64);

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a seed is a number or a word, not nothing".into());
        }
        Ok(Self(text.parse().unwrap_or_else(|_| seed_of_word(text))))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A number where every format has it; as text where TOML's integers are too small.
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
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum NumberOrWord {
            Number(u64),
            Word(String),
        }
        match NumberOrWord::deserialize(deserializer)? {
            NumberOrWord::Number(number) => Ok(Self(number)),
            NumberOrWord::Word(word) => word.parse().map_err(serde::de::Error::custom),
        }
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
}
