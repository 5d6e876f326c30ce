//! The ranges of numbers that options accept.

use std::fmt;

use super::CutBatch;
use crate::{Error, Result};

/// A range of numbers, with an inclusive upper end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    least: f64,
    most: f64,
    /// Whether `least` itself is outside the range
    above: bool,
    unit: &'static str,
}

impl Range {
    /// The numbers from `least` to `most`, both included.
    #[must_use]
    pub const fn new(least: f64, most: f64) -> Self {
        Self { least, most, above: false, unit: "" }
    }

    /// The numbers above `least` and up to `most`.
    #[must_use]
    pub const fn above(least: f64, most: f64) -> Self {
        Self { least, most, above: true, unit: "" }
    }

    /// The whole numbers from `least` to `most`, both included.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub const fn whole(least: usize, most: usize) -> Self {
        Self::new(least as f64, most as f64)
    }

    /// This range, with seconds as its unit.
    #[must_use]
    pub const fn seconds(self) -> Self {
        Self { unit: " seconds", ..self }
    }

    /// The lower end.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.least
    }

    /// Whether the lower end itself is outside the range.
    #[must_use]
    pub fn is_above(&self) -> bool {
        self.above
    }

    /// The upper end.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.most
    }

    /// Whether the range contains a number.
    #[must_use]
    pub fn contains(&self, number: f64) -> bool {
        number <= self.most && (number > self.least || (!self.above && number >= self.least))
    }

    /// Checks the value of an option.
    ///
    /// # Errors
    /// If the value is outside the range.
    pub(super) fn check(&self, option: &str, value: &impl Measured) -> Result<()> {
        match value.number() {
            Some((number, text)) if !self.contains(number) => {
                Err(Error::usage(format!("‹{option}› {text} is out of range"), format!("give a value {self}")))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { least, most, above, unit } = self;
        if *above {
            write!(formatter, "above {least}, at most {most}{unit}")
        } else {
            write!(formatter, "from {least} to {most}{unit}")
        }
    }
}

/// A value that can be checked against a range.
pub(super) trait Measured {
    /// The value as a number and as text; none if it is not a number.
    fn number(&self) -> Option<(f64, String)>;
}

impl Measured for f64 {
    fn number(&self) -> Option<(f64, String)> {
        Some((*self, self.to_string()))
    }
}

impl Measured for usize {
    #[allow(clippy::cast_precision_loss)]
    fn number(&self) -> Option<(f64, String)> {
        Some((*self as f64, self.to_string()))
    }
}

impl Measured for CutBatch {
    fn number(&self) -> Option<(f64, String)> {
        match self {
            Self::Auto => None,
            Self::Count(count) => count.number(),
        }
    }
}

impl<T: Measured> Measured for Option<T> {
    fn number(&self) -> Option<(f64, String)> {
        self.as_ref().and_then(Measured::number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_are_refused_in_words() {
        let problem = |range: Range, value: &dyn Fn(Range) -> Result<()>| value(range).unwrap_err().to_string();
        let number = |value: f64| move |range: Range| range.check("hold", &value);
        assert!(problem(Range::new(0.0, 3600.0), &number(f64::NAN)).contains("--hold NaN is out of range"));
        assert!(number(0.0)(Range::new(0.0, 1.0)).is_ok() && number(0.0)(Range::above(0.0, 1.0)).is_err());
        assert!(Range::whole(1, 4096).check("cut-batch", &CutBatch::Auto).is_ok());
        assert!(Range::whole(1, 4096).check("cut-batch", &CutBatch::Count(0)).is_err());
        assert!(Range::whole(1, 9).check("colors", &None::<usize>).is_ok());
        assert_eq!(Range::whole(0, 1_000_000).to_string(), "from 0 to 1000000");
        assert_eq!(Range::new(0.0, 3600.0).seconds().to_string(), "from 0 to 3600 seconds");
        assert_eq!(Range::above(0.0, 1000.0).to_string(), "above 0, at most 1000");
    }
}
