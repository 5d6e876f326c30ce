//! The Fourier transform of real planes of any size, both ways.
//!
//! A spectrum is what `irfft2` of PyTorch reads: `height` x (`width` / 2 + 1) complex numbers, each as two numbers. Columns
//! and rows are transformed by themselves, a few in each task, so that the bits do not depend on the number of threads.
//! Memory: one complex plane, two backwards.

use std::sync::Arc;

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::num_traits::{Float, Zero};
use realfft::{ComplexToReal, FftNum, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

use crate::picture::Size;

/// Columns or rows in a task: as many complex numbers of 32 bits as a line of the cache holds.
const TASK: usize = 8;

/// A number that can be transformed: `f32`, or `f64` in tests.
pub(super) trait Number: FftNum + Float + std::iter::Sum {}

impl Number for f32 {}
impl Number for f64 {}

/// The transforms of planes of one size, without any scaling. Copies share the plans.
#[derive(Clone)]
pub(super) struct Transform<T: Number> {
    size: Size,
    columns: [Arc<dyn Fft<T>>; 2],
    to_rows: Arc<dyn ComplexToReal<T>>,
    of_rows: Arc<dyn RealToComplex<T>>,
}

/// The number of complex numbers in a row of the spectrum of a plane of this width.
pub(super) fn bins(width: usize) -> usize {
    width / 2 + 1
}

/// Whether a column of the spectrum stands for two waves, which are conjugates of each other; the first one, and the last
/// one of an even width, stand for one.
pub(super) fn is_double(bin: usize, width: usize) -> bool {
    bin > 0 && 2 * bin < width
}

impl<T: Number> Transform<T> {
    pub(super) fn new(size: Size) -> Self {
        let mut planner = FftPlanner::new();
        let columns = [planner.plan_fft_forward(size.height), planner.plan_fft_inverse(size.height)];
        let mut planner = RealFftPlanner::new();
        let (to_rows, of_rows) = (planner.plan_fft_inverse(size.width), planner.plan_fft_forward(size.width));
        Self { size, columns, to_rows, of_rows }
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The plane of a spectrum: Σ gain · spectrum · e^(2πi (y row / height + x bin / width)) over all waves, the
    /// conjugates included. `gain` is given the row and the bin.
    pub(super) fn plane(&self, spectrum: &[T], gain: impl Fn(usize, usize) -> T + Sync, plane: &mut [T]) {
        let Size { width, height } = self.size;
        let bins = bins(width);
        let mut columns = vec![Complex::zero(); bins * height];
        let [_, inverse] = &self.columns;
        columns.par_chunks_mut(TASK * height).enumerate().for_each_init(
            || vec![Complex::zero(); inverse.get_inplace_scratch_len()],
            |scratch, (task, columns)| {
                let first = task * TASK;
                for row in 0..height {
                    for (offset, column) in columns.chunks_exact_mut(height).enumerate() {
                        let bin = first + offset;
                        let at = 2 * (row * bins + bin);
                        let gain = gain(row, bin);
                        column[row] = Complex::new(spectrum[at] * gain, spectrum[at + 1] * gain);
                    }
                }
                inverse.process_with_scratch(columns, scratch);
            },
        );
        plane.par_chunks_mut(TASK * width).enumerate().for_each_init(
            || (vec![Complex::zero(); TASK * bins], self.to_rows.make_scratch_vec()),
            |(lines, scratch), (task, rows)| {
                let count = rows.len() / width;
                for (bin, column) in columns.chunks_exact(height).enumerate() {
                    for (offset, value) in column[task * TASK..][..count].iter().enumerate() {
                        let value = if is_double(bin, width) { *value } else { Complex::new(value.re, T::zero()) };
                        lines[offset * bins + bin] = value;
                    }
                }
                for (line, row) in lines.chunks_exact_mut(bins).zip(rows.chunks_exact_mut(width)) {
                    // It fails only for slices of other lengths.
                    self.to_rows.process_with_scratch(line, row, scratch).unwrap_or_default();
                }
            },
        );
    }

    /// The spectrum of a plane, each number times its factor: factor · Σ plane · e^(-2πi (y row / height + x bin /
    /// width)). `factor` is given the row and the bin.
    pub(super) fn spectrum(&self, plane: &[T], factor: impl Fn(usize, usize) -> T + Sync, spectrum: &mut [T]) {
        let Size { width, height } = self.size;
        let bins = bins(width);
        let mut rows = vec![Complex::zero(); height * bins];
        rows.par_chunks_mut(bins).zip(plane.par_chunks(width)).for_each_init(
            || (vec![T::zero(); width], self.of_rows.make_scratch_vec()),
            |(line, scratch), (row, values)| {
                line.copy_from_slice(values);
                // It fails only for slices of other lengths.
                self.of_rows.process_with_scratch(line, row, scratch).unwrap_or_default();
            },
        );
        let mut columns = vec![Complex::zero(); bins * height];
        let [forward, _] = &self.columns;
        columns.par_chunks_mut(TASK * height).enumerate().for_each_init(
            || vec![Complex::zero(); forward.get_inplace_scratch_len()],
            |scratch, (task, columns)| {
                let first = task * TASK;
                for row in 0..height {
                    for (offset, column) in columns.chunks_exact_mut(height).enumerate() {
                        column[row] = rows[row * bins + first + offset];
                    }
                }
                forward.process_with_scratch(columns, scratch);
            },
        );
        spectrum.par_chunks_mut(2 * TASK * bins).enumerate().for_each(|(task, lines)| {
            let count = lines.len() / (2 * bins);
            for (bin, column) in columns.chunks_exact(height).enumerate() {
                for (offset, value) in column[task * TASK..][..count].iter().enumerate() {
                    let factor = factor(task * TASK + offset, bin);
                    let at = 2 * (offset * bins + bin);
                    lines[at] = value.re * factor;
                    lines[at + 1] = value.im * factor;
                }
            }
        });
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::random::Stream;

    const SIZES: [(usize, usize); 9] = [(1, 1), (1, 6), (7, 1), (2, 2), (8, 4), (5, 9), (6, 7), (9, 6), (22, 17)];

    fn random(count: usize) -> Vec<f64> {
        let mut stream = Stream::new(1, "test", 0);
        (0..count).map(|_| stream.between(-1.0, 1.0)).collect()
    }

    /// By its definition: the sum over all waves, where those that are not stored are conjugates.
    fn slow_plane(spectrum: &[f64], width: usize, height: usize) -> Vec<f64> {
        let bins = bins(width);
        let mut plane = vec![0.0; width * height];
        for (index, value) in plane.iter_mut().enumerate() {
            for row in 0..height {
                for bin in 0..bins {
                    let turn =
                        (index / width * row) as f64 / height as f64 + (index % width * bin) as f64 / width as f64;
                    let at = 2 * (row * bins + bin);
                    let wave = spectrum[at] * (TAU * turn).cos() - spectrum[at + 1] * (TAU * turn).sin();
                    *value += if is_double(bin, width) { 2.0 * wave } else { wave };
                }
            }
        }
        plane
    }

    #[test]
    fn planes_are_sums_of_waves() {
        for (width, height) in SIZES {
            let transform = Transform::<f64>::new(Size { width, height });
            let spectrum = random(2 * height * bins(width));
            let mut plane = vec![0.0; width * height];
            transform.plane(&spectrum, |_, _| 1.0, &mut plane);
            for (found, expected) in plane.iter().zip(slow_plane(&spectrum, width, height)) {
                assert!((found - expected).abs() < 1e-12 * (width * height) as f64, "{width}x{height}");
            }
        }
    }

    #[test]
    fn a_plane_comes_back_from_its_spectrum() {
        for (width, height) in SIZES {
            let transform = Transform::<f64>::new(Size { width, height });
            let plane = random(width * height);
            let (mut spectrum, mut again) = (vec![0.0; 2 * height * bins(width)], vec![0.0; width * height]);
            transform.spectrum(&plane, |row, bin| 2.0 + (row + 3 * bin) as f64, &mut spectrum);
            let count = (width * height) as f64;
            transform.plane(&spectrum, |row, bin| 1.0 / (2.0 + (row + 3 * bin) as f64) / count, &mut again);
            let largest = plane.iter().zip(&again).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
            assert!(largest < 1e-13, "{width}x{height}: {largest}");
        }
    }
}
