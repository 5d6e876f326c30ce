//! Numbers and moments in words.

/// About how long something takes, such as `about 40 s`: an estimate is no better than that.
#[must_use]
pub fn about(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown".into();
    }
    if seconds < 1.5 {
        return "about a second".into();
    }
    // A picture that takes longer than a century is not drawn.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    let seconds = seconds.min(3.2e9).round() as u64;
    let nearest = |number: u64, step: u64| (number + step / 2) / step * step;
    match seconds {
        0..20 => format!("about {seconds} s"),
        20..100 => format!("about {} s", nearest(seconds, 5)),
        100..5400 => format!("about {} min", nearest(seconds, 60) / 60),
        5400..172_800 => format!("about {} h", nearest(seconds, 3600) / 3600),
        _ => format!("about {} days", nearest(seconds, 86_400) / 86_400),
    }
}

/// The length of a file.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let tenths = bytes.saturating_add(50_000) / 100_000;
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", tenths / 10, tenths % 10),
    }
}

/// A moment for who has no scripts; with them, `page.js` writes it as the visitor's country does.
#[must_use]
pub fn plain(moment: &str) -> String {
    let minutes = moment.get(..16).unwrap_or(moment);
    format!("{} UTC", minutes.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_what_matters() {
        for (seconds, words) in [
            (0.2, "about a second"),
            (7.4, "about 7 s"),
            (43.0, "about 45 s"),
            (99.0, "about 100 s"),
            (130.0, "about 2 min"),
            (5399.0, "about 90 min"),
            (7200.0, "about 2 h"),
            (1e6, "about 12 days"),
            (f64::NAN, "unknown"),
        ] {
            assert_eq!(about(seconds), words);
        }
        assert_eq!(plain("2026-11-29T15:00:00.000Z"), "2026-11-29 15:00 UTC");
    }

    #[test]
    fn lengths_are_rounded() {
        let lengths = [0, 999, 1000, 1001, 999_001, 1_000_000, 12_345_678, 12_350_000].map(bytes);
        assert_eq!(lengths, ["0 B", "999 B", "1 kB", "2 kB", "1000 kB", "1.0 MB", "12.3 MB", "12.4 MB"]);
    }
}
