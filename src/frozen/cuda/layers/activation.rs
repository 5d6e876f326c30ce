//! Activation functions on a device.

use candle_core::Result;

use crate::frozen::Activation;
use crate::frozen::cuda::accelerator::{blocks, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

/// The number of the kind in `activation.cu`.
fn kind(activation: Activation) -> i32 {
    match activation {
        Activation::Silu => 0,
        Activation::QuickGelu => 1,
        Activation::Gelu => 2,
        Activation::Relu => 3,
    }
}

impl Resident for Activation {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], input: &Slice, output: &Slice) -> Result<()> {
        let count = input.len();
        launch!(on, "activation", "activation_forward", blocks(count), input, output, kind(*self), long(count))
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let count = x.len();
        launch!(on, "activation", "activation_backward", blocks(count), x, dy, dx, kind(*self), long(count))
    }
}
