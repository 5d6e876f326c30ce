//! The spectrum of a finished picture as bytes, and the picture drawn from them at any size.
//!
//! Version 1 begins with the byte 1, the width and the height, each as 32 bits with the lowest byte first, and the
//! colorfulness as 64 bits. Then come the number of colors of the palette, 0 to 256, as 16 bits, and the colors. Then come
//! the waves of the three channels, for each its real and its imaginary part, as multiples of [`STEP`]: whole numbers whose
//! sign is in the lowest bit, seven bits to a byte, the lowest bits first.

use image::DynamicImage;
use rayon::prelude::*;

use super::colors::matrix;
use super::tone::{Contrast, Tone};
use super::transform::{Transform, bins};
use super::waves::Waves;
use crate::drawer::{Drawing, in_palette};
use crate::palette::{Dither, Palette};
use crate::picture::{Size, to_pixels};
use crate::settings::Settings;
use crate::{Error, Result};

/// The version of the form.
const VERSION: u8 = 1;
/// The most pixels of a picture that carries its spectrum: that of a larger one would be too many bytes.
pub(super) const MOST_PIXELS: usize = 4096 * 4096;
/// The unit of the waves, each of which has a mean square of 1 over the picture. So rounding spreads a deviation of √2/√12
/// of this over the pixels, of which the default colors and the sigmoid leave 0.3 steps of 255.
const STEP: f64 = 0.016;
/// The most bytes of a number.
const LONGEST: u32 = 5;

/// A finished picture as waves.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finished {
    pub(super) size: Size,
    pub(super) colorfulness: f64,
    /// The colors of the palette, if there is one
    pub(super) colors: Vec<[u8; 3]>,
    /// Multiples of [`STEP`], `[3, height, width / 2 + 1, 2]`
    pub(super) waves: Vec<i32>,
}

impl Finished {
    /// The waves of a spectrum: each number times its amplitude in the picture.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn new(
        size: Size,
        colorfulness: f64,
        colors: Vec<[u8; 3]>,
        spectrum: &[f32],
        amplitude: impl Fn(usize, usize) -> f64 + Sync,
    ) -> Self {
        let row_length = 2 * bins(size.width);
        let factor = unit(size).recip();
        let mut waves = vec![0; spectrum.len()];
        waves.par_chunks_mut(row_length).zip(spectrum.par_chunks(row_length)).enumerate().for_each(
            |(row, (waves, spectrum))| {
                for (index, (wave, value)) in waves.iter_mut().zip(spectrum).enumerate() {
                    *wave = (f64::from(*value) * amplitude(row % size.height, index / 2) * factor).round() as i32;
                }
            },
        );
        Self { size, colorfulness, colors, waves }
    }

    /// The waves as bytes; none if they are too many.
    pub(super) fn to_drawing(&self) -> Option<Drawing> {
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = vec![VERSION];
        bytes.extend(side(self.size.width));
        bytes.extend(side(self.size.height));
        bytes.extend(self.colorfulness.to_le_bytes());
        bytes.extend(u16::try_from(self.colors.len()).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend(self.colors.as_flattened());
        for wave in &self.waves {
            let mut rest = ((wave << 1) ^ (wave >> 31)).cast_unsigned();
            while rest > 0x7f {
                bytes.push(rest.to_le_bytes()[0] | 0x80);
                rest >>= 7;
            }
            bytes.push(rest.to_le_bytes()[0]);
        }
        Drawing::new(bytes)
    }

    /// Reads waves, whatever the bytes are.
    pub(super) fn of_drawing(drawing: &Drawing) -> Result<Self> {
        let wrong = |problem: &str| Drawing::unreadable(problem);
        let cut = || wrong("it is cut short");
        let mut rest = drawing.bytes();
        let mut take = |count: usize| -> Result<&[u8]> {
            let (taken, others) = rest.split_at_checked(count).ok_or_else(cut)?;
            rest = others;
            Ok(taken)
        };
        if take(1)? != [VERSION] {
            return Err(wrong("it has another form, perhaps that of a newer version of text2art"));
        }
        let mut side = || -> Result<usize> {
            let bytes = take(4)?.try_into().map_err(|_| cut())?;
            Ok(u32::from_le_bytes(bytes) as usize)
        };
        let size = Size { width: side()?, height: side()? };
        if size.width == 0 || size.height == 0 || size.width.saturating_mul(size.height) > MOST_PIXELS {
            return Err(wrong("it has a wrong size"));
        }
        let colorfulness = f64::from_le_bytes(take(8)?.try_into().map_err(|_| cut())?);
        if !(0.1..=10.0).contains(&colorfulness) {
            return Err(wrong("it has a wrong colorfulness"));
        }
        let colors = usize::from(u16::from_le_bytes(take(2)?.try_into().map_err(|_| cut())?));
        let (colors, _) = take(3 * colors)?.as_chunks::<3>();
        let colors = colors.to_vec();
        let count = 3 * size.height * bins(size.width) * 2;
        // Each number has at least a byte.
        if rest.len() < count {
            return Err(cut());
        }
        let mut waves = Vec::with_capacity(count);
        let mut bytes = rest.iter();
        for _ in 0..count {
            let mut number = 0_u64;
            for place in 0.. {
                let byte = bytes.next().ok_or_else(cut)?;
                number |= u64::from(byte & 0x7f) << (7 * place);
                if byte & 0x80 == 0 {
                    break;
                }
                if place + 1 == LONGEST {
                    return Err(wrong("a number is too long"));
                }
            }
            let number = u32::try_from(number).map_err(|_| wrong("a number is too large"))?;
            waves.push((number >> 1).cast_signed() ^ -((number & 1).cast_signed()));
        }
        if bytes.len() > 0 {
            return Err(wrong("it is too long"));
        }
        Ok(Self { size, colorfulness, colors, waves })
    }

    /// The planes of the waves at a size: those with too few pixels for a period are left out, and others added as zeros.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn planes(&self, size: Size) -> Vec<f32> {
        let (from_bins, to_bins) = (bins(self.size.width), bins(size.width));
        let unit = unit(self.size);
        let transform = Transform::<f32>::new(size);
        let area = size.width * size.height;
        let mut planes = vec![0.0; 3 * area];
        let mut spectrum = vec![0.0; size.height * to_bins * 2];
        let waves = self.waves.chunks_exact(self.waves.len() / 3);
        for (waves, plane) in waves.zip(planes.chunks_exact_mut(area)) {
            spectrum.par_chunks_mut(2 * to_bins).enumerate().for_each(|(row, line)| {
                line.fill(0.0);
                let Some((from_row, down)) = same_wave(row, self.size.height, size.height) else { return };
                let down = shift(down, self.size.height, size.height);
                for bin in 0..from_bins.min(to_bins) {
                    // The first column stands for one wave at every width.
                    let Some((_, across)) = same_wave(bin, self.size.width, size.width) else { continue };
                    let at = 2 * (from_row * from_bins + bin);
                    let [real, imaginary] = [waves[at], waves[at + 1]].map(|wave| f64::from(wave) * unit);
                    let (sine, cosine) = (down + shift(across, self.size.width, size.width)).sin_cos();
                    line[2 * bin] = (real * cosine - imaginary * sine) as f32;
                    line[2 * bin + 1] = (real * sine + imaginary * cosine) as f32;
                }
            });
            transform.plane(&spectrum, |_, _| 1.0, plane);
        }
        planes
    }
}

