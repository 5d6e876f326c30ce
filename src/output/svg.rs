//! SVG files, for drawers whose pictures are made of shapes.

use image::DynamicImage;

use super::{Help, Kind, Make, Still};
use crate::settings::Settings;
use crate::{Result, drawer};

/// The cells of a picture as an SVG.
pub const SVG: Kind = Kind {
    name: "SVG",
    extension: "svg",
    option: "svg",
    help: Some(Help {
        heading: "Output",
        short: "Also write the cells of --drawer pixel as an SVG",
        more: "Without FILE, the SVG is named after the picture. In a batch file, `none` disables it.",
    }),
    check: |settings| drawer::vector(settings).map(drop),
    make: Make::Still(Still { encode, begins: b"<svg " }),
};

fn encode(settings: &Settings, picture: &DynamicImage) -> Result<Vec<u8>> {
    let vector = drawer::vector(settings)?;
    vector(settings, &picture.to_rgba8()).map(String::into_bytes)
}
