//! The files of a run: pictures that contain their recipe, and checkpoints.

mod checkpoint;
mod drawing;
mod encoding;
pub(crate) mod gif_comment;
mod indexed;
mod jpeg;
mod kind;
pub(crate) mod mp4_tags;
mod notes;
#[cfg(feature = "server")]
mod other_recipe;
mod plain;
mod png;
mod products;
mod recipe;
mod recipe_text;
mod saver;
mod svg;
mod tile_proof;
mod webp;

pub use checkpoint::{Beside, Checkpoint, KeptFrames, is_due};
pub use drawing::read_drawing;
pub use encoding::{Encoding, PICTURE};
pub(crate) use kind::check_nothing;
pub use kind::{Encoder, Help, Kind, Make, Still, kind_of};
#[cfg(feature = "server")]
pub use other_recipe::with_other_recipe;
pub use plain::without_recipe;
pub use png::{encode, encode_pixels};
pub use products::{Product, Products};
pub use recipe::{InputRecord, Recipe, Restyled, ResultRecord, Stage};
pub(crate) use recipe_text::PNG_SIGNATURE;
pub use saver::Saver;
pub use svg::SVG;
pub use tile_proof::{TILE_PROOF, tile_proof_size};
