//! NVIDIA GPUs as the program knows them: those in this machine, why one cannot be used, their memory and precision.

mod findings;
mod obstacle;
#[cfg(feature = "cuda")]
pub(crate) mod pool;
mod precision;
#[cfg(any(feature = "cuda", test))]
pub(crate) mod ptx;
pub(crate) mod traffic;

pub use findings::{ComputeCapability, Gpu, GpuFinding, GpuFindings};
pub use obstacle::Obstacle;
pub use precision::Precision;
pub use traffic::Traffic;
#[cfg(feature = "cuda")]
pub(crate) use traffic::count_to_gpu;
