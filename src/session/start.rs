//! The first picture of a run that starts from the prior.

use image::RgbImage;

use super::{Models, styles};
use crate::Result;
use crate::models::embedded;
use crate::picture::{self, Size};
use crate::prior::{Prior, seen_anew};
use crate::random::Stream;
use crate::sentence::{Sentence, Unwanted};
use crate::settings::{Prompt, Settings, StartNoise};

/// The first picture of a run whose settings ask for the prior, if a prompt has a positive weight. It has the size of
/// the run. It is composed of drawings of the things that the prompts name if that helps. Otherwise the square picture of
/// the prior is in the middle, and its edges are extended if the size is not square.
///
/// # Errors
/// If a prompt cannot be tokenized, or the computation fails.
pub fn first_picture(settings: &Settings, models: &Models, stream: &mut Stream) -> Result<Option<RgbImage>> {
    if settings.init_noise != StartNoise::Prior || settings.init_image.is_some() {
        return Ok(None);
    }
    let prior = prior_beside(models)?;
    if let Some(sentence) = sentence(settings)? {
        // A stream of its own, so that pictures that are not composed stay as they are.
        let mut stream = Stream::new(settings.seed.0, "composing", 0);
        if let Some(composed) = prior.composed(&sentence, settings.prompt.all(), settings.size, &mut stream)? {
            return Ok(Some(composed));
        }
    }
    let Some(drawn) = prior.picture(&styled_prompts(settings)?, stream)? else { return Ok(None) };
    let side = settings.size.width.min(settings.size.height);
    let square = picture::cover(seen_anew(drawn, stream), Size { width: side, height: side })?;
    Ok(Some(picture::pad_to(&square, settings.size)))
}

/// A picture to start from with the size of a run, changed so that its edges continue each other if the run is tiled: what
/// the drawers make of it has then no seam to begin with.
///
/// # Errors
/// If the picture has no pixels.
pub fn tiled(picture: RgbImage, settings: &Settings) -> Result<RgbImage> {
    match settings.tile {
        Some(tile) => Ok(tile.joined(&picture::cover(picture, settings.size)?)),
        None => Ok(picture),
    }
}

/// What the prompts with positive weights say together, in the styles of the run, without the colors that those with
/// negative weights name; none if that is not clear.
fn sentence(settings: &Settings) -> Result<Option<Sentence>> {
    let wanted = settings.prompt.all().iter().filter(|prompt| prompt.weight > 0.0);
    let sentences = wanted.map(|prompt| Sentence::read(&prompt.text)).collect::<Result<Vec<_>>>()?;
    let Some(mut sentence) = Sentence::together(sentences) else { return Ok(None) };
    for style in settings.styles() {
        sentence.add_style(&style.name);
    }
    for prompt in settings.prompt.all().iter().filter(|prompt| prompt.weight < 0.0) {
        sentence.unwanted.extend(Unwanted::read(&prompt.text)?);
    }
    Ok(Some(sentence))
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
