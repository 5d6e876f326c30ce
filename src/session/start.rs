//! The starting point of a run: a picture, which is the init image or that of the prior, or noise.

use std::borrow::Cow;

use image::RgbImage;

use super::masks::{Masks, Matte};
use super::{Models, Plan, styles};
use crate::Result;
use crate::device::bring;
use crate::drawer::{self, Start};
use crate::judge::Part;
use crate::models::embedded;
use crate::picture::{self, Size};
use crate::prior::{Prior, seen_anew};
use crate::random::Stream;
use crate::sentence::{Sentence, Unwanted};
use crate::settings::{Prompt, Settings, StartNoise};

/// The starting point of the first pass, whose settings are given: the init image, else the first picture of the prior, else
/// noise.
///
/// # Errors
/// If a prompt cannot be tokenized, a picture has no pixels, or the computation fails.
pub(super) fn starting_point<'a>(
    init: Option<RgbImage>,
    first: &Settings,
    (plan, models): (&Plan, &Models),
    masks: Option<&Masks>,
    stream: &'a mut Stream,
) -> Result<Start<'a>> {
    let opening = opening(first);
    let picture = match init {
        Some(init) => Some(over_noise(init, &opening, plan, models, masks, stream)?),
        None => first_picture(&opening, models, masks.map(Masks::first))?,
    };
    let settings = plan.settings();
    Ok(match picture {
        Some(picture) => Start::Picture(tiled(picture, first)?, settings.weight_of_start()),
        None => Start::Noise(settings.init_noise, stream),
    })
}

/// These settings with the prompts that count in the first iteration, from which the first picture is made.
pub(super) fn opening(settings: &Settings) -> Cow<'_, Settings> {
    if settings.prompt_weights.is_empty() {
        return Cow::Borrowed(settings);
    }
    Cow::Owned(Settings { prompt: settings.prompts_at_start(), prompt_weights: Vec::new(), ..settings.clone() })
}

/// The first picture of a run whose settings ask for the prior, if a prompt has a positive weight. It has the size of
/// the run. It is composed of drawings of the things that the prompts name if that helps. Otherwise the square picture of
/// the prior is in the middle, and its edges are extended if the size is not square.
///
/// With a mask, that picture is drawn where the inside is, and its edges are extended over the outside; or the first
/// picture of the prompts for the outside is there.
///
/// # Errors
/// If a prompt cannot be tokenized, or the computation fails.
fn first_picture(settings: &Settings, models: &Models, matte: Option<&Matte>) -> Result<Option<RgbImage>> {
    if settings.init_noise != StartNoise::Prior || settings.init_image.is_some() {
        return Ok(None);
    }
    let prior = prior_beside(models)?;
    let streams = ["init", "composing"];
    let Some(matte) = matte else { return of_prompts(&prior, settings, streams) };
    let part = matte.inside();
    let of_part = Settings { size: Size { width: part.width, height: part.height }, ..settings.clone() };
    let inside = of_prompts(&prior, &of_part, streams)?;
    let Some(inside) = inside.map(|inside| extended(&inside, part, settings.size)) else { return Ok(None) };
    let Some(prompt) = settings.prompt_outside.clone() else { return Ok(Some(inside)) };
    let of_outside = Settings { prompt, ..settings.clone() };
    let outside = of_prompts(&prior, &of_outside, ["init outside", "composing outside"])?;
    Ok(Some(outside.map_or(inside.clone(), |outside| blended(inside, &outside, &matte.values))))
}

/// The init image over what a run would start from without it, if its opacity is below 1: the first picture of the prior, or
/// what the drawer makes of noise. The result has the size of the pass. What an inpainted picture keeps is not mixed.
///
/// # Errors
/// If the computation fails.
fn over_noise(
    init: RgbImage,
    settings: &Settings,
    plan: &Plan,
    models: &Models,
    masks: Option<&Masks>,
    stream: &mut Stream,
) -> Result<RgbImage> {
    #[allow(clippy::cast_possible_truncation)]
    let Some(opacity) = settings.init_opacity.filter(|opacity| *opacity < 1.0).map(|opacity| opacity as f32) else {
        return Ok(init);
    };
    let matte = masks.map(Masks::first);
    let without = Settings { init_image: None, init_weight: 0.0, init_opacity: None, ..settings.clone() };
    let noise = if let Some(picture) = first_picture(&without, models, matte)? {
        picture
    } else {
        let start = Start::Noise(without.init_noise, stream);
        let (blueprint, device) = (drawer::of(&without.drawer)?, plan.device().tensors());
        let drawer = blueprint.build(&without, models.loaded(), plan.recomputed().decoder, start, device)?;
        picture::to_image(&bring(&drawer.draw()?.detach())?)?
    };
    let init = picture::cover(init, settings.size)?;
    let shares: Vec<f32> = match matte.filter(|_| settings.is_inpainted()) {
        Some(matte) => matte.values.iter().map(|value| 1.0 - (1.0 - opacity) * value).collect(),
        None => vec![opacity; settings.size.width * settings.size.height],
    };
    Ok(blended(init, &noise, &shares))
}

/// A part of a picture, with its edges extended to a size.
fn extended(part: &RgbImage, Part { left, top, .. }: Part, size: Size) -> RgbImage {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let (left, top) = (side(left), side(top));
    let within = |at: u32, start: u32, length: u32| at.saturating_sub(start).min(length.saturating_sub(1));
    RgbImage::from_fn(side(size.width), side(size.height), |x, y| {
        *part.get_pixel(within(x, left, part.width()), within(y, top, part.height()))
    })
}

/// Two pictures of one size, the first one by shares from 0 to 1 for each pixel.
fn blended(mut inside: RgbImage, outside: &RgbImage, shares: &[f32]) -> RgbImage {
    for ((pixel, other), share) in inside.pixels_mut().zip(outside.pixels()).zip(shares) {
        for (value, other) in pixel.0.iter_mut().zip(other.0) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both are bytes")]
            let mixed = (share * f32::from(*value) + (1.0 - share) * f32::from(other)).round() as u8;
            *value = mixed;
        }
    }
    inside
}

/// The first picture of the prompts of settings; none if none has a positive weight. The names are those of the streams for
/// pictures of the prior and for composed ones.
fn of_prompts(prior: &Prior, settings: &Settings, streams: [&str; 2]) -> Result<Option<RgbImage>> {
    let [mut stream, mut composing] = streams.map(|name| Stream::spread(settings.seed.0, name, 0));
    if let Some(sentence) = sentence(settings)?
        && let Some(composed) = prior.composed(&sentence, settings.prompt.all(), settings.size, &mut composing)?
    {
        return Ok(Some(composed));
    }
    let Some(drawn) = prior.picture(&styled_prompts(settings)?, &mut stream)? else { return Ok(None) };
    let side = settings.size.width.min(settings.size.height);
    let square = picture::cover(seen_anew(drawn, &mut stream), Size { width: side, height: side })?;
    Ok(Some(picture::pad_to(&square, settings.size)))
}

/// A picture to start from with the size of a run, changed so that its edges continue each other if the run is tiled: what
/// the drawers make of it has then no seam to begin with.
///
/// # Errors
/// If the picture has no pixels.
fn tiled(picture: RgbImage, settings: &Settings) -> Result<RgbImage> {
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
