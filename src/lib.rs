//! text2art: pictures from sentences, by VQGAN guided by CLIP.

pub mod batch;
pub mod bench;
pub mod cli;
pub mod clip;
pub mod device;
pub mod drawer;
pub mod error;
pub mod files;
pub mod frozen;
pub mod gpu;
pub mod job;
pub mod judge;
pub mod machine;
pub mod models;
pub mod optimizer;
pub mod output;
pub mod palette;
pub mod picture;
pub mod prior;
pub mod progress;
#[cfg(feature = "server")]
pub mod queue;
pub mod random;
pub mod resolve;
pub mod session;
pub mod settings;
pub mod text;
pub mod video;
pub mod vqgan;

pub use error::{Error, Result};

/// The program and its version.
pub const PROGRAM: &str = concat!("text2art ", env!("CARGO_PKG_VERSION"));
