//! Doubles a picture's sides by repeating each pixel.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::{Layer, on_gpu, unexpected_shape};

/// Nearest-neighbor enlargement by two: `[batch, channels, h, w]` to `[batch, channels, 2h, 2w]`.
#[derive(Clone, Copy, Debug)]
pub struct Upsample;

impl Layer for Upsample {
    fn name(&self) -> &'static str {
        "upsample"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, channels, height, width] => Ok(vec![batch, channels, 2 * height, 2 * width]),
            _ => unexpected_shape("upsample", "[batch, channels, height, width]", input_shape),
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let width = shape[3];
        output.par_chunks_mut(4 * width).zip(input.par_chunks(width)).for_each(|(output, input)| {
            let (upper, lower) = output.split_at_mut(2 * width);
            for (pair, x) in upper.chunks_exact_mut(2).zip(input) {
                pair.fill(*x);
            }
            lower.copy_from_slice(upper);
        });
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let width = shape[3];
        input_gradient.par_chunks_mut(width).zip(output_gradient.par_chunks(4 * width)).for_each(|(dx, dy)| {
            let (upper, lower) = dy.split_at(2 * width);
            for ((dx, upper), lower) in dx.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
                *dx = (upper[0] + upper[1]) + (lower[0] + lower[1]);
            }
        });
    }

    on_gpu!(|layer, _on| *layer);
}
