//! A point of a run: an iteration (`150`) or a percentage of all iterations (`75%`).

use std::fmt;

/// A point of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Point {
    /// Before this iteration
    Iteration(usize),
    /// After this percentage of all iterations
    Percent(f64),
}

impl Point {
    /// Reads a point; `wrong` is the error for a text that is none.
    pub(super) fn read(text: &str, wrong: impl Fn() -> String) -> Result<Self, String> {
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.parse().map_err(|_| wrong())?;
                match percent {
                    0.0..=100.0 => Ok(Self::Percent(percent)),
                    _ if percent > 100.0 => Err(format!("`{text}`: percentages must be at most 100%")),
                    _ => Err(wrong()),
                }
            }
            None => text.parse().map(Self::Iteration).map_err(|_| wrong()),
        }
    }

    /// Whether the point has passed in an iteration of a run of `iterations`.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn has_passed(self, iteration: usize, iterations: usize) -> bool {
        match self {
            Self::Iteration(at) => iteration >= at,
            Self::Percent(percent) => iteration as f64 * 100.0 >= percent * iterations as f64,
        }
    }

    /// The point as text and the iteration that it stands for in a run of `iterations`; none if that does not depend on
    /// the length of the run.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn relative(self, iterations: usize) -> Option<(String, usize)> {
        match self {
            Self::Iteration(_) => None,
            Self::Percent(percent) => Some((self.to_string(), (percent * iterations as f64 / 100.0).ceil() as usize)),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iteration(at) => at.fmt(formatter),
            Self::Percent(percent) => write!(formatter, "{percent}%"),
        }
    }
}
