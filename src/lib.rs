//! text2art: pictures from sentences, by VQGAN guided by CLIP.

pub mod clip;
pub mod error;
pub mod frozen;
pub mod judge;
pub mod models;
pub mod random;
pub mod vqgan;

pub use error::{Error, Result};
