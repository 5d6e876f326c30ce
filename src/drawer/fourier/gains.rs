//! How strong each wave is: waves of high frequency are made weaker, as they are in photographs.
//!
//! The powers and the least frequency are those of aphantasia (`aphantasia/image.py`, `get_fft_scale`). The strengths are
//! then scaled so that random numbers make waves of unit deviation, whatever the size and the decay.

use super::transform::{bins, is_double};
use crate::picture::Size;

/// Waves with fewer periods along the longer side than this are as strong as those with this many.
const LEAST_PERIODS: f64 = 4.0;

/// The strength of each wave of a plane.
pub(super) struct Gains {
    size: Size,
    /// A row for each frequency along the height without its sign, `height` / 2 + 1, of one number per bin
    values: Vec<f64>,
}

impl Gains {
    /// The strengths max(f, 4 / longer side)^-decay, with f = √(fx² + fy²) in periods per pixel.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn new(size: Size, decay: f64) -> Self {
        let Size { width, height } = size;
        let least = LEAST_PERIODS / width.max(height) as f64;
        let gain = |row: usize, bin: usize| {
            let (across, down) = (bin as f64 / width as f64, row as f64 / height as f64);
            // The ratio keeps the numbers near 1.
            ((across * across + down * down).sqrt().max(least) / least).powf(-decay)
        };
        let rows = height / 2 + 1;
        let values = (0..rows).flat_map(|row| (0..bins(width)).map(move |bin| (row, bin)));
        let mut gains = Self { size, values: values.map(|(row, bin)| gain(row, bin)).collect() };
        let deviation = gains.variance().sqrt();
        if deviation > 0.0 {
            gains.values.iter_mut().for_each(|gain| *gain /= deviation);
        }
        gains
    }

    /// The strength of a wave, by its row and bin in the spectrum.
    pub(super) fn of(&self, row: usize, bin: usize) -> f64 {
        let row = row.min(self.size.height - row);
        self.values[row * bins(self.size.width) + bin]
    }

    /// The expected variance of the pixels of a plane if all numbers of the spectrum have variance 1. The mean is no
    /// part of it.
    fn variance(&self) -> f64 {
        let Size { width, height } = self.size;
        let waves = (0..height).flat_map(|row| (0..bins(width)).map(move |bin| (row, bin)));
        let power = |(row, bin): (usize, usize)| {
            let amplitude = self.of(row, bin) * if is_double(bin, width) { 2.0 } else { 1.0 };
            amplitude * amplitude
        };
        waves.skip(1).map(power).sum()
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use super::*;

    /// The ratios of `get_fft_scale(128, 200, decay_power=1.5)` in aphantasia, and of its floor.
    #[test]
    fn strengths_fall_with_the_frequency() {
        let gains = Gains::new(Size { width: 200, height: 128 }, 1.5);
        let ratio = |row, bin| gains.of(row, bin) / gains.of(0, 0);
        // Up to four periods along the 200 pixels: 4 / 200 = 0.02.
        assert!((ratio(0, 4) - 1.0).abs() < 1e-12 && (ratio(2, 2) - 1.0).abs() < 1e-12);
        // fx = 0.08 is four times as much: 4^-1.5 = 1/8. fx = 0.06, fy = 10/128 = 0.078125: f = 0.0985, 4.9254^-1.5.
        assert!((ratio(0, 16) - 0.125).abs() < 1e-12);
        assert!((ratio(10, 12) - 0.091_485).abs() < 1e-5, "{}", ratio(10, 12));
        // Rows past the middle are the frequencies below zero.
        assert!((ratio(118, 12) - ratio(10, 12)).abs() < 1e-12);
    }

    #[test]
    fn a_picture_of_one_pixel_has_a_strength() {
        assert!((Gains::new(Size { width: 1, height: 1 }, 1.5).of(0, 0) - 1.0).abs() < 1e-12);
    }
}
