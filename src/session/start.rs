//! The first picture of a run that starts from the prior.

use image::{RgbImage, imageops};

use super::{Models, styles};
use crate::Result;
use crate::models::embedded;
use crate::picture::{self, Size};
use crate::prior::Prior;
use crate::random::Stream;
use crate::settings::{Prompt, Settings, StartNoise};

/// The least share of the side of the picture of the prior that is shown.
const NEAREST: f64 = 0.95;

/// The first picture of a run whose settings ask for the prior, if a prompt has a positive weight. It has the size of
/// the run: the square picture of the prior is in the middle, and its edges are extended if the size is not square.
///
/// # Errors
/// If a prompt cannot be tokenized, or the computation fails.
pub fn first_picture(settings: &Settings, models: &Models, stream: &mut Stream) -> Result<Option<RgbImage>> {
    if settings.init_noise != StartNoise::Prior || settings.init_image.is_some() {
        return Ok(None);
    }
    let Some(drawn) = prior_beside(models)?.picture(&styled_prompts(settings)?, stream)? else { return Ok(None) };
    let side = settings.size.width.min(settings.size.height);
    let square = picture::cover(seen_anew(drawn, stream), Size { width: side, height: side })?;
    Ok(Some(picture::pad_to(&square, settings.size)))
}

/// The prompts, each with the words of the styles after it: the prior was trained on captions such as `a castle,
/// watercolor`.
fn styled_prompts(settings: &Settings) -> Result<Vec<Prompt>> {
    let prompts = settings.prompt.all().to_vec();
    let Some(words) = styles::embedded_words(settings)? else { return Ok(prompts) };
    let styled = |prompt: Prompt| Prompt { text: format!("{}{}{words}", prompt.text, styles::BETWEEN), ..prompt };
    Ok(prompts.into_iter().map(styled).collect())
}

/// The prior inside the program. It shares embedded models with those of the run.
fn prior_beside(models: &Models) -> Result<Prior> {
    let clip = models.clips.iter().find(|clip| clip.name == embedded::NAME).map(|clip| clip.model.clone());
    let vqgan = models.vqgan.iter().find(|vqgan| vqgan.name == embedded::NAME).map(|vqgan| vqgan.model.clone());
    Prior::of(clip, vqgan)
}

/// Crops the picture a little and mirrors it or not: the prior always puts things in the same place, but seeds should
/// give different pictures.
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
