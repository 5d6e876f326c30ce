//! What an inpainted picture has around its mask: the init image, bit for bit.

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::matte::Matte;
use crate::picture::{Size, cover};
use crate::{Error, Result};

/// The init image at a size, and how much of it a picture shows.
pub struct Surroundings {
    size: Size,
    picture: RgbImage,
    /// How far each pixel is drawn, row by row: 1 for what is drawn, 0 for what is that of the init image
    drawn: Vec<f32>,
}

impl Surroundings {
    /// The surroundings of what a mask has inside, with an edge of this width in pixels.
    ///
    /// # Errors
    /// If the init image has no pixels.
    pub(super) fn new(init: &RgbImage, matte: &Matte, feather: f64) -> Result<Self> {
        Ok(Self { size: matte.size, picture: cover(init.clone(), matte.size)?, drawn: matte.feathered(feather) })
    }

    /// How far each pixel is drawn, row by row.
    pub(super) fn drawn(&self) -> &[f32] {
        &self.drawn
    }

    /// The init image, `[3, height, width]` with values from 0 to 1.
    pub(super) fn values(&self) -> Vec<f32> {
        crate::picture::to_values(self.picture.as_raw(), 3)
    }

    /// A picture of this size, `[1, 3, height, width]` or with straight alpha, inside its surroundings, in host memory. The
    /// surroundings are opaque.
    ///
    /// # Errors
    /// If the picture has another size.
    pub(crate) fn around(&self, picture: &Tensor) -> Result<Tensor> {
        let (_, channels, height, width) = picture.dims4()?;
        if (Size { width, height }) != self.size || !(3..=4).contains(&channels) {
            return Err(Error::fault("the picture has another size than its surroundings"));
        }
        let area = width * height;
        let mut values = picture.detach().to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        for (at, (pixel, share)) in
            self.picture.pixels().zip(&self.drawn).enumerate().filter(|(_, (_, share))| **share < 1.0)
        {
            let alpha = if channels == 4 { values[3 * area + at] } else { 1.0 };
            // Of the whole, with the alphas of both.
            let (drawn, kept) = (share * alpha, 1.0 - share);
            for (channel, byte) in pixel.0.iter().enumerate() {
                let value = &mut values[channel * area + at];
                let init = f32::from(*byte) / 255.0;
                *value = if *share == 0.0 { init } else { (drawn * *value + kept * init) / (drawn + kept) };
            }
            if channels == 4 {
                values[3 * area + at] = drawn + kept;
            }
        }
        Ok(Tensor::from_vec(values, picture.shape(), &Device::Cpu)?)
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)]
mod tests {
    use super::super::matte::Shape;
    use super::*;
    use crate::picture::to_pixels;
    use crate::settings::Side;

    fn surroundings(feather: f64) -> (Surroundings, RgbImage) {
        let init = RgbImage::from_fn(12, 5, |x, y| image::Rgb([x as u8 * 21, y as u8 * 50 + 7, 200]));
        let matte = Matte::new(&Shape::Side(Side::Left, 0.5), Size { width: 12, height: 5 }).unwrap();
        (Surroundings::new(&init, &matte, feather).unwrap(), init)
    }

    #[test]
    fn what_is_outside_is_the_init_image_in_every_bit() {
        let (surroundings, init) = surroundings(2.0);
        let drawn = Tensor::full(0.1_f32, (1, 3, 5, 12), &Device::Cpu).unwrap();
        let shown = to_pixels(&surroundings.around(&drawn).unwrap()).unwrap().into_rgb8();
        for (x, y, pixel) in shown.enumerate_pixels() {
            let init = init.get_pixel(x, y);
            match x {
                // 0.1 of 255 is 25.5, which is rounded up.
                0..4 => assert_eq!(pixel.0, [26; 3], "{x} {y}"),
                4..6 => assert!(pixel != init && pixel.0 != [26; 3], "{x} {y}"),
                _ => assert_eq!(pixel, init, "{x} {y}"),
            }
        }
        let other = Tensor::full(0.1_f32, (1, 3, 5, 11), &Device::Cpu).unwrap();
        assert!(surroundings.around(&other).is_err());
    }

    #[test]
    fn the_surroundings_of_something_transparent_are_opaque() {
        let (surroundings, init) = surroundings(2.0);
        let colors = Tensor::full(1.0_f32, (1, 3, 5, 12), &Device::Cpu).unwrap();
        let clear = Tensor::full(0.0_f32, (1, 1, 5, 12), &Device::Cpu).unwrap();
        let drawn = Tensor::cat(&[colors, clear], 1).unwrap();
        let shown = to_pixels(&surroundings.around(&drawn).unwrap()).unwrap().into_rgba8();
        for (x, y, pixel) in shown.enumerate_pixels() {
            let [red, green, blue] = init.get_pixel(x, y).0;
            match x {
                0..4 => assert_eq!(pixel.0, [0; 4]),
                // What is half there has the color of the init image.
                4..6 => {
                    assert!(pixel.0[..3] == [red, green, blue] && (1..255).contains(&pixel.0[3]), "{x} {y} {pixel:?}");
                }
                _ => assert_eq!(pixel.0, [red, green, blue, 255], "{x} {y}"),
            }
        }
    }
}
