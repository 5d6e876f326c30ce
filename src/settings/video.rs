//! Settings of moving pictures: the frame rate, and how the colors of a GIF are chosen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A frame rate, stored in thousandths of a frame per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    thousandths: u32,
}

/// The slowest and the fastest rate, in thousandths of a frame per second.
const RATES: std::ops::RangeInclusive<u32> = 100..=240_000;

impl FrameRate {
    /// The rate in thousandths of a frame per second.
    #[must_use]
    pub fn thousandths(self) -> u32 {
        self.thousandths
    }

    /// The rate in frames per second.
    #[must_use]
    pub fn hertz(self) -> f64 {
        f64::from(self.thousandths) / 1000.0
    }

    /// The number of frames that fill a time in seconds, rounded.
    #[must_use]
    pub fn slots(self, seconds: f64) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let slots = (seconds * self.hertz()).round() as usize;
        slots
    }
}

impl Default for FrameRate {
    /// 25 frames per second: each takes a whole number of hundredths of a second in a GIF.
    fn default() -> Self {
        Self { thousandths: 25_000 }
    }
}

impl FromStr for FrameRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let rate = match text.split_once('/') {
            Some((frames, seconds)) => number(frames).zip(number(seconds)).map(|(frames, seconds)| frames / seconds),
            None => number(text),
        };
        let rate = rate.ok_or_else(|| format!("`{text}` is not a frame rate: write 25, 23.976 or 30000/1001"))?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let thousandths = (rate * 1000.0).round() as u32;
        if !RATES.contains(&thousandths) {
            return Err(format!("`{text}` is out of range: give a frame rate from 0.1 to 240"));
        }
        Ok(Self { thousandths })
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hertz().fmt(formatter)
    }
}

impl Serialize for FrameRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.thousandths.is_multiple_of(1000) {
            serializer.serialize_u32(self.thousandths / 1000)
        } else {
            serializer.serialize_f64(self.hertz())
        }
    }
}

/// A frame rate as files contain it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a frame rate")]
enum Written {
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for FrameRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// How the colors of a GIF are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GifPalette {
    /// A table for each frame
    #[default]
    Frame,
    /// One table for all frames
    Global,
}

crate::text::named_values!(GifPalette, "GIF palette", {
    Frame => "frame",
    Global => "global",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_written() {
        let rate = |text: &str| text.parse::<FrameRate>();
        for (text, thousandths, written) in
            [("25", 25_000, "25"), ("30000/1001", 29_970, "29.97"), ("0.5", 500, "0.5"), ("240", 240_000, "240")]
        {
            let rate = rate(text).unwrap();
            assert_eq!((rate.thousandths(), rate.to_string()), (thousandths, written.to_owned()));
            let json = serde_json::to_string(&rate).unwrap();
            assert_eq!((json.as_str(), serde_json::from_str::<FrameRate>(&json).unwrap()), (written, rate));
        }
        for wrong in ["0", "10000", "-5", "fast", "25/0", "1/", "nan", "inf", ""] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
