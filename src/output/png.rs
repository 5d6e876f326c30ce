//! PNG files with the recipe inside.

use candle_core::Tensor;
use image::{DynamicImage, ImageBuffer, Pixel, RgbImage, RgbaImage};

use super::Recipe;
use super::indexed::Indexed;
use super::recipe_text::KEYWORD;
use crate::picture::over_white;
use crate::settings::Size;
use crate::{Error, Result};

/// The 8-bit pixels of `[1, 3, height, width]`, or of `[1, 4, height, width]` with alpha, of values from 0 to 1:
/// round(255 x). What cannot be seen is black.
///
/// # Errors
/// Where the tensor has another shape, or is too large for an image.
pub fn to_pixels(picture: &Tensor) -> Result<DynamicImage> {
    let (_, channels, height, width) = picture.dims4()?;
    let values = picture.squeeze(0)?.permute((1, 2, 0))?.flatten_all()?.to_vec1::<f32>()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let mut bytes: Vec<u8> = values.into_iter().map(byte).collect();
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let (width, height) = (side(width), side(height));
    let pixels = if channels == 4 {
        let (pixels, _) = bytes.as_chunks_mut::<4>();
        pixels.iter_mut().filter(|pixel| pixel[3] == 0).for_each(|pixel| *pixel = [0; 4]);
        RgbaImage::from_raw(width, height, bytes).map(DynamicImage::from)
    } else {
        RgbImage::from_raw(width, height, bytes).map(DynamicImage::from)
    };
    pixels.ok_or_else(|| Error::fault("a tensor is no picture of three colours"))
}

/// The same as an image without transparency: over white.
///
/// # Errors
/// Where the tensor has another shape, or is too large for an image.
pub fn to_image(picture: &Tensor) -> Result<RgbImage> {
    Ok(over_white(to_pixels(picture)?))
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

/// A PNG of a picture as [`to_pixels`] takes it, with the recipe as text chunks where there is one. The same picture
/// and recipe give the same bytes.
///
/// # Errors
/// Where the tensor has another shape, or is too large for a PNG.
pub fn encode(picture: &Tensor, recipe: Option<&Recipe>) -> Result<Vec<u8>> {
    let mut pixels = to_pixels(picture)?;
    if let Some(settings) = recipe.map(|recipe| &recipe.settings)
        && let (Some(grid), Some(zoom)) = (settings.pixel_size, settings.pixel_zoom)
    {
        pixels = match &pixels {
            DynamicImage::ImageRgba8(pixels) => zoomed(pixels, grid, zoom).into(),
            pixels => zoomed(&pixels.to_rgb8(), grid, zoom).into(),
        };
    }
    encode_pixels(&pixels, recipe)
}

/// Rectangular cells with so many pixels across, each of the colour in its middle.
fn zoomed<P: Pixel>(
    picture: &ImageBuffer<P, Vec<P::Subpixel>>,
    grid: Size,
    zoom: usize,
) -> ImageBuffer<P, Vec<P::Subpixel>> {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let (columns, rows, zoom) = (side(grid.width), side(grid.height), side(zoom));
    let middle = |at: u32, pixels: u32, cells: u32| {
        let place = (2 * u64::from(at / zoom) + 1) * u64::from(pixels) / (2 * u64::from(cells));
        u32::try_from(place).unwrap_or(u32::MAX)
    };
    ImageBuffer::from_fn(columns.saturating_mul(zoom), rows.saturating_mul(zoom), |x, y| {
        *picture.get_pixel(middle(x, picture.width(), columns), middle(y, picture.height(), rows))
    })
}

/// The same of 8-bit pixels, with alpha or without.
///
/// # Errors
/// Where they are too many for a PNG.
pub fn encode_pixels(picture: &DynamicImage, recipe: Option<&Recipe>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    // What was to be drawn in few colours has few, unless soft edges make more of them.
    let few = recipe.filter(|recipe| recipe.settings.has_few_colours());
    let indexed = few.and_then(|_| Indexed::of(picture));
    encoder.set_color(if picture.color().has_alpha() { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(indexed) = &indexed {
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::from_u8(indexed.depth).unwrap_or(png::BitDepth::Eight));
        encoder.set_palette(&indexed.colours[..]);
        if !indexed.alphas.is_empty() {
            encoder.set_trns(&indexed.alphas[..]);
        }
    }
    if let Some(recipe) = recipe {
        let chunks = [(KEYWORD, recipe.to_json()?), ("parameters", recipe.in_words())];
        for (keyword, text) in chunks {
            encoder.add_itxt_chunk(keyword.to_owned(), text).map_err(|error| fault(&error))?;
        }
    }
    let mut writer = encoder.write_header().map_err(|error| fault(&error))?;
    writer
        .write_image_data(indexed.as_ref().map_or(picture.as_bytes(), |indexed| &indexed.rows))
        .map_err(|error| fault(&error))?;
    writer.finish().map_err(|error| fault(&error))?;
    Ok(bytes)
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::fault(format!("cannot encode the picture: {error}"))
}
