//! What a run leaves behind: files written whole or not at all, with the recipe inside.

mod checkpoint;
mod hash;
mod indexed;
mod kind;
mod link;
mod name;
mod partial;
mod png;
mod recipe;
mod recipe_text;
mod saver;
mod write;

pub use checkpoint::{Beside, Checkpoint, checkpoint_of, is_due, picture_of};
pub use hash::{hash_file, hash_files, hash_open_file, hash_open_files, to_hex};
pub use kind::{Kind, check_target, kind_of};
pub(crate) use link::end_of_links;
pub use name::{Naming, slug};
pub(crate) use name::{behind_stem, contains, filled};
pub use partial::PartialFile;
pub use png::{encode, encode_pixels, side_by_side, to_image, to_pixels};
pub use recipe::{InputRecord, ModelRecord, Recipe, ResultRecord, Stage};
pub use saver::Saver;
pub(crate) use write::nameless;
pub use write::{Existing, check_folder, write_beside, write_whole};
