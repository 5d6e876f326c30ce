//! From a spectrum to waves, and back.

use std::sync::Arc;

use candle_core::{Error, Result};

use super::gains::Gains;
use super::tone::Logistic;
use super::transform::{Transform, bins, is_double};
use crate::frozen::cuda::layers::WavesOnDevice;
use crate::frozen::{Layer, on_gpu};
use crate::picture::{Size, Tile};

/// The waves of a spectrum: `[3, height, width / 2 + 1, 2]` to `[1, 3, height, width]`. Copies share their tables.
#[derive(Clone)]
pub(super) struct Waves<T: Logistic> {
    transform: Transform<T>,
    gains: Arc<Gains>,
}

impl<T: Logistic> Waves<T> {
    /// The waves of a picture of this size, whose strength falls with the frequency to the power of `decay`.
    pub(super) fn new(size: Size, decay: f64) -> Self {
        Self { transform: Transform::new(size), gains: Arc::new(Gains::new(size, decay)) }
    }

    /// The waves of a picture that is tiled. All waves of a picture go on beside it; if its copies there are lower, these are
    /// the waves of the picture and of one copy together ([`Self::size_of`]).
    pub(super) fn tiled(size: Size, decay: f64, tile: Option<Tile>) -> Self {
        if tile != Some(Tile::HalfDrop) {
            return Self::new(size, decay);
        }
        let transform = Transform::new(Self::size_of(size, tile));
        Self { transform, gains: Arc::new(Gains::of_half_drop(size, decay)) }
    }

    /// The size of the waves of a picture of this size.
    pub(super) fn size_of(picture: Size, tile: Option<Tile>) -> Size {
        let copies = if tile == Some(Tile::HalfDrop) { 2 } else { 1 };
        Size { width: picture.width.saturating_mul(copies), ..picture }
    }

    /// The dimensions of the spectrum of a picture.
    pub(super) fn dimensions(size: Size) -> [usize; 4] {
        [3, size.height, bins(size.width), 2]
    }

    /// The strength of a wave, by its row and bin in the spectrum.
    pub(super) fn gain(&self, row: usize, bin: usize) -> f64 {
        self.gains.of(row, bin)
    }

    pub(super) fn planes(&self, spectrum: &[T], waves: &mut [T]) {
        let gain = |row: usize, bin: usize| T::of(self.gains.of(row, bin));
        let channels = spectrum.chunks_exact(spectrum.len() / 3);
        for (spectrum, waves) in channels.zip(waves.chunks_exact_mut(self.area())) {
            self.transform.plane(spectrum, gain, waves);
        }
    }

    /// The gradient of the spectrum: the transform is linear, so it is its transpose. A column that stands for two waves
    /// counts twice.
    pub(super) fn gradient(&self, waves_gradient: &[T], spectrum_gradient: &mut [T]) {
        let width = self.transform.size().width;
        let factor =
            |row: usize, bin: usize| T::of(self.gains.of(row, bin) * if is_double(bin, width) { 2.0 } else { 1.0 });
        self.transformed(waves_gradient, factor, spectrum_gradient);
    }

    /// The spectrum of waves.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn spectrum(&self, waves: &[T], spectrum: &mut [T]) {
        let area = self.area() as f64;
        let factor = |row: usize, bin: usize| {
            let gain = self.gains.of(row, bin);
            // A wave without strength is not drawn, whatever its number.
            T::of(if gain > 0.0 { 1.0 / (area * gain) } else { 0.0 })
        };
        self.transformed(waves, factor, spectrum);
    }

    fn transformed(&self, planes: &[T], factor: impl Fn(usize, usize) -> T + Sync, spectrum: &mut [T]) {
        let length = spectrum.len() / 3;
        for (plane, spectrum) in planes.chunks_exact(self.area()).zip(spectrum.chunks_exact_mut(length)) {
            self.transform.spectrum(plane, &factor, spectrum);
        }
    }

    fn area(&self) -> usize {
        let Size { width, height } = self.transform.size();
        width * height
    }
}

impl Layer for Waves<f32> {
    fn name(&self) -> &'static str {
        "waves"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        let size = self.transform.size();
        let expected = Self::dimensions(size);
        if input_shape == expected {
            return Ok(vec![1, 3, size.height, size.width]);
        }
        Err(Error::Msg(format!("waves take {expected:?}, not {input_shape:?}")))
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn working_memory(&self, _: &[usize]) -> usize {
        // Two complex planes.
        2 * 2 * self.transform.size().height * bins(self.transform.size().width)
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        self.planes(input, output);
    }

    fn backward(&self, _: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        self.gradient(output_gradient, input_gradient);
    }

    on_gpu!(|layer, on| WavesOnDevice::new(layer.transform.size(), |row, bin| f32::of(layer.gain(row, bin)), on)?);
}
