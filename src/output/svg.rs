//! SVG files: the shapes of a drawer whose pictures are made of some.

use image::DynamicImage;

use super::{Help, Kind, Make, Still};
use crate::settings::Settings;
use crate::{Result, drawer};

/// The cells as an SVG.
pub const SVG: Kind = Kind {
    name: "SVG",
    extension: "svg",
    option: "svg",
    help: Some(Help {
        heading: "Output",
        short: "Write the cells of a pixel drawer as an SVG, too",
        more: "Without a name, the name of the picture with .svg is used. `none`, in a line of a batch, writes none.",
    }),
    check: |settings| drawer::vector(settings).map(drop),
    make: Make::Still(Still { encode, begins: b"<svg " }),
};

fn encode(settings: &Settings, picture: &DynamicImage) -> Result<Vec<u8>> {
    let vector = drawer::vector(settings)?;
    vector(settings, &picture.to_rgba8()).map(String::into_bytes)
}
