//! The way from one finished picture to the next.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::RgbImage;

use crate::drawer::{self, Drawing, VqganDrawer};
use crate::picture::{Size, over_white, pad_to, to_values};
use crate::settings::Settings;
use crate::video::blended;
use crate::vqgan::Vqgan;
use crate::{Error, Result};

/// The steps that a share of the light is rounded to.
const STEPS: u32 = 1 << 16;

/// Two pictures of the same size, and how one becomes the other.
pub(super) struct Pair {
    pictures: [RgbImage; 2],
    means: Means,
    /// The difference between the pictures and what the means give at both ends, in bytes. It fades too, so that nothing jumps
    /// at the ends
    rests: Option<[Vec<i16>; 2]>,
}

/// What is mixed.
enum Means {
    Light,
    Drawings(Box<Settings>, [Drawing; 2]),
    Latents { vqgan: Arc<Vqgan>, ends: [Tensor; 2], size: Size },
}

impl Pair {
    /// Mixes light.
    pub(super) fn light(pictures: [RgbImage; 2]) -> Self {
        Self { pictures, means: Means::Light, rests: None }
    }

    /// Mixes drawings that were drawn with these settings.
    ///
    /// # Errors
    /// If they cannot be drawn.
    pub(super) fn drawings(pictures: [RgbImage; 2], settings: &Settings, drawings: [Drawing; 2]) -> Result<Self> {
        // Between the ends, colors lie in between, too.
        let settings = Settings { palette: None, colors: None, ..settings.clone() };
        Self::of(pictures, Means::Drawings(Box::new(settings), drawings))
    }

    /// Mixes latents.
    ///
    /// # Errors
    /// If a picture cannot be encoded.
    pub(super) fn latents(pictures: [RgbImage; 2], vqgan: &Arc<Vqgan>) -> Result<Self> {
        let size = VqganDrawer::work_size(vqgan, Size::of(&pictures[0]), None);
        let factor = vqgan.config().factor();
        let latent = |picture: &RgbImage| {
            let values = to_values(&pad_to(picture, size), 3);
            let encoded = vqgan.encode(&Tensor::from_vec(values, (1, 3, size.height, size.width), &Device::Cpu)?)?;
            vqgan.lookup(&vqgan.quantize(&encoded)?, size.height / factor, size.width / factor)
        };
        let ends = [latent(&pictures[0])?, latent(&pictures[1])?];
        Self::of(pictures, Means::Latents { vqgan: vqgan.clone(), ends, size })
    }

    fn of(pictures: [RgbImage; 2], means: Means) -> Result<Self> {
        let mut pair = Self { pictures, means, rests: None };
        let rest = |share: f64, end: usize| {
            let made = pair.mean(share)?;
            let own = &pair.pictures[end];
            if made.dimensions() != own.dimensions() {
                return Err(Error::fault("a picture on the way has another size"));
            }
            Ok(own.iter().zip(made.iter()).map(|(own, made)| i16::from(*own) - i16::from(*made)).collect())
        };
        let rests = [rest(0.0, 0)?, rest(1.0, 1)?];
        pair.rests = Some(rests);
        Ok(pair)
    }

    /// The picture at a share of the way, 0 to 1. At each end, this is the given picture, byte for byte.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn picture(&self, share: f64) -> Result<RgbImage> {
        let mut picture = self.mean(share)?;
        let Some([first, second]) = &self.rests else { return Ok(picture) };
        for (byte, (first, second)) in picture.iter_mut().zip(first.iter().zip(second)) {
            let rest = (1.0 - share) * f64::from(*first) + share * f64::from(*second);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let whole = (f64::from(*byte) + rest).round().clamp(0.0, 255.0) as u8;
            *byte = whole;
        }
        Ok(picture)
    }

    /// The picture from the means at a share of the way.
    fn mean(&self, share: f64) -> Result<RgbImage> {
        match &self.means {
            Means::Light => {
                let [from, to] = &self.pictures;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let step = (share * f64::from(STEPS)).round() as usize;
                Ok(blended(from, to, step, STEPS as usize))
            }
            Means::Drawings(settings, [from, to]) => {
                let blueprint = drawer::of(&settings.drawer)?;
                let (between, render) = blueprint.between().zip(blueprint.render()).ok_or_else(unlike)?;
                let drawing = between(from, to, share)?.ok_or_else(unlike)?;
                Ok(over_white(render(settings, &drawing, Size::of(&self.pictures[0]))?))
            }
            Means::Latents { vqgan, ends: [from, to], size } => {
                let mixed = ((from * (1.0 - share))? + (to * share)?)?;
                decoded(vqgan, &mixed, *size, Size::of(&self.pictures[0]))
            }
        }
    }
}

/// The middle of the picture of a latent, which has the size that the VQGAN works at.
fn decoded(vqgan: &Vqgan, latent: &Tensor, work: Size, shown: Size) -> Result<RgbImage> {
    let (left, top) = ((work.width - shown.width) / 2, (work.height - shown.height) / 2);
    let drawn = vqgan.decode(latent)?.affine(0.5, 0.5)?;
    let drawn = drawn.narrow(2, top, shown.height)?.narrow(3, left, shown.width)?.contiguous()?;
    crate::picture::to_image(&drawn)
}

fn unlike() -> Error {
    Error::fault("the drawings have no mean")
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::models::{ModelFiles, Role, embedded};

    fn picture(seed: u32) -> RgbImage {
        let byte = |value: u32| u8::try_from(value % 256).unwrap();
        RgbImage::from_fn(37, 22, |x, y| Rgb([byte(x * seed), byte(y * 9), byte(seed * 50)]))
    }

    fn apart(one: &RgbImage, other: &RgbImage) -> f64 {
        let sum: u64 = one.iter().zip(other.iter()).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
        f64::from(u32::try_from(sum).unwrap()) / f64::from(3 * one.width() * one.height())
    }

    #[test]
    fn the_ends_are_exact_and_nothing_jumps() {
        let files = ModelFiles::open(Role::Vqgan, embedded::NAME).unwrap();
        let vqgan = Arc::new(Vqgan::load(&files).unwrap());
        let ends = [picture(3), picture(5)];
        for pair in [Pair::light(ends.clone()), Pair::latents(ends.clone(), &vqgan).unwrap()] {
            assert!(pair.picture(0.0).unwrap() == ends[0] && pair.picture(1.0).unwrap() == ends[1]);
            let way: Vec<RgbImage> = (0..=8).map(|step| pair.picture(f64::from(step) / 8.0).unwrap()).collect();
            let whole = apart(&ends[0], &ends[1]);
            for step in way.windows(2) {
                assert!(apart(&step[0], &step[1]) < 0.6 * whole, "{} of {whole}", apart(&step[0], &step[1]));
            }
        }
    }
}
