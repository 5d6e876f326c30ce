//! The hub of models and its cache. The `hf-hub` crate knows the names and folders. Our own agent downloads the bytes,
//! with time limits, resumption and checksums (the protocol is from `huggingface_hub`'s `file_download.py`).

mod agent;
mod cache;
mod digests;
mod environment;
mod fetch;
mod held;
mod listing;
mod lock;
mod metadata;
mod part;
mod repository;
mod retry;
mod transfer;
mod watch;

#[cfg(feature = "server")]
pub(crate) use agent::trouble;
#[cfg(feature = "server")]
pub(crate) use agent::{described, header};
pub use cache::{Cache, Removed};
pub use digests::Digests;
#[cfg(feature = "server")]
pub(crate) use environment::network_timeout;
pub use environment::{Environment, NETWORK_TIMEOUT, PAGES, WEIGHTS};
pub use fetch::{Hub, Item, Origin, Progress, Request, Selection};
pub use repository::{Repository, is_commit, is_sha256};
#[cfg(feature = "server")]
pub(crate) use watch::Watch;

/// Formats a number of bytes in decimal units, as the hub shows it.
#[must_use]
#[allow(clippy::cast_precision_loss)] // it is rounded anyway
pub fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
