//! Something with a weight behind it, as `sketch.png:0.5`.

use std::fmt;
use std::str::FromStr;

use super::prompt::{LARGEST_WEIGHT, decimal};

/// A file or a seed, and how much it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighted {
    /// What counts
    pub value: String,
    /// How much; negative: to be avoided
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
            return Err("there is nothing before the weight".into());
        }
        if weight == 0.0 || weight.abs() > LARGEST_WEIGHT {
            return Err(format!("`{weight}` is no weight: give a number up to {LARGEST_WEIGHT} that is not 0"));
        }
        Ok(Self { value: value.to_owned(), weight })
    }
}

impl fmt::Display for Weighted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.value, self.weight)
    }
}

super::text::serde_as_text!(Weighted);

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
        let weighted = Weighted { value: "odd:3".into(), weight: 1.0 };
        assert_eq!(weighted.to_string().parse(), Ok(weighted));
    }
}
