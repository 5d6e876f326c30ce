//! A number that changes during a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::point::Point;
use super::prompt::decimal;

/// The most values of a schedule.
const MOST: usize = 100;

/// A number that changes during a run, written as `0.25,0.75@40%`: the value at the beginning, then each further value
/// with the point from which it applies. A single number applies to the whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    first: f64,
    later: Vec<(f64, Point)>,
}

impl Schedule {
    /// The value in an iteration of a run of `iterations`: the last one in the list whose point has passed.
    #[must_use]
    pub fn at(&self, iteration: usize, iterations: usize) -> f64 {
        let passed = self.later.iter().rev().find(|(_, point)| point.has_passed(iteration, iterations));
        passed.map_or(self.first, |(value, _)| *value)
    }

    /// All values, in order.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        std::iter::once(self.first).chain(self.later.iter().map(|(value, _)| *value))
    }

    /// The points that depend on the length of a run of `iterations`: as text, with the iterations they stand for.
    #[must_use]
    pub fn relative(&self, iterations: usize) -> Vec<(String, usize)> {
        self.later.iter().filter_map(|(_, point)| point.relative(iterations)).collect()
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| decimal(text.trim()).ok_or_else(|| format!("`{}` is not a number", text.trim()));
        let mut parts = text.split(',');
        let first = parts.next().unwrap_or_default();
        if let Some((value, point)) = first.split_once('@') {
            let (value, point) = (value.trim(), point.trim());
            return Err(format!("`{value}@{point}` comes first, but the first value applies from the beginning"));
        }
        let first = number(first)?;
        let later = |part: &str| {
            let part = part.trim();
            let Some((value, point)) = part.split_once('@') else {
                return Err(format!(
                    "`{part}` does not say when it starts to apply: write it as {part}@150 or {part}@75%"
                ));
            };
            let point = point.trim();
            let wrong = || format!("`{point}` is not a point of a run: write an iteration (150) or a percentage (75%)");
            Ok((number(value)?, Point::read(point, wrong)?))
        };
        let later = parts.map(later).collect::<Result<Vec<_>, _>>()?;
        if later.len() >= MOST {
            return Err(format!("there are {} values, but {MOST} is the limit", later.len() + 1));
        }
        Ok(Self { first, later })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(formatter)?;
        self.later.iter().try_for_each(|(value, point)| write!(formatter, ",{value}@{point}"))
    }
}

/// Written as text, so that every value has one spelling.
impl serde::Serialize for Schedule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A schedule as files contain it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, or a text such as 0.25,0.75@40%")]
enum Written {
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(first) => Ok(Self { first, later: Vec::new() }),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // values are passed on as they are
mod tests {
    use super::*;

    #[test]
    fn values_apply_from_their_points() {
        let schedule: Schedule = "0.25, 0.75@40%,1@90".parse().unwrap();
        assert_eq!(schedule.to_string(), "0.25,0.75@40%,1@90");
        assert_eq!([0, 39, 40, 89, 90].map(|at| schedule.at(at, 100)), [0.25, 0.25, 0.75, 0.75, 1.0]);
        assert_eq!(schedule.values().collect::<Vec<_>>(), [0.25, 0.75, 1.0]);
        assert_eq!(schedule.relative(99), [("40%".to_owned(), 40)]);
        let constant: Schedule = "0.5".parse().unwrap();
        assert_eq!((constant.at(0, 0), constant.at(7, 10), constant.to_string().as_str()), (0.5, 0.5, "0.5"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, problem) in [
            ("", "`` is not a number"),
            ("half", "`half` is not a number"),
            ("0.5@10", "comes first"),
            ("0.5,0.7", "write it as 0.7@150 or 0.7@75%"),
            ("0.5,0.7@late", "`late` is not a point of a run"),
            ("0.5,0.7@120%", "at most 100%"),
            ("0.5,x@5", "`x` is not a number"),
        ] {
            let error = text.parse::<Schedule>().unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
        let many = format!("1{}", ",1@5".repeat(99));
        assert!(many.parse::<Schedule>().is_ok() && format!("{many},1@5").parse::<Schedule>().is_err());
    }

    #[test]
    fn files_have_numbers_or_texts() {
        for (json, text) in [("0.5", "0.5"), ("1", "1"), ("\"0.5,1@9\"", "0.5,1@9")] {
            let schedule: Schedule = serde_json::from_str(json).unwrap();
            assert_eq!(schedule.to_string(), text);
            assert_eq!(serde_json::to_string(&schedule).unwrap(), format!("\"{text}\""));
        }
        assert!(serde_json::from_str::<Schedule>("true").is_err());
    }
}
