//! SVG files, for drawers whose pictures are made of shapes.

use image::DynamicImage;

use super::{Help, Kind, Make, Still};
use crate::Result;
use crate::drawer::{self, Drawing};
use crate::settings::Settings;

/// The shapes of a picture as an SVG.
pub const SVG: Kind = Kind {
    name: "SVG",
    extension: "svg",
    others: &[],
    option: "svg",
    help: Some(Help {
        heading: "Output",
        short: "Also write the shapes of the picture as an SVG, for drawers that draw shapes",
        more: "Without FILE, the SVG is named after the picture. In a batch file, `none` disables it.",
    }),
    check: |settings| drawer::vector(settings).map(drop),
    make: Make::Still(Still { encode, begins: b"<svg " }),
};

fn encode(settings: &Settings, picture: &DynamicImage, drawing: Option<&Drawing>) -> Result<Vec<u8>> {
    let vector = drawer::vector(settings)?;
    vector(settings, &picture.to_rgba8(), drawing).map(String::into_bytes)
}
