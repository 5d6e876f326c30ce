//! When the learning rate drops.

use std::fmt;
use std::str::FromStr;

use super::point::Point;

/// Points of a run at which the learning rate is divided by ten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearningRateDrops(Vec<Point>);

/// Each drop divides the learning rate by this, as in pixray.
const FACTOR: f64 = 10.0;

impl LearningRateDrops {
    /// A single drop, after this percentage of all iterations.
    #[must_use]
    pub(crate) fn once_after(percent: f64) -> Self {
        Self(vec![Point::Percent(percent)])
    }

    /// The factor of the learning rate in an iteration of a run of `iterations`.
    #[must_use]
    pub fn factor(&self, iteration: usize, iterations: usize) -> f64 {
        let passed = self.0.iter().filter(|point| point.has_passed(iteration, iterations)).count();
        FACTOR.powi(-i32::try_from(passed).unwrap_or(i32::MAX))
    }

    /// The points that depend on the length of a run of `iterations`: as text, with the iterations they stand for.
    #[must_use]
    pub fn relative(&self, iterations: usize) -> Vec<(String, usize)> {
        self.0.iter().filter_map(|point| point.relative(iterations)).collect()
    }
}

impl FromStr for LearningRateDrops {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "none" {
            return Ok(Self::default());
        }
        let point = |text: &str| {
            let text = text.trim();
            Point::read(text, || {
                format!("`{text}` is not a point of a run: write an iteration (150), a percentage (75%), or none")
            })
        };
        text.split(',').map(point).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for LearningRateDrops {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("none");
        }
        for (index, point) in self.0.iter().enumerate() {
            formatter.write_str(if index == 0 { "" } else { "," })?;
            point.fmt(formatter)?;
        }
        Ok(())
    }
}

crate::text::serde_as_text!(LearningRateDrops);

#[cfg(test)]
#[allow(clippy::float_cmp)] // powers of ten are exact
mod tests {
    use super::*;

    #[test]
    fn drops_divide_by_ten() {
        let drops: LearningRateDrops = "50%,80".parse().unwrap();
        assert_eq!(drops.to_string(), "50%,80");
        assert_eq!([49, 50, 79, 80].map(|iteration| drops.factor(iteration, 100)), [1.0, 0.1, 0.1, 0.01]);
        assert_eq!(drops.relative(99), [("50%".to_owned(), 50)]);
        assert_eq!("none".parse::<LearningRateDrops>().unwrap().factor(99, 100), 1.0);
        for wrong in ["", "101%", "-1", "a%", "5,,6"] {
            assert!(wrong.parse::<LearningRateDrops>().is_err(), "{wrong}");
        }
        let error = "50%,150%".parse::<LearningRateDrops>().unwrap_err();
        assert_eq!(error, "`150%`: percentages must be at most 100%");
    }
}
