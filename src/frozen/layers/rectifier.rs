//! Rectifiers that let a share of negative numbers through: leaky (Maas et al., Rectifier nonlinearities improve neural
//! network acoustic models, 2013) and parametric ones (He et al., Delving deep into rectifiers, 2015).

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::arithmetic::vector::vectorized;
use crate::frozen::cuda::layers::LeakyRectifierOnDevice;
use crate::frozen::{InPlace, Layer, in_place, on_gpu, unexpected_shape};

/// y = x for x above 0, otherwise slope · x, with a slope for each channel of `[batch, channels, height, width]`.
#[derive(Clone, Debug)]
pub struct LeakyRectifier {
    pub(in crate::frozen) slopes: Vec<f32>,
}

impl LeakyRectifier {
    /// Creates the layer from one slope per channel.
    #[must_use]
    pub fn new(slopes: Vec<f32>) -> Self {
        Self { slopes }
    }
}

impl Layer for LeakyRectifier {
    fn name(&self) -> &'static str {
        "leaky rectifier"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        if input_shape.len() == 4 && input_shape[1] == self.slopes.len() {
            return Ok(input_shape.to_vec());
        }
        unexpected_shape("a leaky rectifier", &format!("[batch, {}, height, width]", self.slopes.len()), input_shape)
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let area = shape[2] * shape[3];
        output.par_chunks_mut(area).zip(input.par_chunks(area)).enumerate().for_each(|(index, (output, input))| {
            let slope = self.slopes[index % self.slopes.len()];
            vectorized(
                #[inline(always)]
                || {
                    for (y, &x) in output.iter_mut().zip(input) {
                        *y = if x > 0.0 { x } else { slope * x };
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

    on_gpu!(|layer, on| LeakyRectifierOnDevice::new(layer, on)?);
}

impl InPlace for LeakyRectifier {
    fn backward_in_place(&self, shape: &[usize], input: &[f32], gradient: &mut [f32]) {
        let area = shape[2] * shape[3];
        gradient.par_chunks_mut(area).zip(input.par_chunks(area)).enumerate().for_each(|(index, (gradient, input))| {
            let slope = self.slopes[index % self.slopes.len()];
            for (dx, &x) in gradient.iter_mut().zip(input) {
                *dx *= if x > 0.0 { 1.0 } else { slope };
            }
        });
    }
}
