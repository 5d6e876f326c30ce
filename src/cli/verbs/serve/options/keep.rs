//! How long a server keeps things.

use std::str::FromStr;
use std::time::Duration;

use crate::cli::options::layers::layered;
use crate::server::Retention;

layered! {
    /// How long a server keeps things.
    pub(in crate::cli::verbs::serve) struct KeepOptions {
        /// Delete unpublished jobs this long after they end, such as 12h or 30d [default: never]
        #[arg(long, value_name = "TIME")]
        keep_jobs: Age,
        /// Keep the list of operators' actions for this long, such as 90d [default: 365d]
        #[arg(long, value_name = "TIME")]
        keep_audit: Age,
    }
}

impl KeepOptions {
    /// How long things are kept, with the usual times for what is missing.
    pub(in crate::cli::verbs::serve) fn retention(&self) -> Retention {
        let usual = Retention::default();
        Retention {
            jobs: self.keep_jobs.map(Age::duration),
            audit: self.keep_audit.map_or(usual.audit, Age::duration),
            ..usual
        }
    }
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::verbs::serve) struct Age(Duration);

impl Age {
    pub(in crate::cli::verbs::serve) fn duration(self) -> Duration {
        self.0
    }
}

/// The units of times, with their seconds.
const UNITS: [(char, u64); 4] = [('d', 24 * 3600), ('h', 3600), ('m', 60), ('s', 1)];

impl FromStr for Age {
    type Err = String;

    /// Reads a whole number and a unit.
    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = UNITS.iter().find_map(|(unit, seconds)| {
            let number: u64 = text.strip_suffix(*unit)?.trim().parse().ok()?;
            number.checked_mul(*seconds).filter(|seconds| (1..=100 * 366 * 24 * 3600).contains(seconds))
        });
        let age = seconds.map(|seconds| Self(Duration::from_secs(seconds)));
        age.ok_or_else(|| format!("`{text}` is not a time; write it like 12h or 30d"))
    }
}

impl std::fmt::Display for Age {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        let (unit, length) = UNITS.into_iter().find(|(_, length)| seconds.is_multiple_of(*length)).unwrap_or(('s', 1));
        write!(formatter, "{}{unit}", seconds / length)
    }
}

crate::text::serde_as_text!(Age);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds, written) in [("30d", 2_592_000, "30d"), ("48h", 172_800, "2d"), ("90 s", 90, "90s")] {
            let age: Age = text.parse().unwrap();
            assert_eq!((age.0.as_secs(), age.to_string().as_str()), (seconds, written));
        }
        for wrong in ["", "30", "0d", "d", "-1d", "99999999999999999999d", "1y"] {
            assert!(wrong.parse::<Age>().is_err(), "{wrong}");
        }
    }
}
