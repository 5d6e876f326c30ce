//! A finished picture as CLIP was trained to see pictures.

use candle_core::{Device, Tensor};
use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use crate::{Error, Result};

/// Resizes the shorter edge to `side` pixels (bicubic, with anti-aliasing, 8 bits a colour) and cuts
/// out the centre: `[1, 3, side, side]` with values from 0 to 1. A picture of that size is not resized.
///
/// # Errors
/// Where the picture has no pixels.
pub fn preprocess(picture: &RgbImage, side: usize) -> Result<Tensor> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if width == 0 || height == 0 {
        return Err(Error::usage("a picture without pixels cannot be scored", "give another picture"));
    }
    // torchvision's Resize: the longer edge is cut to a whole number of pixels.
    let shorter = width.min(height);
    let (new_width, new_height) = (width * side / shorter, height * side / shorter);
    let resized = resize(picture, new_width, new_height)?;
    let (left, top) = (centre(new_width - side), centre(new_height - side));
    let mut values = vec![0.0; 3 * side * side];
    for y in 0..side {
        for x in 0..side {
            let pixel = &resized[((top + y) * new_width + left + x) * 3..][..3];
            for (channel, value) in pixel.iter().enumerate() {
                values[(channel * side + y) * side + x] = f32::from(*value) / 255.0;
            }
        }
    }
    Ok(Tensor::from_vec(values, (1, 3, side, side), &Device::Cpu)?)
}

/// torchvision's `CenterCrop` rounds halves to the even number.
fn centre(surplus: usize) -> usize {
    if surplus % 4 == 3 { surplus.div_ceil(2) } else { surplus / 2 }
}

fn resize(picture: &RgbImage, width: usize, height: usize) -> Result<Vec<u8>> {
    if (picture.width() as usize, picture.height() as usize) == (width, height) {
        return Ok(picture.as_raw().clone());
    }
    let fault = |error: String| Error::from(candle_core::Error::Msg(format!("cannot resize the picture: {error}")));
    let size = |size: usize| u32::try_from(size).map_err(|error| fault(error.to_string()));
    let source = Image::from_vec_u8(picture.width(), picture.height(), picture.as_raw().clone(), PixelType::U8x3)
        .map_err(|error| fault(error.to_string()))?;
    let mut target = Image::new(size(width)?, size(height)?, PixelType::U8x3);
    // Catmull-Rom is the bicubic of Pillow.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new().resize(&source, &mut target, &options).map_err(|error| fault(error.to_string()))?;
    Ok(target.into_vec())
}
