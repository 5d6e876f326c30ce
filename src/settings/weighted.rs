//! A value with a weight, such as `sketch.png:0.5`.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Seed;
use super::prompt::{LARGEST_WEIGHT, decimal};
use crate::text::written;

/// A file or a seed with its weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighted {
    /// The file or seed
    pub value: String,
    /// How much the value counts; negative to steer away from it
    pub weight: f64,
}

impl FromStr for Weighted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (value, weight) = match text.rsplit_once(':') {
            Some((value, weight)) => match decimal(weight.trim()) {
                Some(weight) => (value, weight),
                None => (text, 1.0),
            },
            None => (text, 1.0),
        };
        if value.is_empty() {
            return Err("nothing stands before the weight".into());
        }
        if weight == 0.0 || weight.abs() > LARGEST_WEIGHT {
            return Err(format!("`{weight}` is not a valid weight: give a number up to {LARGEST_WEIGHT}, but not 0"));
        }
        Ok(Self { value: value.to_owned(), weight })
    }
}

impl fmt::Display for Weighted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.value, self.weight)
    }
}

crate::text::serde_as_text!(Weighted);

/// Reads a seed with a weight. A number is normalized to the spelling in recipes; a word stays as it is.
pub(in crate::settings) fn seed(text: &str) -> Result<Weighted, String> {
    let weighted: Weighted = text.parse()?;
    if written(&weighted.value).is_none() {
        return Ok(weighted);
    }
    let seed: Seed = weighted.value.parse()?;
    Ok(Weighted { value: seed.to_string(), ..weighted })
}

/// Reads a list of seeds with weights from a file.
pub(in crate::settings) fn seeds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Weighted>>, D::Error> {
    let Some(texts) = Option::<Vec<String>>::deserialize(deserializer)? else { return Ok(None) };
    texts.iter().map(|text| seed(text).map_err(D::Error::custom)).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_stand_at_the_end() {
        let read = |text: &str| text.parse::<Weighted>().map(|weighted| (weighted.value, weighted.weight));
        assert_eq!(read("a.png:0.5"), Ok(("a.png".into(), 0.5)));
        assert_eq!(read("C:/a.png"), Ok(("C:/a.png".into(), 1.0)));
        assert_eq!(read("a:2:-1"), Ok(("a:2".into(), -1.0)));
        assert!(read(":1").is_err() && read("a:0").is_err() && read("").is_err());
        let seeds = ["3.0:0.5", "1e3", "cat:2"].map(|text| seed(text).map(|seed| seed.to_string()));
        assert_eq!(seeds, ["3:0.5", "1000:1", "cat:2"].map(|text| Ok(text.to_owned())));
        assert!(seed("-1:0.5").is_err() && seed("1.5").is_err());
        let weighted = Weighted { value: "odd:3".into(), weight: 1.0 };
        assert_eq!(weighted.to_string().parse(), Ok(weighted));
    }
}
