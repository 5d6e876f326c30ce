//! The fully connected layer.

use candle_core::Result;

use crate::frozen::cuda::layers::LinearOnDevice;
use crate::frozen::{Layer, Matrix, MatrixMut, multiply_weights, on_gpu, unexpected_shape};

/// Rows that are this many elements (4 KiB) apart, or a multiple, share the same cache lines and evict each
/// other.
const PAGE: usize = 1024;
/// Elements of a cache line, which separate such rows.
const LINE: usize = 16;

/// y = W x + b over the last dimension: `[.., inputs]` to `[.., outputs]`; a matrix product in both directions.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[outputs, stride]`, of which the first `inputs` columns are used
    pub(in crate::frozen) weight: Vec<f32>,
    pub(in crate::frozen) stride: usize,
    pub(in crate::frozen) bias: Option<Vec<f32>>,
    pub(in crate::frozen) inputs: usize,
    pub(in crate::frozen) outputs: usize,
}

impl Linear {
    /// Creates the layer from `weight` `[outputs, inputs]` and `bias` `[outputs]`.
    ///
    /// # Panics
    /// If the lengths do not match the dimensions.
    #[must_use]
    pub fn new(weight: Vec<f32>, bias: Option<Vec<f32>>, inputs: usize, outputs: usize) -> Self {
        assert!(weight.len() == inputs * outputs && bias.as_ref().is_none_or(|b| b.len() == outputs));
        if !inputs.is_multiple_of(PAGE) {
            return Self { weight, stride: inputs, bias, inputs, outputs };
        }
        let stride = inputs + LINE;
        let mut apart = vec![0.0; outputs * stride];
        for (apart, row) in apart.chunks_mut(stride).zip(weight.chunks(inputs)) {
            apart[..inputs].copy_from_slice(row);
        }
        Self { weight: apart, stride, bias, inputs, outputs }
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix::new(&self.weight, self.outputs, self.inputs, self.stride, 1)
    }
}

impl Layer for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match input_shape.split_last() {
            Some((&last, rest)) if last == self.inputs => Ok([rest, &[self.outputs]].concat()),
            _ => unexpected_shape("a linear layer", &format!("{} inputs", self.inputs), input_shape),
        }
    }

    fn operations(&self, shape: &[usize]) -> u64 {
        (2 * shape.iter().product::<usize>() * self.outputs) as u64
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        let rows = input.len() / self.inputs;
        multiply_weights(
            &mut MatrixMut::dense(output, rows, self.outputs),
            Matrix::dense(input, rows, self.inputs),
            self.matrix().transposed(),
            self.bias.as_deref(),
        );
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, _: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let rows = output_gradient.len() / self.outputs;
        multiply_weights(
            &mut MatrixMut::dense(input_gradient, rows, self.inputs),
            Matrix::dense(output_gradient, rows, self.outputs),
            self.matrix(),
            None,
        );
    }

    on_gpu!(|layer, on| LinearOnDevice::new(layer, on)?);
}
