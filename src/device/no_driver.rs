//! What a program without CUDA knows of NVIDIA's GPUs: nothing.

use super::ComputeDevice;
use crate::gpu::{GpuFindings, Obstacle, Precision};

fn not_built() -> Obstacle {
    let hint = "leave --device out, use --device cpu, or build with --features cuda (text2art help gpu)";
    Obstacle::new("this program was built without CUDA", hint)
}

/// Opens the GPU of this number.
pub(super) fn open(_number: usize, _precision: Precision) -> Result<ComputeDevice, Obstacle> {
    Err(not_built())
}

/// Opens the first GPU that can be used.
pub(super) fn open_first(_precision: Precision) -> Result<ComputeDevice, Obstacle> {
    Err(not_built())
}

/// What there is of NVIDIA's here.
#[must_use]
pub fn survey() -> GpuFindings {
    GpuFindings { problem: Some(not_built()), ..GpuFindings::default() }
}
