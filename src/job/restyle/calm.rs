//! Calms a film: where its source stands still, frames keep a share of the previous frame's pixels.
//!
//! The codes of a VQGAN jump, and its norms spread each change over the whole picture. So a film would flicker even where
//! nothing moves, no matter how close its latents are. How still a pixel is follows from the source, as in the temporal
//! filters of denoisers: mixing ends where the source changes, and leaves no trails there.

use std::cell::RefCell;
use std::ops::Range;

use candle_core::Tensor;
use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma, RgbImage};

use super::Restyle;
use crate::Result;
use crate::drawer;
use crate::job::enlarge::to_tensor;
use crate::picture::{self, Size, to_pixels};
use crate::video::{Folder, FrameOfFilm};

/// The change of a source, in levels of 255, at which the share of the previous frame has fallen to 37 %: a few times the
/// noise of a camera.
const CHANGE: f32 = 8.0;
/// How far from a pixel changes count, in pixels of the picture that is drawn.
const REACH: usize = 2;

/// A share for each pixel.
type Shares = ImageBuffer<Luma<f32>, Vec<f32>>;

/// Mixes each frame with the one before it.
pub(super) struct Calm<'a> {
    restyle: &'a Restyle,
    /// The size that is drawn
    size: Size,
    /// The number and the source of the frame that was mixed last
    last: RefCell<Option<(usize, RgbImage)>>,
}

impl<'a> Calm<'a> {
    /// None if frames are not mixed: they are independent, are not drawn by a VQGAN, have few colors, or are inpainted.
    ///
    /// # Errors
    /// If the drawer does not exist.
    pub(super) fn of(restyle: &'a Restyle, size: Size) -> Result<Option<Self>> {
        let settings = &restyle.settings;
        let has_vqgan = drawer::of(&settings.drawer)?.vqgan(settings).is_some();
        let is_mixed = restyle.memory > 0.0 && has_vqgan && !settings.keeps_pixels() && settings.mask.is_none();
        Ok(is_mixed.then(|| Self { restyle, size, last: RefCell::default() }))
    }

    /// The part of a source that its frame shows, in the size that is drawn.
    ///
    /// # Errors
    /// If the source cannot be read.
    pub(super) fn source(&self, frame: &FrameOfFilm) -> Result<RgbImage> {
        let whole = match frame {
            FrameOfFilm::File(path) => picture::read(path)?,
            FrameOfFilm::Pixels(picture) => picture.clone(),
        };
        picture::cover(whole, self.size)
    }

    /// Mixes the previous frame into a picture `[1, 3, height, width]` that was drawn from `source`. The previous frame is read
    /// from its file, so that a resumed film has the same bytes.
    ///
    /// # Errors
    /// If the previous frame or its source cannot be read.
    pub(super) fn mixed(&self, frame: usize, source: RgbImage, picture: Tensor) -> Result<Tensor> {
        let Some(before) = frame.checked_sub(1) else {
            self.last.replace(Some((frame, source)));
            return Ok(picture);
        };
        let earlier = match self.last.take() {
            Some((number, earlier)) if number == before => earlier,
            _ => self.source(&self.restyle.source.frames_from(before)?.take()?)?,
        };
        let previous = picture::read(&Folder::frame(&self.restyle.frames, before))?;
        let mut pixels = to_pixels(&picture)?.into_rgb8();
        if previous.dimensions() == pixels.dimensions() {
            let (width, height) = pixels.dimensions();
            let shares = shares(&earlier, &source, self.restyle.memory);
            let shares = if shares.dimensions() == (width, height) {
                shares
            } else {
                resize(&shares, width, height, FilterType::Triangle)
            };
            mix(&mut pixels, &previous, &shares);
        }
        self.last.replace(Some((frame, source)));
        to_tensor(&pixels.into())
    }
}

/// The share of the previous frame in each pixel: `most` where both sources are the same, less where they differ.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn shares(one: &RgbImage, other: &RgbImage, most: f64) -> Shares {
    let (width, height) = one.dimensions();
    let changes: Vec<f32> = one
        .pixels()
        .zip(other.pixels())
        .map(|(one, other)| (0..3).map(|at| f32::from(one[at].abs_diff(other[at]))).sum::<f32>() / 3.0)
        .collect();
    let (wide, high) = (width as usize, height as usize);
    // Means of neighbors in rows, then of these in columns.
    let near = |at: usize, end: usize| at.saturating_sub(REACH)..(at + REACH + 1).min(end);
    let mean = |places: Range<usize>, value: &dyn Fn(usize) -> f32| {
        let count = places.len() as f32;
        places.map(value).sum::<f32>() / count
    };
    let rows: Vec<f32> =
        changes.chunks_exact(wide).flat_map(|row| (0..wide).map(move |x| mean(near(x, wide), &|x| row[x]))).collect();
    Shares::from_fn(width, height, |x, y| {
        let change = mean(near(y as usize, high), &|y| rows[y * wide + x as usize]);
        Luma([most as f32 * (-(change / CHANGE).powi(2)).exp()])
    })
}

/// Replaces a share of each pixel by that of the previous frame.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn mix(pixels: &mut RgbImage, previous: &RgbImage, shares: &Shares) {
    for ((pixel, before), share) in pixels.pixels_mut().zip(previous.pixels()).zip(shares.pixels()) {
        for (new, old) in pixel.0.iter_mut().zip(before.0) {
            let mixed = share[0].mul_add(f32::from(old) - f32::from(*new), f32::from(*new));
            *new = mixed.clamp(0.0, 255.0).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn what_stands_still_keeps_its_share_and_what_changes_does_not() {
        let still =
            RgbImage::from_fn(12, 9, |x, y| Rgb([u8::try_from(20 * x).unwrap(), u8::try_from(9 * y).unwrap(), 7]));
        let moved = RgbImage::from_fn(12, 9, |x, y| if x < 3 { Rgb([255, 0, 255]) } else { *still.get_pixel(x, y) });
        let shares = shares(&still, &moved, 0.75);
        for (x, _, share) in shares.enumerate_pixels() {
            let share = share[0];
            match x {
                // Changes count as far as the reach.
                0..5 => assert!(share < 0.01, "{x}: {share}"),
                _ => assert!((share - 0.75).abs() < 1e-6, "{x}: {share}"),
            }
        }
        let (black, mut white) = (RgbImage::new(12, 9), RgbImage::from_pixel(12, 9, Rgb([255; 3])));
        mix(&mut white, &black, &shares);
        assert_eq!((white.get_pixel(0, 4).0, white.get_pixel(11, 4).0), ([255; 3], [64; 3]));
    }

    #[test]
    fn noise_is_not_motion() {
        let noisy = |add: u8| RgbImage::from_fn(20, 20, |x, y| Rgb([100 + if (x + y) % 2 == 0 { add } else { 0 }; 3]));
        let shares = shares(&noisy(0), &noisy(6), 1.0);
        assert!(shares.pixels().all(|share| share[0] > 0.8));
    }
}
