//! The codebook: its vectors, the nearest one to a point, and the step that lets gradients past it.

use candle_core::{Device, Tensor};

use super::Config;
#[cfg(any(feature = "cuda", test))]
use crate::frozen::cuda::layers::StraightThroughOnDevice;
use crate::frozen::{self, Convolution, Layer, Matrix, MatrixMut, Products, Window, multiply};
use crate::models::Weights;
use crate::{Error, Result};

/// The vectors a latent is made of.
pub struct Codebook {
    /// `[codes, dim]`
    vectors: Vec<f32>,
    /// ‖e‖² / 2 of each vector
    half_norms: Vec<f32>,
    dim: usize,
    /// Rates codes for an encoded picture, in a Gumbel codebook
    ratings: Option<Convolution>,
    /// Smallest and largest value of each channel
    range: Vec<(f32, f32)>,
}

/// Positions whose distances to all codes are held at a time.
const TILE: usize = 256;

impl Codebook {
    pub(super) fn load(weights: &Weights, config: &Config) -> Result<Self> {
        let (codes, dim) = (config.codes, config.embedding_dim);
        let gumbel = weights.contains("quantize.embed.weight");
        let (vectors, ratings) = if gumbel {
            let weight = weights.tensor("quantize.proj.weight", &[codes, dim, 1, 1])?;
            let bias = weights.tensor("quantize.proj.bias", &[codes])?;
            let ratings = Convolution::new(weight, bias, dim, codes, Window::same(1));
            (weights.tensor("quantize.embed.weight", &[codes, dim])?, Some(ratings))
        } else {
            (weights.tensor("quantize.embedding.weight", &[codes, dim])?, None)
        };
        let half_norms = vectors.chunks(dim).map(|vector| vector.iter().map(|x| x * x).sum::<f32>() / 2.0).collect();
        let mut range = vec![(f32::INFINITY, f32::NEG_INFINITY); dim];
        for vector in vectors.chunks(dim) {
            for ((low, high), x) in range.iter_mut().zip(vector) {
                (*low, *high) = (low.min(*x), high.max(*x));
            }
        }
        Ok(Self { vectors, half_norms, dim, ratings, range })
    }

    /// Number of vectors.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.half_norms.len()
    }

    /// Channels of a vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The code nearest to each position of `[1, dim, h, w]`, row by row; the first of equals.
    ///
    /// # Errors
    /// Where the latent has other dimensions.
    pub fn nearest(&self, latent: &Tensor) -> Result<Vec<u32>> {
        let (_, dim, height, width) = latent.dims4()?;
        if dim != self.dim {
            return Err(Error::fault(format!("a latent has {dim} channels, the codebook {}", self.dim)));
        }
        let values = latent.detach().flatten_all()?.to_vec1::<f32>()?;
        let positions = height * width;
        let codes = self.codes();
        let mut nearest = Vec::with_capacity(positions);
        for first in (0..positions).step_by(TILE) {
            let count = TILE.min(positions - first);
            // ‖z − e‖² is smallest where z·e − ‖e‖²/2 is largest.
            let mut closeness = vec![0.0; count * codes];
            for row in closeness.chunks_mut(codes) {
                for (closeness, half_norm) in row.iter_mut().zip(&self.half_norms) {
                    *closeness = -half_norm;
                }
            }
            multiply(
                &mut MatrixMut::dense(&mut closeness, count, codes),
                Matrix::new(&values[first..], count, dim, 1, positions),
                Matrix::dense(&self.vectors, codes, dim).transposed(),
                Products { accumulate: true, parallel: true, scale: 1.0 },
            );
            nearest.extend(closeness.chunks(codes).map(|row| index_of_largest(row.iter())));
        }
        Ok(nearest)
    }

    /// The codes of an encoded picture.
    pub(super) fn quantize(&self, encoded: &Tensor) -> Result<Vec<u32>> {
        let Some(ratings) = &self.ratings else { return self.nearest(encoded) };
        let ratings = frozen::apply(ratings.clone(), encoded)?;
        let (_, codes, height, width) = ratings.dims4()?;
        let ratings = ratings.flatten_all()?.to_vec1::<f32>()?;
        let positions = height * width;
        let rating = |position: usize| (0..codes).map(move |code| code * positions + position);
        Ok((0..positions).map(|position| index_of_largest(rating(position).map(|index| &ratings[index]))).collect())
    }

    /// The latent of codes that stand row by row.
    pub(super) fn lookup(&self, codes: &[u32], height: usize, width: usize, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_vec(self.channels_first(codes)?, (1, self.dim, height, width), device)?)
    }

    /// `[dim, positions]`
    fn channels_first(&self, codes: &[u32]) -> Result<Vec<f32>> {
        let mut values = vec![0.0; codes.len() * self.dim];
        for (position, &code) in codes.iter().enumerate() {
            let start = code as usize * self.dim;
            let vector = self.vectors.get(start..start + self.dim).ok_or_else(|| {
                Error::usage(format!("there is no code {code}"), format!("the codebook has {} codes", self.codes()))
            })?;
            for (channel, value) in vector.iter().enumerate() {
                values[channel * codes.len() + position] = *value;
            }
        }
        Ok(values)
    }

    /// Replaces each position by its nearest code's vector; the gradient passes as if it had not
    /// (the straight-through estimator of van den Oord et al., 2017).
    ///
    /// # Errors
    /// Where the latent has other dimensions.
    pub fn straight_through(&self, latent: &Tensor) -> Result<Tensor> {
        let vectors = self.channels_first(&self.nearest(latent)?)?;
        Ok(frozen::apply(StraightThrough(vectors), latent)?)
    }

    /// Moves each channel of `[1, dim, h, w]` into the range its codes span.
    ///
    /// # Errors
    /// Where the latent has other dimensions.
    pub fn clamp(&self, latent: &Tensor) -> Result<Tensor> {
        let bound = |choose: fn(&(f32, f32)) -> f32| {
            Tensor::from_vec(self.range.iter().map(choose).collect(), (1, self.dim, 1, 1), latent.device())
        };
        let (low, high) = (bound(|range| range.0)?, bound(|range| range.1)?);
        Ok(latent.detach().broadcast_maximum(&low)?.broadcast_minimum(&high)?)
    }
}

/// Values that take an input's place, while its gradient passes unchanged.
struct StraightThrough(Vec<f32>);

impl Layer for StraightThrough {
    fn name(&self) -> &'static str {
        "straight-through"
    }

    fn output_shape(&self, input_shape: &[usize]) -> candle_core::Result<Vec<usize>> {
        Ok(input_shape.to_vec())
    }

    fn forward(&self, _: &[usize], _: &[f32], output: &mut [f32]) {
        output.copy_from_slice(&self.0);
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, _: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        input_gradient.copy_from_slice(output_gradient);
    }

    frozen::on_gpu!(|layer, on| StraightThroughOnDevice::new(&layer.0, on)?);
}

#[allow(clippy::cast_possible_truncation)]
fn index_of_largest<'a>(values: impl Iterator<Item = &'a f32>) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &value) in values.enumerate() {
        if value > best.1 {
            best = (index as u32, value);
        }
    }
    best.0
}
