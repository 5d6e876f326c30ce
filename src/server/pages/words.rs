//! Numbers in words.

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

/// A number of things: `1 picture`, `3 pictures`.
#[must_use]
pub fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
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
        assert_eq!(
            (count(1, "picture", "pictures"), count(0, "picture", "pictures")),
            ("1 picture".into(), "0 pictures".into())
        );
    }
}
