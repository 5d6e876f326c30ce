//! Pictures as files contain them: decoding within limits, colors, turns, sizes, cropping.

mod animation;
mod canvas;
mod jpeg;
mod kind;
mod notes;
mod pixels;
mod png;
mod profile;
mod read;
mod resize;
mod room;
mod rows;
mod size;
mod source;
mod tiff;
mod tile;
mod turn;

pub use animation::{Animation, Moment};
pub use pixels::{side_by_side, to_colours, to_image, to_pixels, to_values};
pub use read::{
    Bounded, Bounds, dimensions, layered_dimensions, layered_memory, over_white, read, read_layered, read_mask,
    read_within, reading_memory,
};
pub(crate) use resize::{bicubic, cover_softly};
pub use resize::{cover, lanczos, lanczos_tiled, pad_to};
pub use size::Size;
pub use tile::Tile;
