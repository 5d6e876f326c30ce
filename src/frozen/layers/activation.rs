//! Activation functions, element by element: GELU and SiLU of Hendrycks and Gimpel, Gaussian error linear units,
//! 2016, and the rectifier.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::arithmetic::vector::{erf, exp, sigmoid, vectorized};
use crate::frozen::{InPlace, Layer, in_place, on_gpu};

/// A function applied to each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x σ(x)
    Silu,
    /// x σ(1.702 x), OpenAI's approximation of GELU
    QuickGelu,
    /// x Φ(x)
    Gelu,
    /// max(x, 0)
    Relu,
}

const QUICK_GELU_SLOPE: f32 = 1.702;
const TILE: usize = 1 << 14;

impl Activation {
    /// The function's value.
    #[inline(always)]
    pub(in crate::frozen) fn value(self, x: f32) -> f32 {
        match self {
            Self::Silu => x * sigmoid(x),
            Self::QuickGelu => x * sigmoid(QUICK_GELU_SLOPE * x),
            Self::Gelu => x * normal_distribution(x),
            Self::Relu => x.max(0.0),
        }
    }

    /// The function's derivative.
    #[inline(always)]
    pub(in crate::frozen) fn derivative(self, x: f32) -> f32 {
        match self {
            Self::Silu => logistic_derivative(x, 1.0),
            Self::QuickGelu => logistic_derivative(x, QUICK_GELU_SLOPE),
            Self::Gelu => {
                let density =
                    exp(-0.5 * x * x) * (0.5 * std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2);
                normal_distribution(x) + x * density
            }
            Self::Relu => f32::from(x > 0.0),
        }
    }
}

/// d/dx of x σ(slope x)
#[inline(always)]
fn logistic_derivative(x: f32, slope: f32) -> f32 {
    let s = sigmoid(slope * x);
    s + slope * x * s * (1.0 - s)
}

/// Φ(x), the standard normal distribution function
#[inline(always)]
fn normal_distribution(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// Runs a loop with `KIND` as a constant: a loop that checks the kind for each element is not vectorized.
macro_rules! for_each_kind {
    ($kind:expr, $body:block) => {
        match $kind {
            Activation::Silu => {
                const KIND: Activation = Activation::Silu;
                $body
            }
            Activation::QuickGelu => {
                const KIND: Activation = Activation::QuickGelu;
                $body
            }
            Activation::Gelu => {
                const KIND: Activation = Activation::Gelu;
                $body
            }
            Activation::Relu => {
                const KIND: Activation = Activation::Relu;
                $body
            }
        }
    };
}

impl Layer for Activation {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        Ok(input_shape.to_vec())
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        output.par_chunks_mut(TILE).zip(input.par_chunks(TILE)).for_each(|(output, input)| {
            for_each_kind!(*self, {
                vectorized(
                    #[inline(always)]
                    || {
                        for (y, &x) in output.iter_mut().zip(input) {
                            *y = KIND.value(x);
                        }
                    },
                );
            });
        });
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        true
    }

    in_place!();

    on_gpu!(|layer, _on| *layer);
}

impl InPlace for Activation {
    fn backward_in_place(&self, _: &[usize], input: &[f32], gradient: &mut [f32]) {
        gradient.par_chunks_mut(TILE).zip(input.par_chunks(TILE)).for_each(|(gradient, input)| {
            for_each_kind!(*self, {
                vectorized(
                    #[inline(always)]
                    || {
                        for (dx, &x) in gradient.iter_mut().zip(input) {
                            *dx *= KIND.derivative(x);
                        }
                    },
                );
            });
        });
    }
}
