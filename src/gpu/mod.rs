//! NVIDIA GPUs as the program knows them: what is here, what is in the way of one, its memory and its precision.

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
