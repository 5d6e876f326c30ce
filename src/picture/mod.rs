//! Pictures as files hold them: decoding within limits, sizes, cropping.

mod read;
mod resize;

pub use read::{dimensions, over_white, read};
pub(crate) use resize::bicubic;
pub use resize::{cover, pad_to};
