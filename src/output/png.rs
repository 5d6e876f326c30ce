//! PNG files with the recipe inside.

use candle_core::Tensor;
use image::RgbImage;

use super::Recipe;
use super::indexed::Indexed;
use super::recipe_text::KEYWORD;
use crate::settings::Size;
use crate::{Error, Result};

/// The 8-bit colours of `[1, 3, height, width]` with values from 0 to 1: round(255 x), row by row.
///
/// # Errors
/// Where the tensor has another shape.
pub fn to_bytes(picture: &Tensor) -> Result<Vec<u8>> {
    let values = picture.squeeze(0)?.permute((1, 2, 0))?.flatten_all()?.to_vec1::<f32>()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    Ok(values.into_iter().map(byte).collect())
}

/// The same as an image.
///
/// # Errors
/// Where the tensor has another shape, or is too large for an image.
pub fn to_image(picture: &Tensor) -> Result<RgbImage> {
    let (_, _, height, width) = picture.dims4()?;
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    RgbImage::from_raw(side(width), side(height), to_bytes(picture)?)
        .ok_or_else(|| Error::fault("a tensor is no picture of three colours"))
}

/// Pictures `[count, 3, height, width]` as one, in rows of about as many as there are rows.
///
/// # Errors
/// Where the tensor has another shape.
pub fn side_by_side(pictures: &Tensor) -> Result<Tensor> {
    let (count, colours, height, width) = pictures.dims4()?;
    let columns = (1..=count).find(|columns| columns * columns >= count).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let pictures = pictures.detach().pad_with_zeros(0, 0, rows * columns - count)?;
    let grid = pictures.reshape((rows, columns, colours, height, width))?.permute((2, 0, 3, 1, 4))?;
    Ok(grid.contiguous()?.reshape((1, colours, rows * height, columns * width))?)
}

/// A PNG of `[1, 3, height, width]`, with the recipe as text chunks where there is one. The same picture
/// and recipe give the same bytes.
///
/// # Errors
/// Where the tensor has another shape, or is too large for a PNG.
pub fn encode(picture: &Tensor, recipe: Option<&Recipe>) -> Result<Vec<u8>> {
    let (_, _, height, width) = picture.dims4()?;
    let side = |pixels: usize| u32::try_from(pixels).map_err(|error| fault(&error));
    let (mut bytes, mut size) = (to_bytes(picture)?, Size { width, height });
    if let Some(settings) = recipe.map(|recipe| &recipe.settings)
        && let (Some(grid), Some(zoom)) = (settings.pixel_size, settings.pixel_zoom)
    {
        (bytes, size) = zoomed(&bytes, size, grid, zoom);
    }
    encode_bytes(&bytes, side(size.width)?, side(size.height)?, recipe)
}

/// Rectangular cells with so many pixels across, each of the colour in its middle.
fn zoomed(pixels: &[u8], size: Size, grid: Size, zoom: usize) -> (Vec<u8>, Size) {
    let middle = |at: usize, pixels: usize, cells: usize| (2 * (at / zoom) + 1) * pixels / (2 * cells);
    let result = Size { width: grid.width * zoom, height: grid.height * zoom };
    let mut bytes = Vec::with_capacity(3 * result.width * result.height);
    for y in 0..result.height {
        let row = middle(y, size.height, grid.height) * size.width;
        for x in 0..result.width {
            let at = 3 * (row + middle(x, size.width, grid.width));
            bytes.extend_from_slice(&pixels[at..at + 3]);
        }
    }
    (bytes, result)
}

/// The same of 8-bit colours, row by row.
///
/// # Errors
/// Where these are not as many as the picture has, or too many for a PNG.
pub fn encode_bytes(colours: &[u8], width: u32, height: u32, recipe: Option<&Recipe>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    // What was to be drawn in few colours has few, unless it is written on the way.
    let few = recipe.filter(|recipe| recipe.settings.has_few_colours());
    let indexed = few.and_then(|_| Indexed::of(colours, width as usize));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(indexed) = &indexed {
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::from_u8(indexed.depth).unwrap_or(png::BitDepth::Eight));
        encoder.set_palette(&indexed.colours[..]);
    }
    if let Some(recipe) = recipe {
        let chunks = [(KEYWORD, recipe.to_json()?), ("parameters", recipe.in_words())];
        for (keyword, text) in chunks {
            encoder.add_itxt_chunk(keyword.to_owned(), text).map_err(|error| fault(&error))?;
        }
    }
    let mut writer = encoder.write_header().map_err(|error| fault(&error))?;
    writer
        .write_image_data(indexed.as_ref().map_or(colours, |indexed| &indexed.rows))
        .map_err(|error| fault(&error))?;
    writer.finish().map_err(|error| fault(&error))?;
    Ok(bytes)
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::fault(format!("cannot encode the picture: {error}"))
}
