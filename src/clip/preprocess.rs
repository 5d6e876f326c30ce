//! Prepares a finished picture the way CLIP's training pictures were prepared.

use candle_core::{Device, Tensor};
use image::RgbImage;

use crate::picture::{Size, bicubic};
use crate::{Error, Result};

/// Maximum ratio of the longer to the shorter edge: the picture is resized whole before its center is cut out.
const MOST_ELONGATED: usize = 256;

/// Resizes the shorter edge to `side` pixels (bicubic, with anti-aliasing, 8 bits a color) and cuts
/// out the center: `[1, 3, side, side]` with values from 0 to 1. A picture of that size is not resized.
///
/// # Errors
/// If the picture has no pixels.
pub fn preprocess(picture: &RgbImage, side: usize) -> Result<Tensor> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if width == 0 || height == 0 {
        return Err(Error::usage("a picture without pixels cannot be scored", "give another picture"));
    }
    if is_too_thin(width, height) {
        let problem = format!("a picture of {width}x{height} pixels is too thin to be scored");
        return Err(Error::usage(problem, "crop the picture to the part that matters"));
    }
    // torchvision's Resize: the longer edge is cut to a whole number of pixels.
    let shorter = width.min(height);
    let (new_width, new_height) = (width * side / shorter, height * side / shorter);
    let resized = if (width, height) == (new_width, new_height) {
        picture.clone()
    } else {
        bicubic(picture, Size { width: new_width, height: new_height })?
    };
    let resized = resized.as_raw();
    let (left, top) = (center(new_width - side), center(new_height - side));
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

/// Whether a picture of a size in pixels is too thin for [`preprocess`].
#[must_use]
pub fn is_too_thin(width: usize, height: usize) -> bool {
    width.max(height) / width.min(height).max(1) > MOST_ELONGATED
}

/// torchvision's `CenterCrop` rounds halves to the even number.
fn center(surplus: usize) -> usize {
    if surplus % 4 == 3 { surplus.div_ceil(2) } else { surplus / 2 }
}
