//! How long something belongs to a process that no longer reports.

use std::time::Duration;

/// Reads a lease in seconds.
pub(in crate::cli) fn lease(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.5..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| format!("`{text}` is not a number of seconds from 0.5 to 3600"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_are_neither_short_nor_endless() {
        assert_eq!(lease("1.5"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "0", "-1", "nan", "inf", "1e9", "soon"] {
            assert!(lease(wrong).is_err(), "{wrong}");
        }
    }
}
