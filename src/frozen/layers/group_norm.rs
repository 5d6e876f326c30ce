//! Group normalization and the activation that follows it, in one pass. Backwards, the moments and the activation
//! are recomputed; the formula is that of [`crate::frozen::LayerNorm`], over a group.

use candle_core::Result;
use rayon::prelude::*;

use super::layer_norm::moments;
use crate::frozen::arithmetic::vector::{BLOCK, sum, vectorized};
use crate::frozen::cuda::layers::GroupNormOnDevice;
use crate::frozen::{Activation, InPlace, Layer, in_place, on_gpu, unexpected_shape};

/// Normalizes groups of channels of `[batch, channels, height, width]` (Wu and He, 2018), then
/// applies SiLU if `silu`.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    pub(in crate::frozen) scale: Vec<f32>,
    pub(in crate::frozen) shift: Vec<f32>,
    pub(in crate::frozen) groups: usize,
    pub(in crate::frozen) epsilon: f64,
    pub(in crate::frozen) silu: bool,
}

impl GroupNorm {
    /// Creates the layer from γ and β, one of each per channel.
    ///
    /// # Panics
    /// If the lengths differ or are not a multiple of `groups`.
    #[must_use]
    pub fn new(scale: Vec<f32>, shift: Vec<f32>, groups: usize, epsilon: f64, silu: bool) -> Self {
        assert!(scale.len() == shift.len() && groups > 0 && scale.len().is_multiple_of(groups));
        Self { scale, shift, groups, epsilon, silu }
    }
}

impl GroupNorm {
    /// Elements of one channel and of one group.
    fn sizes(&self, shape: &[usize]) -> (usize, usize) {
        let area = shape[2] * shape[3];
        (area, area * (self.scale.len() / self.groups))
    }

    /// The first channel of the group at `index` among all groups of a batch.
    fn first_channel(&self, index: usize) -> usize {
        (index % self.groups) * (self.scale.len() / self.groups)
    }
}

impl Layer for GroupNorm {
    fn name(&self) -> &'static str {
        "group norm"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        if input_shape.len() == 4 && input_shape[1] == self.scale.len() {
            Ok(input_shape.to_vec())
        } else {
            let expected = format!("[batch, {}, height, width]", self.scale.len());
            unexpected_shape("group norm", &expected, input_shape)
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let (area, size) = self.sizes(shape);
        output.par_chunks_mut(size).zip(input.par_chunks(size)).enumerate().for_each(|(index, (output, input))| {
            let first = self.first_channel(index);
            vectorized(
                #[inline(always)]
                || {
                    let (mean, inverse) = moments(input, self.epsilon);
                    for (offset, (output, input)) in output.chunks_mut(area).zip(input.chunks(area)).enumerate() {
                        let scale = inverse * self.scale[first + offset];
                        let shift = self.shift[first + offset];
                        if self.silu {
                            for (y, x) in output.iter_mut().zip(input) {
                                *y = Activation::Silu.value((x - mean) * scale + shift);
                            }
                        } else {
                            for (y, x) in output.iter_mut().zip(input) {
                                *y = (x - mean) * scale + shift;
                            }
                        }
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

    on_gpu!(|layer, on| GroupNormOnDevice::new(layer, on)?);
}

impl InPlace for GroupNorm {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn backward_in_place(&self, shape: &[usize], input: &[f32], gradient: &mut [f32]) {
        let (area, size) = self.sizes(shape);
        gradient.par_chunks_mut(size).zip(input.par_chunks(size)).enumerate().for_each(|(index, (dx, x))| {
            let first_channel = self.first_channel(index);
            vectorized(
                #[inline(always)]
                || {
                    let (mean, inverse) = moments(x, self.epsilon);
                    let mut first = 0.0;
                    let mut second = 0.0;
                    for (offset, (dx, x)) in dx.chunks_mut(area).zip(x.chunks(area)).enumerate() {
                        let gamma = self.scale[first_channel + offset];
                        let shift = self.shift[first_channel + offset];
                        let scale = inverse * gamma;
                        let (mut of_gradient, mut of_product) = (0.0, 0.0);
                        // The sums read a block while it is in the cache.
                        for (dx, x) in dx.chunks_mut(BLOCK).zip(x.chunks(BLOCK)) {
                            if self.silu {
                                for (dx, x) in dx.iter_mut().zip(x) {
                                    *dx = *dx * gamma * Activation::Silu.derivative((x - mean) * scale + shift);
                                }
                            } else {
                                for dx in dx.iter_mut() {
                                    *dx *= gamma;
                                }
                            }
                            of_gradient += sum([dx], |[dx]| dx);
                            of_product += sum([dx, x], |[dx, x]| dx * ((x - mean) * inverse));
                        }
                        first += of_gradient;
                        second += of_product;
                    }
                    let first = (first / size as f64) as f32;
                    let second = (second / size as f64) as f32;
                    for (dx, x) in dx.iter_mut().zip(x) {
                        *dx = inverse * (*dx - first - (x - mean) * inverse * second);
                    }
                },
            );
        });
    }
}
