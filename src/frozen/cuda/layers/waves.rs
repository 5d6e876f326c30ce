//! The waves of spectra on a device: discrete Fourier transforms of any size as products with tables of cosines and sines,
//! first along the columns, then along the rows. They take more operations than fast transforms, but few compared with the
//! networks that judge a picture.

use std::f64::consts::TAU;

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, Factor, Product, blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::picture::Size;

/// From spectra `[channels, height, width / 2 + 1, 2]` to planes `[channels, height, width]`: for each pixel, the sum of
/// gain · spectrum · e^(2πi (y row / height + x bin / width)) over all waves, the conjugates included.
pub(crate) struct WavesOnDevice {
    size: Size,
    /// `[height, width / 2 + 1]`
    gains: Buffer,
    /// cos(2π y row / height) for each row, then the sines: `[height, 2 height]`
    columns: Buffer,
    /// For each bin the real and then the imaginary part's share of each pixel of a row: `[width + 2 or + 1, width]`
    rows: Buffer,
}

impl WavesOnDevice {
    /// Creates the tables for planes of this size. `gain` is given the row and the bin.
    ///
    /// # Errors
    /// If there is not enough memory left.
    pub fn new(size: Size, gain: impl Fn(usize, usize) -> f32, on: &dyn Accelerator) -> Result<Self> {
        let bins = bins(size.width);
        let gains = || -> Vec<f32> { (0..size.height * bins).map(|wave| gain(wave / bins, wave % bins)).collect() };
        let [of_gains, of_columns, of_rows] = Self::counts(size);
        Ok(Self {
            size,
            gains: on.upload_made(of_gains, &gains)?,
            columns: on.upload_made(of_columns, &|| columns(size.height))?,
            rows: on.upload_made(of_rows, &|| rows(size.width))?,
        })
    }

    /// The bytes that stay in the device's memory.
    pub fn lasting(size: Size) -> u64 {
        Self::counts(size).into_iter().fold(0, |bytes, count| bytes.saturating_add(4 * count as u64))
    }

    /// The numbers of the gains, of the tables for columns and of those for rows.
    fn counts(Size { width, height }: Size) -> [usize; 3] {
        let bins = bins(width);
        [height.saturating_mul(bins), height.saturating_mul(2 * height), width.saturating_mul(2 * bins)]
    }

    /// Numbers in a row of a spectrum.
    fn line(&self) -> usize {
        2 * bins(self.size.width)
    }

    /// Numbers of the gained spectra, and of the same times i, of each channel.
    fn both(&self) -> usize {
        2 * self.size.height * self.line()
    }

    /// The factor of the spectra after the columns were transformed, of each channel.
    fn turned<'a>(&self, turned: &'a Slice) -> Factor<'a> {
        Factor::new(turned.at(0), self.line()).each(self.size.height * self.line())
    }
}

impl Resident for WavesOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (Size { width, height }, channels, line) = (self.size, shape[0], self.line());
        let turned = on.allocate(channels * height * line)?;
        {
            let (both, count) = (on.allocate(channels * self.both())?, x.len() / 2);
            let waves = int(self.gains.len())?;
            launch!(on, "waves", "waves_spread", blocks(count), x, &self.gains, &both, waves, long(count))?;
            on.multiply(&Product {
                rows: height,
                columns: line,
                depth: 2 * height,
                count: channels,
                left: Factor::new(self.columns.at(0), 2 * height),
                right: Factor::new(both.at(0), line).each(self.both()),
                destination: self.turned(&turned),
                scale: 1.0,
                accumulate: false,
            })?;
        }
        on.multiply(&Product {
            rows: channels * height,
            columns: width,
            depth: line,
            count: 1,
            left: Factor::new(turned.at(0), line),
            right: Factor::new(self.rows.at(0), width),
            destination: Factor::new(y.at(0), width),
            scale: 1.0,
            accumulate: false,
        })
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (Size { width, height }, channels, line) = (self.size, shape[0], self.line());
        let both = on.allocate(channels * self.both())?;
        {
            let turned = on.allocate(channels * height * line)?;
            on.multiply(&Product {
                rows: channels * height,
                columns: line,
                depth: width,
                count: 1,
                left: Factor::new(dy.at(0), width),
                right: Factor::new(self.rows.at(0), width).transposed(),
                destination: Factor::new(turned.at(0), line),
                scale: 1.0,
                accumulate: false,
            })?;
            on.multiply(&Product {
                rows: 2 * height,
                columns: line,
                depth: height,
                count: channels,
                left: Factor::new(self.columns.at(0), 2 * height).transposed(),
                right: self.turned(&turned),
                destination: Factor::new(both.at(0), line).each(self.both()),
                scale: 1.0,
                accumulate: false,
            })?;
        }
        let (count, waves) = (dx.len() / 2, int(self.gains.len())?);
        launch!(on, "waves", "waves_gather", blocks(count), &both, &self.gains, dx, waves, long(count))
    }
}

/// The number of complex numbers in a row of a spectrum.
fn bins(width: usize) -> usize {
    width / 2 + 1
}

/// The cosines and the sines of the multiples of a turn / `count`.
#[allow(clippy::cast_precision_loss)]
fn circle(count: usize) -> Vec<(f64, f64)> {
    (0..count)
        .map(|part| {
            let (sine, cosine) = (TAU * part as f64 / count as f64).sin_cos();
            (cosine, sine)
        })
        .collect()
}

#[allow(clippy::cast_possible_truncation)]
fn columns(height: usize) -> Vec<f32> {
    let circle = circle(height);
    let mut table = Vec::with_capacity(2 * height * height);
    for y in 0..height {
        table.extend((0..height).map(|row| circle[y * row % height].0 as f32));
        table.extend((0..height).map(|row| circle[y * row % height].1 as f32));
    }
    table
}

/// A bin stands for two waves, which are conjugates of each other, so their imaginary parts cancel out. The first one, and
/// the last one of an even width, stand for one, of which only the real part counts.
#[allow(clippy::cast_possible_truncation)]
fn rows(width: usize) -> Vec<f32> {
    let circle = circle(width);
    let mut table = Vec::with_capacity(2 * bins(width) * width);
    for bin in 0..bins(width) {
        let (of_real, of_imaginary) = if bin > 0 && 2 * bin < width { (2.0, -2.0) } else { (1.0, 0.0) };
        table.extend((0..width).map(|x| (of_real * circle[x * bin % width].0) as f32));
        table.extend((0..width).map(|x| (of_imaginary * circle[x * bin % width].1) as f32));
    }
    table
}
