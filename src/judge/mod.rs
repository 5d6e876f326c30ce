//! What judges a picture: cutouts, perceptors, distances to prompts.

mod cutouts;
mod distance;

pub use cutouts::{Augmentation, Augmentations, Cutout, Cutouts};
pub use distance::{cosine, distances};
