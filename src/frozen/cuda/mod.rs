//! Layers on NVIDIA's GPUs, in both directions.
//!
//! Each layer has a twin here, a [`Resident`], that keeps the layer's frozen weights in the device's memory and asks
//! an [`Accelerator`] for kernels (`kernels/`, compiled to PTX by `build.rs`) and matrix products. There are two
//! accelerators: the card (`card.rs`), and in tests an emulation on the CPU, which runs the same kernels.
//! The same bytes come out every time: everything runs on one stream, reductions have a fixed shape, and nothing is
//! added in floating point by several threads at once.

pub mod accelerator;
#[cfg(feature = "cuda")]
mod card;
mod count;
#[cfg(feature = "cudnn")]
mod cudnn;
#[cfg(test)]
mod emulation;
pub(super) mod execution;
#[cfg(any(feature = "cudnn", test))]
mod halves;
pub(crate) mod layers;
#[cfg(feature = "cuda")]
pub(super) mod operation;
#[cfg(test)]
mod tests;

use candle_core::Result;

pub use accelerator::{Accelerator, Slice};
pub use count::GpuCount;

/// Sets a GPU up for layers, whose products have this precision from then on.
///
/// # Errors
/// If the device is none, or its libraries cannot be set up.
#[cfg(feature = "cuda")]
pub fn prepare(device: &candle_core::Device, precision: crate::gpu::Precision) -> Result<()> {
    card::Card::prepare(device.as_cuda_device()?, precision)
}

/// A layer whose frozen weights lie in a device's memory. Both passes write every number of what they write.
pub trait Resident: Send + Sync {
    /// Writes `output`.
    ///
    /// # Errors
    /// If the device fails.
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], input: &Slice, output: &Slice) -> Result<()>;

    /// Writes the gradient of the input, given that of the output; `input` is empty where the layer needs none, and
    /// both gradients are the same memory where it is one that works in place. `shape` is the input's.
    ///
    /// # Errors
    /// If the device fails.
    fn backward(
        &self,
        on: &dyn Accelerator,
        shape: &[usize],
        input: &Slice,
        output_gradient: &Slice,
        input_gradient: &Slice,
    ) -> Result<()>;
}

/// A kernel by its file and its name.
macro_rules! kernel {
    ($file:literal, $name:literal) => {
        $crate::frozen::cuda::accelerator::Kernel { file: $file, name: $name }
    };
}
pub(crate) use kernel;

/// Launches a kernel: device, file and name, blocks, arguments.
macro_rules! launch {
    ($on:expr, $file:literal, $name:literal, $blocks:expr, $($argument:expr),+ $(,)?) => {
        $on.launch($crate::frozen::cuda::kernel!($file, $name), $blocks, &[$($argument.into()),+])
    };
}
pub(crate) use launch;
