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
    pub(super) fn new(size: Size, decay: f64) -> Self {
        Self::of_waves(size, decay, size, |_, _| true)
    }

    /// The strengths of the waves of a picture and its copy on the right, which is half a picture lower. Only waves that are
    /// the same half a picture lower in the copy have any.
    pub(super) fn of_half_drop(picture: Size, decay: f64) -> Self {
        let both = Size { width: 2 * picture.width, ..picture };
        // Over the copy, a wave turns by half of its periods across and half of those down, which must be whole.
        Self::of_waves(both, decay, picture, |row, bin| (row + bin).is_multiple_of(2))
    }

    #[allow(clippy::cast_precision_loss)]
    fn of_waves(size: Size, decay: f64, picture: Size, is_one: impl Fn(usize, usize) -> bool) -> Self {
        let Size { width, height } = size;
        let least = LEAST_PERIODS / picture.width.max(picture.height) as f64;
        let gain = |row: usize, bin: usize| {
            if !is_one(row, bin) {
                return 0.0;
            }
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
