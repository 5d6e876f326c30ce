//! Clamping that lets a gradient through if it leads back into the range.

use candle_core::Result;

use crate::frozen::{Layer, on_gpu};

/// Limits each element to `minimum ..= maximum`.
///
/// A gradient g passes if g · (x − clamp(x)) ≥ 0: an element outside the range is only ever pulled back
/// in (`ClampWithGrad` of the VQGAN+CLIP programs).
#[derive(Clone, Copy, Debug)]
pub struct Clamp {
    /// Lower limit
    pub minimum: f32,
    /// Upper limit
    pub maximum: f32,
}

impl Layer for Clamp {
    fn name(&self) -> &'static str {
        "clamp"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        Ok(input_shape.to_vec())
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        for (y, x) in output.iter_mut().zip(input) {
            *y = x.clamp(self.minimum, self.maximum);
        }
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        true
    }

    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        for ((dx, x), dy) in input_gradient.iter_mut().zip(input).zip(output_gradient) {
            let excess = x - x.clamp(self.minimum, self.maximum);
            *dx = if dy * excess >= 0.0 { *dy } else { 0.0 };
        }
    }

    on_gpu!(|layer, _on| *layer);
}
