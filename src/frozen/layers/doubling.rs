//! Doubles a picture by repeating its pixels and convolves it with 3x3 kernels, in one step.

use std::sync::OnceLock;

use candle_core::Result;

use crate::frozen::arithmetic::winograd;
use crate::frozen::arithmetic::winograd::Evaluated;
use crate::frozen::cuda::layers::DoublingOnDevice;
use crate::frozen::{Layer, Padding, Rim, THREADS, on_gpu, unexpected_shape};

/// `[batch, inputs, h, w]` to `[batch, outputs, 2h, 2w]`: [`crate::frozen::Upsample`], then a convolution that
/// keeps the size, by Winograd's algorithm (`winograd/mod.rs` describes it and its memory).
#[derive(Clone, Debug)]
pub struct DoublingConvolution {
    /// `[outputs, inputs, 3, 3]`
    pub(in crate::frozen) weight: Vec<f32>,
    pub(in crate::frozen) bias: Vec<f32>,
    pub(in crate::frozen) inputs: usize,
    pub(in crate::frozen) outputs: usize,
    /// The kernels as Winograd's algorithm reads them, computed in the first pass
    evaluated: OnceLock<Evaluated>,
}

impl DoublingConvolution {
    /// Creates the layer from `weight` `[outputs, inputs, 3, 3]` and `bias` `[outputs]`.
    ///
    /// # Panics
    /// If the lengths do not match the dimensions.
    #[must_use]
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, inputs: usize, outputs: usize) -> Self {
        assert!(weight.len() == 9 * inputs * outputs && bias.len() == outputs);
        Self { weight, bias, inputs, outputs, evaluated: OnceLock::new() }
    }

    fn evaluated(&self) -> &Evaluated {
        self.evaluated.get_or_init(|| {
            let (kernels, _) = self.weight.as_chunks();
            let kernel = |output, input| kernels[output * self.inputs + input];
            Evaluated::new(kernel, self.inputs, self.outputs, true)
        })
    }
}

impl Layer for DoublingConvolution {
    fn name(&self) -> &'static str {
        "doubling convolution"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, channels, height, width] if channels == self.inputs && height * width > 0 => {
                Ok(vec![batch, self.outputs, 2 * height, 2 * width])
            }
            _ => unexpected_shape(
                "a doubling convolution",
                &format!("[batch, {}, height, width]", self.inputs),
                input_shape,
            ),
        }
    }

    /// The operations of the plain 3x3 convolution on the doubled picture.
    fn operations(&self, shape: &[usize]) -> u64 {
        (2 * 9 * 4 * self.outputs * shape.iter().product::<usize>()) as u64
    }

    fn rim(&self) -> Option<Rim> {
        Some(Rim { wider: Padding::uniform(1), cut: Padding::uniform(2) })
    }

    fn working_memory(&self, _: &[usize]) -> usize {
        THREADS * winograd::working_size(self.inputs, self.outputs, true)
    }

    /// The evaluated kernels, in addition to the original ones.
    fn lasting_memory(&self, _: &[usize]) -> usize {
        winograd::evaluated_size(self.inputs, self.outputs, true)
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        self.evaluated().forward((shape[2], shape[3]), &self.bias, input, output);
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        self.evaluated().backward((shape[2], shape[3]), output_gradient, input_gradient);
    }

    on_gpu!(|layer, on| DoublingOnDevice::new(layer, on)?);
}
