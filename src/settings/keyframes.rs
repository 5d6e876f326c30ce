//! Keyframes: numbers at given frames, and the values between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::prompt::decimal;
use super::range::Range;
use crate::Result;

/// The most keys.
const MOST: usize = 10_000;
/// The largest frame number.
const LAST_FRAME: usize = 1_000_000_000;

/// Smooths a share from 0 to 1, so that it changes slowly at both ends. The result stays between 0 and 1.
pub(crate) fn smoothstep(share: f64) -> f64 {
    share * share * (3.0 - 2.0 * share)
}

/// A number that changes from frame to frame, in the notation of animation notebooks: `0: 1, 50: 1.02`, or
/// `0: (1), 50: (1.02)`. Between two keys, it changes evenly, or eases in and out of both keys if the word `smooth`
/// comes first. Before the first key and after the last one, it stays the same. A single number applies to all
/// frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyframes {
    /// The frames and the values, in the order of the frames; at least one
    keys: Vec<(usize, f64)>,
    is_smooth: bool,
}

impl Keyframes {
    /// Values at frames, which change evenly from frame to frame; none if there is no key, or if two keys have the same frame.
    #[must_use]
    pub fn linear(mut keys: Vec<(usize, f64)>) -> Option<Self> {
        keys.sort_by_key(|(frame, _)| *frame);
        let is_once = keys.windows(2).all(|pair| pair[0].0 < pair[1].0);
        (is_once && !keys.is_empty() && keys.len() <= MOST).then_some(Self { keys, is_smooth: false })
    }

    /// The value in a frame.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn at(&self, frame: usize) -> f64 {
        let next = self.keys.partition_point(|(key, _)| *key <= frame);
        let (Some(before), Some(after)) = (next.checked_sub(1).map(|index| self.keys[index]), self.keys.get(next))
        else {
            // Outside the keys, the nearest one applies.
            return self.keys[next.min(self.keys.len() - 1)].1;
        };
        let share = (frame - before.0) as f64 / (after.0 - before.0) as f64;
        let share = if self.is_smooth { smoothstep(share) } else { share };
        if before.1.to_bits() == after.1.to_bits() { before.1 } else { before.1 * (1.0 - share) + after.1 * share }
    }

    /// The values at the keys, in order.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.keys.iter().map(|(_, value)| *value)
    }

    /// Checks the value at each key. All other values lie between these.
    ///
    /// # Errors
    /// If one is outside the range, with the option's name.
    pub(super) fn check(&self, option: &str, range: Range) -> Result<()> {
        self.values().try_for_each(|value| range.check(option, &value))
    }
}

impl FromStr for Keyframes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text, 1)
    }
}

/// Reads keyframes that begin in a column, from 1. Errors name the column.
pub(super) fn read(text: &str, column: usize) -> Result<Keyframes, String> {
    let at = |offset: usize| column + text[..offset].chars().count();
    let begin = text.len() - text.trim_start().len();
    let (is_smooth, begin) = match text[begin..].split_once(char::is_whitespace) {
        Some(("smooth", _)) => (true, begin + "smooth".len()),
        Some(("linear", _)) => (false, begin + "linear".len()),
        _ => (false, begin),
    };
    let mut keys: Vec<(usize, f64)> = Vec::new();
    let mut offset = begin;
    for part in text[begin..].split(',') {
        let key = part.trim();
        // The first character of the key, or the place where one is missing.
        let start = offset + (part.len() - part.trim_start().len());
        let place = || at(start);
        offset += part.len() + 1;
        if keys.len() == MOST {
            return Err(format!("there are more than {MOST} keys (column {})", place()));
        }
        let (frame, value) = match key.split_once(':') {
            Some((frame, value)) => (frame.trim(), value.trim()),
            None if keys.is_empty() && !text[begin..].contains(',') => ("0", key),
            None if key.is_empty() => return Err(format!("a key is missing (column {})", place())),
            None => return Err(format!("`{key}` has no frame number: write it like 50: {key} (column {})", place())),
        };
        let is_number = !frame.is_empty() && frame.bytes().all(|byte| byte.is_ascii_digit());
        let Some(frame) = frame.parse().ok().filter(|frame| is_number && *frame <= LAST_FRAME) else {
            let problem = format!("`{frame}` is not a frame number from 0 to {LAST_FRAME}");
            return Err(format!("{problem} (column {})", place()));
        };
        let bare = value.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(value).trim();
        let Some(number) = decimal(bare).filter(|number| number.is_finite()) else {
            return Err(format!("`{value}` is not a number (column {})", place()));
        };
        if keys.iter().any(|(other, _)| *other == frame) {
            return Err(format!("frame {frame} has two values (column {})", place()));
        }
        keys.push((frame, number));
    }
    if let [(_, value)] = keys[..] {
        // The frame of a single key does not matter, and neither does easing.
        return Ok(Keyframes { keys: vec![(0, value)], is_smooth: false });
    }
    keys.sort_by_key(|(frame, _)| *frame);
    Ok(Keyframes { keys, is_smooth })
}

