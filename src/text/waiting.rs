//! How long a job will wait, in words.

/// A place among those that wait, and in how many seconds it is reached: `3rd of 7, about 40 s`.
pub(crate) fn in_words(position: u64, waiting: u64, starts_in: Option<f64>) -> String {
    let place = format!("{position}{} of {}", ending(position), waiting.max(position));
    match starts_in.and_then(time) {
        Some(time) => format!("{place}, about {time}"),
        None => place,
    }
}

/// What follows the digits of an ordinal number.
fn ending(number: u64) -> &'static str {
    match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// A time as it is estimated, not as it is measured; none if it is no time.
pub(crate) fn time(seconds: f64) -> Option<String> {
    // A century is enough.
    if !(0.0..=3.2e9).contains(&seconds) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = seconds.ceil() as u64;
    Some(match seconds {
        0..10 => format!("{} s", seconds.max(1)),
        10..90 => format!("{} s", seconds.div_ceil(5) * 5),
        90..5400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_times_read_well() {
        assert_eq!(in_words(3, 7, Some(38.2)), "3rd of 7, about 40 s");
        assert_eq!(in_words(1, 1, Some(0.0)), "1st of 1, about 1 s");
        assert_eq!(in_words(2, 1, None), "2nd of 2");
        assert_eq!(in_words(11, 112, Some(91.0)), "11th of 112, about 2 min");
        assert_eq!(in_words(22, 112, Some(9000.0)), "22nd of 112, about 3 h");
        for wrong in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(in_words(113, 113, Some(wrong)), "113th of 113");
        }
    }
}
