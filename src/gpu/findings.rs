//! NVIDIA GPUs, and what is known about the ones in this machine.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Obstacle;

/// An NVIDIA GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// The driver's number for it: 1 is `cuda:1`
    pub number: usize,
    /// Its name, as the driver reports it
    pub name: String,
    /// What it can compute
    pub compute_capability: ComputeCapability,
    /// Total memory, in bytes
    pub total_memory: u64,
    /// Memory that was free when the GPU was opened, in bytes; none before
    pub free_memory: Option<u64>,
}

impl fmt::Display for Gpu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cuda:{} ({})", self.number, self.name)
    }
}

/// A generation of GPUs as NVIDIA counts them: 8.6 is an RTX 3060, 9.0 an H200
/// (<https://developer.nvidia.com/cuda-gpus>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComputeCapability {
    /// The generation
    pub major: u32,
    /// The kind within it
    pub minor: u32,
}

impl fmt::Display for ComputeCapability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl Serialize for ComputeCapability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Everything found about NVIDIA's GPUs and driver.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GpuFindings {
    /// The driver's version, if the system reports it
    pub driver: Option<String>,
    /// The newest CUDA version that the driver supports
    pub driver_cuda: Option<String>,
    /// The CUDA version that the program was built with; none if it was built without CUDA
    pub built_cuda: Option<String>,
    /// The compute capabilities that the program was built for, in words
    pub built_for: Option<String>,
    /// The GPUs
    pub gpus: Vec<GpuFinding>,
    /// Why no GPU can be examined
    pub problem: Option<Obstacle>,
}

/// A GPU, and whether pictures can be drawn on it.
#[derive(Clone, Debug, Serialize)]
pub struct GpuFinding {
    /// The GPU
    #[serde(flatten)]
    pub gpu: Gpu,
    /// Why it cannot be used; none if it can
    pub problem: Option<Obstacle>,
}
