//! Layers on NVIDIA's GPUs, in both directions.
//!
//! Each layer has a twin here, a [`Resident`], which keeps the layer's frozen weights in the device's memory and runs
//! kernels (`kernels/`, compiled to PTX by `build.rs`) and matrix products on an [`Accelerator`]. There are two
//! accelerators: the card (`card.rs`) and, in tests, an emulation on the CPU that runs the same kernels.
//! The results have the same bytes every time: everything runs on one stream, reductions have a fixed shape, and
//! several threads never add floating-point numbers to the same place at once.

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

/// Sets up a GPU for layers, whose products then have this precision.
///
/// # Errors
/// If the device is not a GPU, or its libraries cannot be set up.
#[cfg(feature = "cuda")]
pub fn prepare(device: &candle_core::Device, precision: crate::gpu::Precision) -> Result<()> {
    card::Card::prepare(device.as_cuda_device()?, precision)
}

/// Returns the memory of all GPUs that waits for the next request to the system, and forgets what was chosen for the shapes
/// so far, as if nothing had been computed yet. For a process that may compute nothing for a while.
#[cfg(feature = "cuda")]
pub fn forget_runs() {
    card::Card::forget_runs();
}

/// A layer with its frozen weights in a device's memory. Both passes write every number of their result.
pub trait Resident: Send + Sync {
    /// Computes `output`.
    ///
    /// # Errors
    /// If the device fails.
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], input: &Slice, output: &Slice) -> Result<()>;

    /// Computes the gradient of the input from the gradient of the output. `input` is empty if the layer does not need
    /// it, and both gradients are the same memory if the layer works in place. `shape` is the input's.
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

/// A kernel, by file and name.
macro_rules! kernel {
    ($file:literal, $name:literal) => {
        $crate::frozen::cuda::accelerator::Kernel { file: $file, name: $name }
    };
}
pub(crate) use kernel;

/// Launches a kernel, given device, file, name, blocks and arguments.
macro_rules! launch {
    ($on:expr, $file:literal, $name:literal, $blocks:expr, $($argument:expr),+ $(,)?) => {
        $on.launch($crate::frozen::cuda::kernel!($file, $name), $blocks, &[$($argument.into()),+])
    };
}
pub(crate) use launch;
