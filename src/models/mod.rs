//! Where models come from: files on disk or inside the program, their containers and their names.

pub mod container;
pub mod embedded;
pub mod files;
pub mod weights;

pub use files::{ModelFiles, Role};
pub use weights::{Part, View, Weights};
