//! The speed of a count, in words.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Time between two remembered counts.
const INTERVAL: Duration = Duration::from_millis(250);
/// The most remembered counts: about ten seconds of them.
const MOST: usize = 40;

/// Follows a count and knows how fast it grew recently.
#[derive(Debug)]
pub(in crate::cli) struct Pace {
    counts: VecDeque<(Instant, u64)>,
}

impl Pace {
    pub(in crate::cli) fn new(now: Instant, count: u64) -> Self {
        Self { counts: VecDeque::from([(now, count)]) }
    }

    /// Records a count; a smaller one than before starts over.
    pub(in crate::cli) fn note(&mut self, now: Instant, count: u64) {
        let before = self.counts.len().checked_sub(2).and_then(|index| self.counts.get(index));
        if before.is_some_and(|(time, _)| now.duration_since(*time) < INTERVAL) {
            self.counts.pop_back();
        }
        if self.counts.back().is_some_and(|(_, last)| count < *last) {
            self.counts.clear();
        }
        self.counts.push_back((now, count));
        if self.counts.len() > MOST {
            self.counts.pop_front();
        }
    }

    /// The increase of the count per second; none if it has not increased.
    pub(in crate::cli) fn rate(&self) -> Option<f64> {
        let ((begin, first), (end, last)) = (self.counts.front()?, self.counts.back()?);
        let seconds = end.duration_since(*begin).as_secs_f64();
        #[allow(clippy::cast_precision_loss)]
        let counted = last.saturating_sub(*first) as f64;
        (counted > 0.0 && seconds > 0.0).then(|| counted / seconds)
    }
}

/// The number per second, or the seconds that each takes.
pub(in crate::cli) fn speed(rate: f64, one: &str, many: &str) -> Option<String> {
    let number = |value: f64| if value >= 99.95 { format!("{value:.0}") } else { format!("{value:.1}") };
    match rate {
        rate if !rate.is_finite() || rate <= 0.0 => None,
        rate if rate >= 0.995 => Some(format!("{} {many}/s", number(rate))),
        rate => Some(format!("{} s/{one}", number(rate.recip()))),
    }
}

/// The time that `count` takes, rounded up to what matters; none if nothing is left.
pub(in crate::cli) fn time_left(count: u64, rate: f64) -> Option<String> {
    #[allow(clippy::cast_precision_loss)]
    let seconds = count as f64 / rate;
    if count == 0 || !seconds.is_finite() {
        return None;
    }
    // A century is enough.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = seconds.ceil().min(3.2e9) as u64;
    Some(match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s left"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s left"),
        (hours, minutes, _) => format!("{hours} h {minutes} min left"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut pace = Pace::new(start, 20);
        assert_eq!(pace.rate(), None);
        pace.note(at(0.5), 21);
        assert_eq!(pace.rate(), Some(2.0));
        // Many counts in a short time are one.
        for count in 22..122_u32 {
            pace.note(at(0.5 + f64::from(count - 21) / 1000.0), count.into());
        }
        assert!(pace.counts.len() <= 3, "{pace:?}");
        assert!((pace.rate().unwrap() - 101.0 / 0.6).abs() < 0.1, "{pace:?}");
        for step in 0..200_u32 {
            pace.note(at(10.0 + f64::from(step)), 200 + 3 * u64::from(step));
        }
        assert!((pace.rate().unwrap() - 3.0).abs() < 1e-9 && pace.counts.len() == MOST, "{pace:?}");
        pace.note(at(300.0), 0);
        assert_eq!(pace.rate(), None);
    }

    #[test]
    fn speeds_and_times_read_well() {
        let spoken = |rate| speed(rate, "frame", "frames");
        assert_eq!(speed(6.8372, "it", "it").as_deref(), Some("6.8 it/s"));
        assert_eq!(speed(1.0 / 2.34, "it", "it").as_deref(), Some("2.3 s/it"));
        assert_eq!(spoken(1234.5).as_deref(), Some("1234 frames/s"));
        assert_eq!(spoken(0.01).as_deref(), Some("100 s/frame"));
        assert_eq!(spoken(0.999).as_deref(), Some("1.0 frames/s"));
        assert_eq!([spoken(0.0), spoken(f64::NAN), spoken(f64::INFINITY), spoken(-1.0)], [const { None }; 4]);
        let left = |count, rate| time_left(count, rate).unwrap();
        assert_eq!(left(178, 6.8), "27 s left");
        assert_eq!(left(1, 1000.0), "1 s left");
        assert_eq!(left(100, 0.5), "3 min 20 s left");
        assert_eq!(left(8040, 1.0), "2 h 14 min left");
        assert_eq!((time_left(0, 1.0), time_left(5, 0.0)), (None, None));
    }
}
