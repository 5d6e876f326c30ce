//! SVG files: the cells of a pixel drawer as shapes.

use image::DynamicImage;

use super::{Help, Kind, Make, Still};
use crate::drawer::{PixelArt, svg};
use crate::settings::{DrawerKind, Settings};
use crate::{Error, Result};

/// The cells as an SVG.
pub const SVG: Kind = Kind {
    name: "SVG",
    extension: "svg",
    option: "svg",
    help: Some(Help {
        heading: "Output",
        short: "Write the cells of a pixel drawer as an SVG, too",
        more: "Without a name it is the picture's with .svg. `none`, in a line of a batch, writes none.",
    }),
    check,
    make: Make::Still(Still { encode, begins: b"<svg " }),
};

fn check(settings: &Settings) -> Result<()> {
    if settings.drawer != DrawerKind::Pixel {
        return Err(Error::usage("--svg is for cells", "choose --drawer pixel, too"));
    }
    Ok(())
}

fn encode(settings: &Settings, picture: &DynamicImage) -> Result<Vec<u8>> {
    Ok(svg(PixelArt::of(settings)?, &picture.to_rgba8()).into_bytes())
}
