//! The number of cutouts that are judged at once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::whole_number;

/// The number of cutouts that are judged at once, or `auto` for as many as fit in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CutBatch {
    /// As many as fit in memory, at most 16 on the CPU
    #[default]
    Auto,
    /// This many
    Count(usize),
}

impl FromStr for CutBatch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, whole_number(text)) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(count)) => Ok(Self::Count(count)),
            _ => Err(format!("`{text}` is not a number of cutouts: use a whole number, or auto")),
        }
    }
}

impl fmt::Display for CutBatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Count(count) => count.fmt(formatter),
        }
    }
}

impl Serialize for CutBatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Count(count) => count.serialize(serializer),
        }
    }
}

/// A number of cutouts as files contain it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number of cutouts, or \"auto\"")]
enum Written {
    Number(usize),
    Word(String),
}

impl<'de> Deserialize<'de> for CutBatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(count) => Ok(Self::Count(count)),
            Written::Word(word) => word.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_read_and_written() {
        for text in ["auto", "1", "32"] {
            let batch: CutBatch = text.parse().unwrap();
            assert_eq!(batch.to_string(), text);
            let json = serde_json::to_string(&batch).unwrap();
            assert_eq!(serde_json::from_str::<CutBatch>(&json).unwrap(), batch);
        }
        assert!("all".parse::<CutBatch>().is_err() && serde_json::from_str::<CutBatch>("-1").is_err());
    }
}