impl fmt::Display for Keyframes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.keys[..] {
            [(_, value)] => return value.fmt(formatter),
            _ if self.is_smooth => formatter.write_str("smooth ")?,
            _ => {}
        }
        for (index, (frame, value)) in self.keys.iter().enumerate() {
            write!(formatter, "{}{frame}: {value}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Written as text, so that every value has one spelling.
impl serde::Serialize for Keyframes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Keyframes as files contain them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, or a text such as `0: 1, 50: 1.02`")]
enum Written {
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Keyframes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // values are passed on as they are
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str, frames: &[usize]) -> Vec<f64> {
        let keys: Keyframes = text.parse().unwrap();
        frames.iter().map(|frame| keys.at(*frame)).collect()
    }

    /// As the animation notebooks read their strings: the value of a frame without a key is interpolated between the keys
    /// around it, and that of the nearest key beyond them.
    #[test]
    fn strings_of_notebooks_have_their_values() {
        for (text, frames, expected) in [
            ("10: 1, 20: 2", vec![0, 10, 15, 20, 99], vec![1.0, 1.0, 1.5, 2.0, 2.0]),
            ("0:(1), 10:(1.05)", vec![0, 5, 10], vec![1.0, 1.025, 1.05]),
            ("0: (1.0),100: ( -2 )", vec![50], vec![-0.5]),
            ("0: (10)", vec![0, 7], vec![10.0, 10.0]),
            ("20: 0, 10:1", vec![10, 15, 20], vec![1.0, 0.5, 0.0]),
            ("-3", vec![0, 1000], vec![-3.0, -3.0]),
            (" 5 : .5 , 6 : 1e2 ", vec![5, 6], vec![0.5, 100.0]),
            ("linear 0: 0, 4: 4", vec![1, 2], vec![1.0, 2.0]),
            ("smooth 0: 0, 4: 4", vec![0, 1, 2, 3, 4], vec![0.0, 0.625, 2.0, 3.375, 4.0]),
        ] {
            let found = at(text, &frames);
            assert!(found.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-12), "{text}: {found:?}");
        }
    }

    #[test]
    fn errors_name_the_column() {
        for (text, problem) in [
            ("", "`` is not a number (column 1)"),
            ("0: 1, 50", "`50` has no frame number: write it like 50: 50 (column 7)"),
            ("0: 1,", "a key is missing (column 6)"),
            ("0: 1, : 2", "`` is not a frame number from 0 to 1000000000 (column 7)"),
            ("0: 1, -5: 2", "`-5` is not a frame number from 0 to 1000000000 (column 7)"),
            ("0: 1, 1.5: 2", "`1.5` is not a frame number from 0 to 1000000000 (column 7)"),
            ("0: ä, 5: 2", "`ä` is not a number (column 1)"),
            ("0: (1, 5: 2", "`(1` is not a number (column 1)"),
            ("0: 1, 5: 2, 5: 3", "frame 5 has two values (column 13)"),
            ("0: 1e999", "`1e999` is not a number (column 1)"),
            ("smooth 0: 1, x: 2", "`x` is not a frame number from 0 to 1000000000 (column 14)"),
            ("smooth", "`smooth` is not a number (column 1)"),
            ("0: 1 50: 2", "`1 50: 2` is not a number (column 1)"),
        ] {
            assert_eq!(text.parse::<Keyframes>().unwrap_err(), problem, "{text}");
        }
        let keys = |count: usize| (0..count).map(|frame| format!("{frame}: 1")).collect::<Vec<_>>().join(",");
        assert!(keys(MOST).parse::<Keyframes>().is_ok() && keys(MOST + 1).parse::<Keyframes>().is_err());
    }

    #[test]
    fn files_have_numbers_or_texts() {
        for (json, text) in [
            ("1.5", "1.5"),
            ("2", "2"),
            ("\"0: (1), 50: (1.02)\"", "0: 1, 50: 1.02"),
            ("\"smooth 9: 1, 2: 3\"", "smooth 2: 3, 9: 1"),
        ] {
            let keys: Keyframes = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&keys).unwrap(), format!("\"{text}\""));
        }
        assert!(serde_json::from_str::<Keyframes>("true").is_err());
        assert!(Keyframes::linear(vec![(3, 1.0), (3, 2.0)]).is_none() && Keyframes::linear(Vec::new()).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_keyframes_or_an_error(text in ".{0,60}") {
            let _ = text.parse::<Keyframes>();
        }

        #[test]
        fn what_is_written_is_read_again(
            keys in proptest::collection::btree_map(0_usize..500, -100.0..100.0_f64, 1..8),
            is_smooth: bool,
            frame in 0_usize..600,
        ) {
            let keys: Vec<(usize, f64)> = keys.into_iter().collect();
            let plain: Vec<String> = keys.iter().map(|(frame, value)| format!("{frame}:({value})")).collect();
            let text = format!("{}{}", if is_smooth { "smooth " } else { "" }, plain.join(" , "));
            let read: Keyframes = text.parse().unwrap();
            let again: Keyframes = read.to_string().parse().unwrap();
            prop_assert_eq!(again.at(frame).to_bits(), read.at(frame).to_bits());
            // At a key, the value is that of the key; between keys, it is between their values.
            for (frame, value) in &keys {
                prop_assert_eq!(read.at(*frame), *value);
            }
            let (least, most) = keys.iter().fold((f64::MAX, f64::MIN), |(least, most), (_, value)| {
                (least.min(*value), most.max(*value))
            });
            let value = read.at(frame);
            prop_assert!(value >= least - 1e-9 && value <= most + 1e-9);
        }
    }
}
