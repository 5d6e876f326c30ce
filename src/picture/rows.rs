//! Decoded rows of any layout as 16-bit red, green, blue and alpha.

use image::ColorType;

/// How samples are stored in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Samples {
    Bytes,
    /// 16 bits, in this machine's byte order
    Words,
    /// 16 bits, high byte first
    BigEndianWords,
    /// Single precision, 0 to 1
    Floats,
}

/// How pixels are stored in memory: gray, gray and alpha, colors, or colors and alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) channels: usize,
    pub(super) samples: Samples,
}

impl Layout {
    /// The layout of a color type of the image library.
    pub(super) fn of(color: ColorType) -> Self {
        let channels = usize::from(color.channel_count());
        let samples = match usize::from(color.bytes_per_pixel()) / channels {
            1 => Samples::Bytes,
            2 => Samples::Words,
            _ => Samples::Floats,
        };
        Self { channels, samples }
    }

    /// Bytes per pixel.
    pub(super) fn pixel(self) -> usize {
        let sample = match self.samples {
            Samples::Bytes => 1,
            Samples::Words | Samples::BigEndianWords => 2,
            Samples::Floats => 4,
        };
        self.channels * sample
    }

    /// Converts a row's pixels into `row`, which has the same length.
    pub(super) fn widen(self, bytes: &[u8], row: &mut [[u16; 4]]) {
        match self.samples {
            Samples::Bytes => self.spread(bytes.iter().map(|byte| u16::from(*byte) * 257), row),
            Samples::Words => self.spread(bytes.as_chunks().0.iter().map(|word| u16::from_ne_bytes(*word)), row),
            Samples::BigEndianWords => {
                self.spread(bytes.as_chunks().0.iter().map(|word| u16::from_be_bytes(*word)), row);
            }
            Samples::Floats => {
                self.spread(bytes.as_chunks().0.iter().map(|float| of_float(f32::from_ne_bytes(*float))), row);
            }
        }
    }

    fn spread(self, mut samples: impl Iterator<Item = u16>, row: &mut [[u16; 4]]) {
        let mut next = || samples.next().unwrap_or_default();
        match self.channels {
            1 => row.iter_mut().for_each(|pixel| {
                let gray = next();
                *pixel = [gray, gray, gray, u16::MAX];
            }),
            2 => row.iter_mut().for_each(|pixel| {
                let gray = next();
                *pixel = [gray, gray, gray, next()];
            }),
            3 => row.iter_mut().for_each(|pixel| *pixel = [next(), next(), next(), u16::MAX]),
            _ => row.iter_mut().for_each(|pixel| *pixel = [next(), next(), next(), next()]),
        }
    }
}

/// A value from 0 to 1, rounded once to the 8 bits that the result has.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn of_float(value: f32) -> u16 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u16 * 257
}
