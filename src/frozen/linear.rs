//! The fully connected layer.

use candle_core::Result;
use rayon::prelude::*;

use super::{Layer, Matrix, MatrixMut, Products, multiply, unexpected_shape};

/// y = W x + b over the last dimension: `[.., inputs]` to `[.., outputs]`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Vec<f32>,
    bias: Option<Vec<f32>>,
    inputs: usize,
    outputs: usize,
}

impl Linear {
    /// From `weight` `[outputs, inputs]` and `bias` `[outputs]`.
    ///
    /// # Panics
    /// Where the lengths do not fit the dimensions.
    #[must_use]
    pub fn new(weight: Vec<f32>, bias: Option<Vec<f32>>, inputs: usize, outputs: usize) -> Self {
        assert!(weight.len() == inputs * outputs && bias.as_ref().is_none_or(|b| b.len() == outputs));
        Self { weight, bias, inputs, outputs }
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
        if let Some(bias) = &self.bias {
            output.par_chunks_mut(self.outputs).for_each(|row| row.copy_from_slice(bias));
        }
        let rows = input.len() / self.inputs;
        multiply(
            &mut MatrixMut::dense(output, rows, self.outputs),
            Matrix::dense(input, rows, self.inputs),
            Matrix::dense(&self.weight, self.outputs, self.inputs).transposed(),
            Products { accumulate: self.bias.is_some(), parallel: true, scale: 1.0 },
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
        multiply(
            &mut MatrixMut::dense(input_gradient, rows, self.inputs),
            Matrix::dense(output_gradient, rows, self.outputs),
            Matrix::dense(&self.weight, self.outputs, self.inputs),
            Products { accumulate: false, parallel: true, scale: 1.0 },
        );
    }
}