/// What a multiple of [`STEP`] stands for in a sum of waves of pixels.
#[allow(clippy::cast_precision_loss)]
fn unit(size: Size) -> f64 {
    STEP / ((size.width * size.height) as f64).sqrt()
}

/// For a row of the spectrum of `to` rows: the row of one of `from` rows with the same wave, and its periods over the
/// height; none if there is none. The wave of two pixels for a period is left out unless the sizes are equal: it has no
/// phase.
#[allow(clippy::cast_precision_loss)]
fn same_wave(row: usize, from: usize, to: usize) -> Option<(usize, f64)> {
    let periods = row.min(to - row);
    let is_below_zero = row > periods;
    let frequency = if is_below_zero { -(periods as f64) } else { periods as f64 };
    if from == to {
        return Some((row, frequency));
    }
    let is_there = 2 * periods < from.min(to);
    is_there.then_some((if is_below_zero { from - periods } else { periods }, frequency))
}

/// The angle by which a wave moves so that the picture stays in its place: the center of the first pixel is half a pixel
/// from the edge at every size.
#[allow(clippy::cast_precision_loss)]
fn shift(frequency: f64, from: usize, to: usize) -> f64 {
    let pixels = 0.5 * (from as f64 / to as f64 - 1.0);
    std::f64::consts::TAU * frequency * pixels / from as f64
}

