//! The sum of squares.

use candle_core::Result;

use crate::frozen::cuda::layers::SquareSumOnDevice;
use crate::frozen::{Layer, on_gpu, unexpected_shape};

/// `factor · Σ (x − from)²`, one number `[]`; if `from` is empty, the sum of the squares themselves.
#[derive(Clone, Debug)]
pub struct SquareSum {
    /// As many numbers as the input has, or none
    pub(in crate::frozen) from: Vec<f32>,
    pub(in crate::frozen) factor: f32,
}

impl SquareSum {
    /// The sum of the squares of the numbers themselves.
    #[must_use]
    pub fn new() -> Self {
        Self { from: Vec::new(), factor: 1.0 }
    }

    /// `weight` times the mean of the squared differences from given numbers, which must not be empty.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub fn mean_from(from: Vec<f32>, weight: f64) -> Self {
        let factor = (weight / from.len() as f64) as f32;
        Self { from, factor }
    }

    /// The difference of each number.
    fn apart<'a>(&'a self, input: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let from = self.from.iter().copied().chain(std::iter::repeat(0.0));
        input.iter().zip(from).map(|(x, from)| x - from)
    }
}

impl Default for SquareSum {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for SquareSum {
    fn name(&self) -> &'static str {
        "sum of squares"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        let count = input_shape.iter().product::<usize>();
        if !self.from.is_empty() && self.from.len() != count {
            return unexpected_shape(self.name(), &format!("{} numbers", self.from.len()), input_shape);
        }
        Ok(Vec::new())
    }

    #[allow(clippy::cast_possible_truncation)]
    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        let sum: f64 = self.apart(input).map(|apart| f64::from(apart) * f64::from(apart)).sum();
        output[0] = (f64::from(self.factor) * sum) as f32;
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        true
    }

    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let factor = 2.0 * self.factor * output_gradient[0];
        for (dx, apart) in input_gradient.iter_mut().zip(self.apart(input)) {
            *dx = factor * apart;
        }
    }

    on_gpu!(|layer, on| SquareSumOnDevice::new(layer, on)?);
}
