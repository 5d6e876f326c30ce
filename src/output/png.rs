//! PNG files that contain their recipe.

use candle_core::Tensor;
use image::DynamicImage;

use super::indexed::Indexed;
use super::recipe_text::{KEYWORD, WORDS};
use super::{Recipe, drawing};
use crate::drawer::Drawing;
use crate::picture::to_pixels;
use crate::{Error, Result, drawer};

/// Encodes a picture, of a shape that [`to_pixels`] takes, as a PNG. If there is a recipe, the PNG contains it as text
/// chunks; if there is a drawing, a chunk holds it. The same picture, recipe and drawing give the same bytes.
///
/// # Errors
/// If the tensor has another shape, or is too large for a PNG.
pub fn encode(picture: &Tensor, recipe: Option<&Recipe>, drawing: Option<&Drawing>) -> Result<Vec<u8>> {
    encode_pixels(&finished(picture, recipe)?, recipe, drawing)
}

/// The pixels of a picture as the drawer of its recipe finishes them.
///
/// # Errors
/// If the tensor has another shape, or there is no such drawer.
pub(super) fn finished(picture: &Tensor, recipe: Option<&Recipe>) -> Result<DynamicImage> {
    let pixels = to_pixels(picture)?;
    match recipe.map(|recipe| &recipe.settings) {
        Some(settings) => Ok(drawer::of(&settings.drawer)?.finish(settings, pixels)),
        None => Ok(pixels),
    }
}

/// Encodes 8-bit pixels, with or without alpha, as a PNG with its recipe and its drawing.
///
/// # Errors
/// If there are too many pixels for a PNG.
pub fn encode_pixels(picture: &DynamicImage, recipe: Option<&Recipe>, drawing: Option<&Drawing>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    // A picture drawn in few colors can have more than the settings say: soft edges add some.
    let few = recipe.filter(|recipe| recipe.settings.has_few_colors());
    let indexed = few.and_then(|_| Indexed::of(picture));
    encoder.set_color(if picture.color().has_alpha() { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(indexed) = &indexed {
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::from_u8(indexed.depth).unwrap_or(png::BitDepth::Eight));
        encoder.set_palette(&indexed.colors[..]);
        if !indexed.alphas.is_empty() {
            encoder.set_trns(&indexed.alphas[..]);
        }
    }
    if let Some(recipe) = recipe {
        let chunks = [(KEYWORD, recipe.to_json()?), (WORDS, recipe.in_words()?)];
        for (keyword, text) in chunks {
            encoder.add_itxt_chunk(keyword.to_owned(), text).map_err(|error| fault(&error))?;
        }
    }
    let mut writer = encoder.write_header().map_err(|error| fault(&error))?;
    writer
        .write_image_data(indexed.as_ref().map_or(picture.as_bytes(), |indexed| &indexed.rows))
        .map_err(|error| fault(&error))?;
    if let Some(drawing) = drawing {
        // Behind the pixels, so that a browser shows the picture before it has the drawing.
        writer.write_chunk(drawing::CHUNK, &drawing::pack(drawing)).map_err(|error| fault(&error))?;
    }
    writer.finish().map_err(|error| fault(&error))?;
    Ok(bytes)
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::fault(format!("cannot encode the picture: {error}"))
}
