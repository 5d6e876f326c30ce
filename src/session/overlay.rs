//! An image that is laid over the picture again and again.

use std::path::Path;

use image::{DynamicImage, GenericImageView, RgbImage};

use super::Session;
use crate::Result;
use crate::device::bring;
use crate::picture::{self, Size, cover_softly};
use crate::settings::Settings;

/// The image to lay over pictures of a run, at the size of each pass, the first pass first.
pub(super) struct Overlay {
    /// The iterations from one time to the next
    every: usize,
    passes: Vec<Layer>,
}

/// An image of the size of a picture.
struct Layer {
    size: Size,
    /// The color of each pixel times its alpha, as bytes
    colors: RgbImage,
    /// How opaque each pixel is, 0 to 1, row by row
    alphas: Vec<f32>,
    /// How opaque all of it is, 0 to 1
    opacity: f32,
}

impl Overlay {
    /// Reads the image that settings name; none if they name none. The first pass draws at the size `first`.
    ///
    /// # Errors
    /// If the image cannot be read.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn read(settings: &Settings, first: Size) -> Result<Option<Self>> {
        let Some(path) = &settings.overlay else { return Ok(None) };
        let image = picture::read_layered(path)?;
        let opacity = settings.overlay_opacity.unwrap_or(1.0) as f32;
        let mut passes = vec![Layer::new(&image, settings.size, opacity)?];
        if first != settings.size {
            passes.insert(0, Layer::new(&image, first, opacity)?);
        }
        Ok(Some(Self { every: settings.overlay_every.unwrap_or(1).max(1), passes }))
    }

    /// Whether the image is laid over the picture before an iteration.
    pub(super) fn is_due(&self, iteration: usize) -> bool {
        iteration.is_multiple_of(self.every)
    }

    /// A picture of a pass with the image over it, and which of its pixels the image touches, row by row; none if the image
    /// touches nothing.
    pub(super) fn over(&self, picture: &RgbImage) -> Option<(RgbImage, Vec<bool>)> {
        let layer = self.passes.iter().find(|layer| layer.size == Size::of(picture))?;
        let touched: Vec<bool> = layer.alphas.iter().map(|alpha| *alpha > 0.0).collect();
        touched.contains(&true).then(|| (layer.over(picture), touched))
    }
}

impl Session {
    /// Lays the overlay over the picture if it is due before an iteration. An average of the parameters goes on: it is of what
    /// the iterations judge, so it has the overlay as far as their pictures have it.
    pub(super) fn lay_over(&self, iteration: usize) -> Result<()> {
        let Some(overlay) = self.overlay.as_ref().filter(|overlay| overlay.is_due(iteration)) else { return Ok(()) };
        let picture = picture::to_image(&bring(&self.drawer.draw()?.detach())?)?;
        match overlay.over(&picture) {
            Some((laid, touched)) => self.drawer.repaint(laid, &touched),
            None => Ok(()),
        }
    }
}

/// The memory of the image during the whole run, in bytes.
pub(super) fn memory(settings: &Settings) -> u64 {
    let pixels = (settings.size.width as u64).saturating_mul(settings.size.height as u64);
    // At the sizes of both passes: the picture as bytes, its copy with the image over it, which pixels the image touches, and
    // the numbers of both pictures.
    if settings.overlay.is_some() { pixels.saturating_mul(2 * 7 + 3 + 3 + 1 + 12 + 12) } else { 0 }
}

/// The peak memory of reading the image, in bytes; none if it cannot be read.
pub(super) fn reading(path: &Path) -> Option<u64> {
    let Size { width, height } = picture::layered_dimensions(path).ok()?;
    let pixels = (width as u64).saturating_mul(height as u64);
    // The image, its copy with alpha, and the colors and alphas of the copy separately.
    Some(picture::layered_memory(path).ok()?.max(pixels.saturating_mul(4 + 4 + 3 + 3)))
}

impl Layer {
    fn new(image: &DynamicImage, size: Size, opacity: f32) -> Result<Self> {
        let (width, height) = image.dimensions();
        let (mut colors, mut alphas) = (RgbImage::new(width, height), RgbImage::new(width, height));
        for ((color, alpha), pixel) in colors.pixels_mut().zip(alphas.pixels_mut()).zip(image.to_rgba8().pixels()) {
            let [red, green, blue, opaque] = pixel.0;
            let part = |value: u8| u8::try_from((u32::from(value) * u32::from(opaque) + 127) / 255).unwrap_or(u8::MAX);
            color.0 = [red, green, blue].map(part);
            alpha.0 = [opaque; 3];
        }
        let alphas = cover_softly(alphas, size)?.pixels().map(|alpha| f32::from(alpha.0[0]) / 255.0).collect();
        Ok(Self { size, colors: cover_softly(colors, size)?, alphas, opacity })
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn over(&self, picture: &RgbImage) -> RgbImage {
        let mut laid = picture.clone();
        for ((pixel, color), alpha) in laid.pixels_mut().zip(self.colors.pixels()).zip(&self.alphas) {
            for (value, color) in pixel.0.iter_mut().zip(color.0) {
                let below = (1.0 - alpha * self.opacity) * f32::from(*value);
                *value = (f32::from(color) * self.opacity + below).round().clamp(0.0, 255.0) as u8;
            }
        }
        laid
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn what_is_transparent_shows_what_is_below() {
        let alphas = [0, 255, 128];
        let image = RgbaImage::from_fn(3, 1, |x, _| Rgba([200, 0, 100, alphas[x as usize]])).into();
        let below = RgbImage::from_pixel(3, 1, Rgb([10, 20, 30]));
        let size = Size { width: 3, height: 1 };
        let shown = |opacity: f32| -> Vec<[u8; 3]> {
            let overlay = Overlay { every: 5, passes: vec![Layer::new(&image, size, opacity).unwrap()] };
            let (laid, touched) = overlay.over(&below).unwrap();
            assert_eq!(touched, [false, true, true]);
            laid.pixels().map(|pixel| pixel.0).collect()
        };
        // 128 of 255 is 0.502: of 200 and 10 that is 105.4, of 0 and 20 it is 10, and of 100 and 30 it is 65.1.
        assert_eq!(shown(1.0), [[10, 20, 30], [200, 0, 100], [105, 10, 65]]);
        assert_eq!(shown(0.5)[..2], [[10, 20, 30], [105, 10, 65]]);
        let clear = RgbaImage::new(3, 1).into();
        let overlay = Overlay { every: 5, passes: vec![Layer::new(&clear, size, 1.0).unwrap()] };
        assert!(overlay.over(&below).is_none() && overlay.is_due(0) && overlay.is_due(10) && !overlay.is_due(9));
    }
}
