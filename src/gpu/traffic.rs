//! Bytes that pass between the machine's memory and its GPUs.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;

static TO_GPU: AtomicU64 = AtomicU64::new(0);
static TO_HOST: AtomicU64 = AtomicU64::new(0);

/// The numbers of layers and results that were transferred, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Traffic {
    /// From the machine's memory to a GPU's
    pub to_gpu: u64,
    /// From a GPU's memory to the machine's
    pub to_host: u64,
}

impl Traffic {
    /// All traffic since the program started.
    #[must_use]
    pub fn until_now() -> Self {
        Self { to_gpu: TO_GPU.load(Relaxed), to_host: TO_HOST.load(Relaxed) }
    }

    /// The traffic since an earlier moment.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self { to_gpu: self.to_gpu - earlier.to_gpu, to_host: self.to_host - earlier.to_host }
    }
}

/// Counts bytes sent to a GPU.
#[cfg(feature = "cuda")]
pub(crate) fn count_to_gpu(bytes: usize) {
    TO_GPU.fetch_add(bytes as u64, Relaxed);
}

/// Counts bytes received from a GPU.
#[cfg(feature = "cuda")]
pub(crate) fn count_to_host(bytes: usize) {
    TO_HOST.fetch_add(bytes as u64, Relaxed);
}
