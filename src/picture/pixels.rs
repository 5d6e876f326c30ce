//! Converts tensors to pixels.

use candle_core::Tensor;
use image::{DynamicImage, RgbImage, RgbaImage};

use super::over_white;
use crate::{Error, Result};

/// The 8-bit pixels of a picture `[1, 3, height, width]`, or `[1, 4, height, width]` with alpha, whose values are 0 to
/// 1: round(255 x). Invisible pixels are black.
///
/// # Errors
/// If the tensor has another shape, or is too large for an image.
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
    pixels.ok_or_else(|| Error::fault("the tensor is not a picture of three or four channels"))
}

/// The pixels of a picture as an image without transparency: over white.
///
/// # Errors
/// If the tensor has another shape, or is too large for an image.
pub fn to_image(picture: &Tensor) -> Result<RgbImage> {
    Ok(over_white(to_pixels(picture)?))
}

/// The color of each pixel of `[1, 3, height, width]`, row by row; further channels are left out.
///
/// # Errors
/// If the tensor has another shape.
pub fn to_colours(picture: &Tensor) -> Result<Vec<[f32; 3]>> {
    let (_, _, height, width) = picture.dims4()?;
    let values = picture.detach().flatten_all()?.to_vec1::<f32>()?;
    let area = height * width;
    Ok((0..area).map(|pixel| std::array::from_fn(|channel| values[channel * area + pixel])).collect())
}

/// The bytes of pixels as `[channels, height, width]` with values from 0 to 1.
#[must_use]
pub fn to_values(bytes: &[u8], channels: usize) -> Vec<f32> {
    let channel = |channel: usize| bytes.iter().skip(channel).step_by(channels).map(|byte| f32::from(*byte) / 255.0);
    (0..channels).flat_map(channel).collect()
}

/// Pictures `[count, 3, height, width]` in one picture, in about as many columns as rows.
///
/// # Errors
/// If the tensor has another shape.
pub fn side_by_side(pictures: &Tensor) -> Result<Tensor> {
    let (count, colors, height, width) = pictures.dims4()?;
    let columns = (1..=count).find(|columns| columns * columns >= count).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let pictures = pictures.detach().pad_with_zeros(0, 0, rows * columns - count)?;
    let grid = pictures.reshape((rows, columns, colors, height, width))?.permute((2, 0, 3, 1, 4))?;
    Ok(grid.contiguous()?.reshape((1, colors, rows * height, columns * width))?)
}
