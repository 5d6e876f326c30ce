//! text2art: pictures from sentences, by VQGAN guided by CLIP.

#[cfg(feature = "server")]
pub mod accounts;
pub mod batch;
pub mod bench;
pub mod cli;
#[cfg(feature = "server")]
pub mod client;
pub mod clip;
#[cfg(feature = "server")]
pub mod database;
pub mod device;
pub mod drawer;
pub mod error;
#[cfg(feature = "server")]
pub mod farm;
pub mod files;
pub mod frozen;
#[cfg(feature = "server")]
pub mod gallery;
pub mod gpu;
pub mod job;
pub mod judge;
pub mod machine;
#[cfg(feature = "server")]
pub mod mail;
pub mod models;
#[cfg(feature = "server")]
pub mod objects;
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
pub mod sentence;
#[cfg(feature = "server")]
pub mod server;
pub mod session;
pub mod settings;
pub mod styles;
pub mod text;
pub mod upscale;
pub mod video;
pub mod vqgan;
#[cfg(feature = "server")]
pub mod worker;

pub use error::{Error, Result};

/// The program and its version.
pub const PROGRAM: &str = concat!("text2art ", env!("CARGO_PKG_VERSION"));
