//! A scale and a shift for each channel.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::cuda::layers::AffineOnDevice;
use crate::frozen::{Layer, on_gpu, unexpected_shape};

/// y = scale · x + shift for each channel of `[batch, channels, height, width]`.
#[derive(Clone, Debug)]
pub struct ChannelAffine {
    pub(in crate::frozen) scale: Vec<f32>,
    pub(in crate::frozen) shift: Vec<f32>,
}

impl ChannelAffine {
    /// Creates the layer from one scale and one shift per channel.
    ///
    /// # Panics
    /// If the numbers of scales and shifts differ.
    #[must_use]
    pub fn new(scale: Vec<f32>, shift: Vec<f32>) -> Self {
        assert!(scale.len() == shift.len());
        Self { scale, shift }
    }
}

impl Layer for ChannelAffine {
    fn name(&self) -> &'static str {
        "channel affine"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        if input_shape.len() == 4 && input_shape[1] == self.scale.len() {
            return Ok(input_shape.to_vec());
        }
        unexpected_shape("a channel affine", &format!("[batch, {}, height, width]", self.scale.len()), input_shape)
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let area = shape[2] * shape[3];
        output.par_chunks_mut(area).zip(input.par_chunks(area)).enumerate().for_each(|(index, (output, input))| {
            let channel = index % self.scale.len();
            let (scale, shift) = (self.scale[channel], self.shift[channel]);
            for (y, x) in output.iter_mut().zip(input) {
                *y = scale * x + shift;
            }
        });
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let area = shape[2] * shape[3];
        let channels = input_gradient.par_chunks_mut(area).zip(output_gradient.par_chunks(area));
        channels.enumerate().for_each(|(index, (dx, dy))| {
            let scale = self.scale[index % self.scale.len()];
            for (dx, dy) in dx.iter_mut().zip(dy) {
                *dx = scale * dy;
            }
        });
    }

    on_gpu!(|layer, on| AffineOnDevice::new(layer, on)?);
}
