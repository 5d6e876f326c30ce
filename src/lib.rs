//! text2art: pictures from sentences, by VQGAN guided by CLIP.

pub mod error;
pub mod frozen;

pub use error::{Error, Result};
