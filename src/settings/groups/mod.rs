//! The options that set something of a picture: a file for each group, one block for each option. `table.rs` describes the
//! blocks.

#[macro_use]
mod picture;
#[macro_use]
mod start;
#[macro_use]
mod models;
#[macro_use]
mod guidance;
#[macro_use]
mod drawer;
#[macro_use]
mod colors;
#[macro_use]
mod machine;
#[macro_use]
mod moving_pictures;

use serde::{Deserialize, Deserializer};

pub use moving_pictures::VideoSettings;

use super::arguments::{self, number, signed, switch, whole_number};
use super::options::{self, OptionInfo, Setter};
use super::range::Range;

join! { [picture start models guidance drawer colors machine moving_pictures] {} }

/// The order in which recipes began to list settings. Those that are not named here follow, in the order of the help:
/// nothing needs to be added.
const RECIPE_ORDER: [&str; 39] = [
    "prompt",
    "image_prompt",
    "noise_prompt",
    "drawer",
    "vqgan",
    "clip",
    "size",
    "iterations",
    "stop_at",
    "auto_stop",
    "seed",
    "cutouts",
    "cut_batch",
    "augment",
    "cut_noise",
    "optimizer",
    "learning_rate",
    "learning_rate_drops",
    "init_image",
    "init_weight",
    "init_noise",
    "pixel_shape",
    "pixel_size",
    "smoothness",
    "transparent",
    "alpha_weight",
    "palette",
    "colors",
    "palette_weight",
    "dither",
    "pixel_zoom",
    "device",
    "precision",
    "fps",
    "frame_every",
    "seconds",
    "hold",
    "boomerang",
    "gif_palette",
];

/// Where a setting stands in a recipe.
fn recipe_place(name: &str) -> usize {
    RECIPE_ORDER.iter().position(|other| *other == name).unwrap_or(RECIPE_ORDER.len())
}

/// Reads a value that a file has, so that one of the wrong type is not taken for none.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