/// The picture of waves at a size, in the same colors.
pub(super) fn render(settings: &Settings, drawing: &Drawing, size: Size) -> Result<DynamicImage> {
    let finished = Finished::of_drawing(drawing)?;
    let palette = match &finished.colors[..] {
        [] => None,
        colors => Some(
            Palette::of_colours("of the picture", colors.to_vec())
                .map_err(|_| Drawing::unreadable("its palette is wrong"))?,
        ),
    };
    if size.width == 0 || size.height == 0 {
        return Err(Error::usage("a picture without pixels cannot be drawn", "choose a larger size"));
    }
    let picture = {
        let drawn = Waves::<f32>::size_of(size, settings.tile);
        let planes = finished.planes(drawn);
        let tone = Tone { contrast: Contrast::Fixed(1.0), matrix: matrix(finished.colorfulness) };
        let mut picture = vec![0.0_f32; planes.len()];
        tone.picture(&planes, &mut picture);
        let shape = (1, 3, drawn.height, drawn.width);
        let picture = candle_core::Tensor::from_vec(picture, shape, &candle_core::Device::Cpu)?;
        picture.narrow(3, 0, size.width)?.contiguous()?
    };
    let dither: Dither = settings.dither;
    match palette {
        Some(palette) => to_pixels(&in_palette(&picture, &palette, dither)?),
        None => to_pixels(&picture),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_precision_loss)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn finished(size: Size, colors: Vec<[u8; 3]>) -> Finished {
        let mut stream = Stream::new(4, "test", 0);
        let count = 3 * size.height * bins(size.width) * 2;
        let waves = (0..count).map(|index| {
            let span = [3.0, 300.0, 3e6, 2e9][index % 4];
            stream.between(-span, span) as i32
        });
        Finished { size, colorfulness: 1.8, colors, waves: waves.collect() }
    }

    #[test]
    fn waves_come_back_from_their_bytes() {
        for (width, height) in [(1, 1), (5, 4), (16, 9)] {
            for colors in [vec![], vec![[1, 2, 3], [255, 0, 9]]] {
                let finished = finished(Size { width, height }, colors);
                let drawing = finished.to_drawing().unwrap();
                assert_eq!(Finished::of_drawing(&drawing).unwrap(), finished);
                // Whatever is cut off or changed, it is read or refused.
                let bytes = drawing.bytes();
                for length in 0..bytes.len() {
                    let cut = Drawing::new(bytes[..length].to_vec()).unwrap();
                    assert!(Finished::of_drawing(&cut).is_err(), "{length}");
                    let mut changed = bytes.to_vec();
                    changed[length] ^= 0x81;
                    let _ = Finished::of_drawing(&Drawing::new(changed).unwrap());
                }
                let longer = Drawing::new([bytes, &[0]].concat()).unwrap();
                assert!(Finished::of_drawing(&longer).unwrap_err().to_string().contains("too long"));
            }
        }
    }

    #[test]
    fn a_few_bytes_claim_little_memory() {
        let head = |side: u32| {
            let mut bytes = vec![VERSION];
            bytes.extend(side.to_le_bytes());
            bytes.extend(side.to_le_bytes());
            bytes.extend(1.8_f64.to_le_bytes());
            bytes.extend([0; 12]);
            Finished::of_drawing(&Drawing::new(bytes).unwrap()).unwrap_err().to_string()
        };
        assert!(head(u32::MAX).contains("wrong size") && head(0).contains("wrong size"));
        assert!(head(4096).contains("cut short"));
    }

    /// A wave keeps its periods and its place at every size.
    #[test]
    #[allow(clippy::cast_possible_truncation)]
    fn waves_are_the_same_at_every_size() {
        let from = Size { width: 12, height: 9 };
        let waves_of = |row: usize, bin: usize| {
            let mut finished = finished(from, Vec::new());
            finished.waves.fill(0);
            let at = 2 * (row * bins(from.width) + bin);
            (finished.waves[at], finished.waves[at + 1]) = (30_000, -20_000);
            finished
        };
        for (row, down, bin) in [(0, 0.0, 0), (2, 2.0, 3), (8, -1.0, 5), (3, 3.0, 1), (7, -2.0, 0)] {
            for (width, height) in [(12, 9), (24, 18), (31, 40), (13, 9), (12, 8), (11, 7)] {
                let planes = waves_of(row, bin).planes(Size { width, height });
                for (index, value) in planes[..width * height].iter().enumerate() {
                    let center =
                        |at: usize, side: usize, from: usize| (at as f64 + 0.5) / side as f64 - 0.5 / from as f64;
                    let turn = bin as f64 * center(index % width, width, 12) + down * center(index / width, height, 9);
                    let (sine, cosine) = (std::f64::consts::TAU * turn).sin_cos();
                    let both = if bin > 0 { 2.0 } else { 1.0 };
                    let expected = both * unit(from) * (30_000.0 * cosine + 20_000.0 * sine);
                    assert!(
                        (f64::from(*value) - expected).abs() < 1e-3,
                        "{row} {bin} {width}x{height}: {value} {expected}"
                    );
                }
                assert!(planes[width * height..].iter().all(|value| *value == 0.0));
            }
        }
        // What does not fit is left out.
        assert!(waves_of(4, 5).planes(Size { width: 8, height: 6 }).iter().all(|value| *value == 0.0));
    }
}
