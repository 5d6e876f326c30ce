//! What a run leaves behind: pictures with the recipe inside, and checkpoints.

mod checkpoint;
pub(crate) mod gif_comment;
mod indexed;
pub(crate) mod mp4_tags;
mod png;
mod recipe;
mod recipe_text;
mod saver;

pub use checkpoint::{Beside, Checkpoint, is_due};
pub use png::{encode, encode_pixels};
pub use recipe::{InputRecord, Recipe, ResultRecord, Stage};
pub use saver::Saver;
