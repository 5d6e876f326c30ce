//! Replaces each position by the nearest of some vectors, while the gradient passes through unchanged (the
//! straight-through estimator of van den Oord et al., Neural discrete representation learning, 2017).

use std::sync::Arc;

use candle_core::Result;

use crate::frozen::cuda::layers::NearestOnDevice;
use crate::frozen::{InPlace, Layer, Matrix, MatrixMut, Products, in_place, multiply, on_gpu, unexpected_shape};

/// `[batch, length, h, w]` to the same shape. Clones share the vectors.
#[derive(Clone, Debug)]
pub struct NearestVectors(Arc<Vectors>);

#[derive(Debug)]
struct Vectors {
    /// `[count, length]`
    values: Vec<f32>,
    /// ‖e‖² / 2 of each
    half_norms: Vec<f32>,
    length: usize,
}

/// Number of positions whose distances to all vectors are held at a time.
const TILE: usize = 256;

impl NearestVectors {
    /// Creates the layer from vectors of the given length, one after the other.
    #[must_use]
    pub fn new(values: Vec<f32>, length: usize) -> Self {
        let half_norm = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>() / 2.0;
        let half_norms = values.chunks(length).map(half_norm).collect();
        Self(Arc::new(Vectors { values, half_norms, length }))
    }

    /// Number of vectors.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.half_norms.len()
    }

    /// Length of each vector.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.length
    }

    /// All vectors, `[count, length]`.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.0.values
    }

    /// ‖e‖² / 2 of each vector.
    #[must_use]
    pub fn half_norms(&self) -> &[f32] {
        &self.0.half_norms
    }

    /// The index of the nearest vector for each position of `[length, positions]`; of equals, the first.
    #[must_use]
    pub fn nearest(&self, picture: &[f32], positions: usize) -> Vec<u32> {
        let (count, length) = (self.count(), self.length());
        let mut nearest = Vec::with_capacity(positions);
        for first in (0..positions).step_by(TILE) {
            let some = TILE.min(positions - first);
            // ‖z − e‖² is smallest where z·e − ‖e‖²/2 is largest.
            let mut closeness = vec![0.0; some * count];
            for row in closeness.chunks_mut(count) {
                for (closeness, half_norm) in row.iter_mut().zip(self.half_norms()) {
                    *closeness = -half_norm;
                }
            }
            multiply(
                &mut MatrixMut::dense(&mut closeness, some, count),
                Matrix::new(&picture[first..], some, length, 1, positions),
                Matrix::dense(self.values(), count, length).transposed(),
                Products { accumulate: true, parallel: true, scale: 1.0 },
            );
            nearest.extend(closeness.chunks(count).map(|row| index_of_largest(row.iter())));
        }
        nearest
    }

    /// Writes vectors to `[length, positions]`.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn look_up(&self, indices: &[u32], picture: &mut [f32]) {
        for (position, &index) in indices.iter().enumerate() {
            let vector = &self.values()[index as usize * self.length()..][..self.length()];
            for (channel, value) in vector.iter().enumerate() {
                picture[channel * indices.len() + position] = *value;
            }
        }
    }
}

impl Layer for NearestVectors {
    fn name(&self) -> &'static str {
        "nearest vectors"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [_, length, _, _] if length == self.length() => Ok(input_shape.to_vec()),
            _ => unexpected_shape(self.name(), &format!("{} channels", self.length()), input_shape),
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let positions = shape[2] * shape[3];
        let size = shape[1] * positions;
        for (input, output) in input.chunks(size).zip(output.chunks_mut(size)) {
            self.look_up(&self.nearest(input, positions), output);
        }
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    in_place!();

    on_gpu!(|layer, on| NearestOnDevice::new(layer, on)?);
}

impl InPlace for NearestVectors {
    fn backward_in_place(&self, _: &[usize], _: &[f32], _: &mut [f32]) {}
}

/// The index of the largest; of equals, or of NaNs, the first.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn index_of_largest<'a>(values: impl Iterator<Item = &'a f32>) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &value) in values.enumerate() {
        if value > best.1 {
            best = (index as u32, value);
        }
    }
    best.0
}
