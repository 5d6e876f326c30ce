//! Layer normalization over the last dimension.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::arithmetic::vector::{sum, vectorized};
use crate::frozen::cuda::layers::LayerNormOnDevice;
use crate::frozen::{InPlace, Layer, in_place, on_gpu, unexpected_shape};

/// y = (x − mean) / √(variance + ε) · γ + β over the last dimension (Ba et al., 2016).
///
/// Backwards, with n the normalized numbers and g = γ dy: dx = (g − mean(g) − n mean(g n)) / √(variance + ε).
#[derive(Clone, Debug)]
pub struct LayerNorm {
    pub(in crate::frozen) scale: Vec<f32>,
    pub(in crate::frozen) shift: Vec<f32>,
    pub(in crate::frozen) epsilon: f64,
}

impl LayerNorm {
    /// Creates the layer from γ and β, one of each per channel.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn new(scale: Vec<f32>, shift: Vec<f32>, epsilon: f64) -> Self {
        assert!(scale.len() == shift.len());
        Self { scale, shift, epsilon }
    }
}

/// Mean and inverse standard deviation of a slice, in two passes.
#[inline(always)]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
pub(in crate::frozen) fn moments(values: &[f32], epsilon: f64) -> (f32, f32) {
    let count = values.len() as f64;
    let mean = (sum([values], |[x]| x) / count) as f32;
    let variance = sum([values], |[x]| (x - mean) * (x - mean)) / count;
    (mean, (1.0 / (variance + epsilon).sqrt()) as f32)
}

impl Layer for LayerNorm {
    fn name(&self) -> &'static str {
        "layer norm"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        if input_shape.last() == Some(&self.scale.len()) {
            Ok(input_shape.to_vec())
        } else {
            unexpected_shape("layer norm", &format!("{} channels", self.scale.len()), input_shape)
        }
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        let channels = self.scale.len();
        output.par_chunks_mut(channels).zip(input.par_chunks(channels)).for_each(|(output, input)| {
            vectorized(
                #[inline(always)]
                || {
                    let (mean, inverse) = moments(input, self.epsilon);
                    for (((y, x), scale), shift) in output.iter_mut().zip(input).zip(&self.scale).zip(&self.shift) {
                        *y = (x - mean) * inverse * scale + shift;
                    }
                },
            );
        });
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        true
    }

    in_place!();

    on_gpu!(|layer, on| LayerNormOnDevice::new(layer, on)?);
}

impl InPlace for LayerNorm {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn backward_in_place(&self, _: &[usize], input: &[f32], gradient: &mut [f32]) {
        let channels = self.scale.len();
        gradient.par_chunks_mut(channels).zip(input.par_chunks(channels)).for_each(|(dx, x)| {
            vectorized(
                #[inline(always)]
                || {
                    let (mean, inverse) = moments(x, self.epsilon);
                    let scale = &self.scale[..x.len()];
                    let dx = &mut dx[..x.len()];
                    let average = |total: f64| (total / channels as f64) as f32;
                    let first = average(sum([dx, scale], |[dx, scale]| dx * scale));
                    let second = average(sum([dx, scale, x], |[dx, scale, x]| dx * scale * (x - mean) * inverse));
                    for (i, dx) in dx.iter_mut().enumerate() {
                        let normalised = (x[i] - mean) * inverse;
                        *dx = inverse * (*dx * scale[i] - first - normalised * second);
                    }
                },
            );
        });
    }
}
