//! What judges a picture: cutouts, perceptors, distances to prompts.

mod distance;

pub use distance::{cosine, distances};
