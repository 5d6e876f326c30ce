//! The picture that a run begins with if it is the prior's.

use image::{RgbImage, imageops};

use super::Models;
use crate::Result;
use crate::models::embedded;
use crate::picture::{self, Size};
use crate::prior::Prior;
use crate::random::Stream;
use crate::settings::{Settings, StartNoise};

/// The least share of a side of the prior's picture that a run begins with.
const NEAREST: f64 = 0.95;

/// The picture that a run begins with where its settings ask for the prior's and a prompt says what; of the run's size.
/// It stands in the middle; where the size is not square its edges go on to both sides.
///
/// # Errors
/// If a prompt cannot be tokenized, or the computation fails.
pub fn first_picture(settings: &Settings, models: &Models, stream: &mut Stream) -> Result<Option<RgbImage>> {
    if settings.init_noise != StartNoise::Prior || settings.init_image.is_some() {
        return Ok(None);
    }
    let Some(drawn) = prior_beside(models)?.picture(settings.prompt.all(), stream)? else { return Ok(None) };
    let side = settings.size.width.min(settings.size.height);
    let square = picture::cover(seen_anew(drawn, stream), Size { width: side, height: side })?;
    Ok(Some(picture::pad_to(&square, settings.size)))
}

/// The prior inside the program, beside models of a run: the embedded ones among them are not read again.
fn prior_beside(models: &Models) -> Result<Prior> {
    let clip = models.clips.iter().find(|clip| clip.name == embedded::NAME).map(|clip| clip.model.clone());
    let vqgan = models.vqgan.iter().find(|vqgan| vqgan.name == embedded::NAME).map(|vqgan| vqgan.model.clone());
    Prior::of(clip, vqgan)
}

/// Mirrored or not, and a little nearer: the prior puts everything where it always is, and seeds are to differ.
fn seen_anew(mut drawn: RgbImage, stream: &mut Stream) -> RgbImage {
    if stream.happens(0.5) {
        imageops::flip_horizontal_in_place(&mut drawn);
    }
    let (width, height) = drawn.dimensions();
    let share = stream.between(NEAREST, 1.0);
    let mut part = |side: u32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let shown = (f64::from(side) * share).round() as u32;
        #[allow(clippy::cast_possible_truncation)]
        (stream.below((side - shown) as usize + 1) as u32, shown)
    };
    let ((left, shown_width), (top, shown_height)) = (part(width), part(height));
    imageops::crop_imm(&drawn, left, top, shown_width, shown_height).to_image()
}
