//! The driver of a program without CUDA, which knows no GPUs.

use super::ComputeDevice;
use crate::gpu::{Gpu, GpuFindings, Obstacle, Precision};

fn not_built() -> Obstacle {
    let hint = "omit ‹device›, use ‹device› cpu, or build with --features cuda (text2art help gpu)";
    Obstacle::new("this program was built without CUDA", hint)
}

/// Opens the GPU of this number.
pub(super) fn open(_number: usize, _precision: Precision) -> Result<ComputeDevice, Obstacle> {
    Err(not_built())
}

/// Opens the first usable GPU.
pub(super) fn open_first(_precision: Precision) -> Result<ComputeDevice, Obstacle> {
    Err(not_built())
}

/// The GPUs that this program is built for.
#[must_use]
pub fn gpus() -> Vec<Gpu> {
    Vec::new()
}

/// Everything found about NVIDIA's GPUs.
#[must_use]
pub fn survey() -> GpuFindings {
    GpuFindings { problem: Some(not_built()), ..GpuFindings::default() }
}
