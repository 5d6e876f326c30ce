//! The targets of a perceptor: sentences, images and random features.

use std::path::Path;

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::{LoadedModel, no_text};
use crate::Result;
use crate::clip::Clip;
use crate::drawer;
use crate::judge::{Cutouts, Perceptor, Target};
use crate::models::embedded;
use crate::picture::{self, Size, to_values};
use crate::progress::Stop;
use crate::random::{Stream, seed_of_word};
use crate::sentence;
use crate::settings::{Prompt, Settings};
use crate::text::beginning;

/// The kinds of targets, as the names of losses begin.
const PROMPT: &str = "prompt";
const PROMPT_OUTSIDE: &str = "prompt-outside";
const LABEL: &str = "label";
const IMAGE_PROMPT: &str = "image-prompt";
const NOISE_PROMPT: &str = "noise-prompt";
const NO_TEXT: &str = "no-text";
const NO_TEXT_OUTSIDE: &str = "no-text-outside";

/// Whether a target says what the picture is to show: sentences, labels and images do.
pub(super) fn is_shown(target: &Target) -> bool {
    let kind = target.name.split(':').next().unwrap_or_default();
    [PROMPT, PROMPT_OUTSIDE, LABEL, IMAGE_PROMPT].contains(&kind)
}

/// Creates a perceptor that looks for all prompts of settings in these cutouts. `warn` receives a warning about text that a model
/// ignores.
pub(super) fn perceptor(
    settings: &Settings,
    clip: &LoadedModel<Clip>,
    cutouts: Cutouts,
    device: &Device,
    warn: &mut dyn FnMut(String),
) -> Result<Perceptor> {
    let model = &clip.model;
    let (mut targets, mut cut) = (sentences(PROMPT, settings.prompt.all(), clip, warn)?, Vec::new());
    targets.extend(sentences(LABEL, &settings.label, clip, warn)?);
    for (index, prompt) in settings.image_prompt.iter().enumerate() {
        let picture = picture::read(Path::new(&prompt.value))?;
        let feature = model.picture_feature(&picture)?;
        let stop = settings.image_stop.map(|distance| distance.copysign(prompt.weight));
        let target = Target { name: format!("{IMAGE_PROMPT}:{index}"), feature, weight: prompt.weight, stop };
        if settings.recut_images == Some(true) {
            cut.push((target, with_proportions(picture, settings.size, device)?));
        } else {
            targets.push(target);
        }
    }
    for (index, prompt) in settings.noise_prompt.iter().enumerate() {
        let seed = prompt.value.parse().unwrap_or_else(|_| seed_of_word(&prompt.value));
        let feature = random_feature(seed, model.config().features)?;
        targets.push(Target { name: format!("{NOISE_PROMPT}:{index}"), feature, weight: prompt.weight, stop: None });
    }
    if let Some(weight) = settings.no_text {
        // A job has prepared it, and could be stopped meanwhile.
        let feature = no_text::direction(clip, &Stop::default(), warn)?;
        targets.push(Target { name: NO_TEXT.into(), feature, weight, stop: None });
    }
    let perceptor = Perceptor::new(clip.name.clone(), model.clone(), targets, cutouts)?;
    // The prompts are the first targets.
    let courses = (0..settings.prompt.all().len()).map(|index| settings.course_of_prompt(index)).collect();
    let perceptor = perceptor.following(courses);
    Ok(if cut.is_empty() { perceptor } else { perceptor.cutting(cut) })
}

/// The middle of an image with the proportions of the picture, `[1, 3, height, width]`, to be cut like that.
fn with_proportions(image: RgbImage, size: Size, device: &Device) -> Result<Tensor> {
    let values = to_values(&picture::cover(image, size)?, 3);
    Ok(Tensor::from_vec(values, (1, 3, size.height, size.width), device)?)
}

/// Creates a perceptor that looks for the prompts outside a mask, beside one for the others; none without such prompts. Letters
/// are unwanted on both sides. `warn` receives a warning about text that a model ignores.
pub(super) fn outside(
    settings: &Settings,
    clip: &LoadedModel<Clip>,
    inside: &Perceptor,
    warn: &mut dyn FnMut(String),
) -> Result<Option<Perceptor>> {
    let Some(prompts) = &settings.prompt_outside else { return Ok(None) };
    let mut targets = sentences(PROMPT_OUTSIDE, prompts.all(), clip, warn)?;
    let without_text = inside.targets().iter().filter(|target| target.name == NO_TEXT);
    targets.extend(without_text.map(|target| Target { name: NO_TEXT_OUTSIDE.into(), ..target.clone() }));
    Perceptor::new(clip.name.clone(), clip.model.clone(), targets, inside.cutouts().outside()).map(Some)
}

/// The targets of sentences of a kind, which have its name and a number.
fn sentences(
    kind: &str,
    prompts: &[Prompt],
    clip: &LoadedModel<Clip>,
    warn: &mut dyn FnMut(String),
) -> Result<Vec<Target>> {
    let model = &clip.model;
    let mut targets = Vec::new();
    for (index, prompt) in prompts.iter().enumerate() {
        let (text, what) = match kind {
            LABEL => (model.read_label(&prompt.text)?, "label"),
            _ => (model.read(&prompt.text)?, "prompt"),
        };
        if let Some(dropped) = &text.dropped {
            let longest = model.config().text.context_length;
            let name = &clip.name;
            let dropped = beginning(dropped);
            warn(format!(
                "the {what} is longer than the {longest} tokens that {name} reads; {name} ignores: {dropped}"
            ));
        }
        if clip.name == embedded::NAME
            && let Some(warning) = sentence::warning(&prompt.text)?
        {
            warn(warning);
        }
        let feature = text.feature;
        targets.push(Target { name: format!("{kind}:{index}"), feature, weight: prompt.weight, stop: prompt.stop });
    }
    Ok(targets)
}

/// The style that asks for cells, and the option that draws them.
const CELLS: (&str, &str) = ("pixel art", "pixel_art");

/// A hint for prompts that ask for pixel art of a drawer that has no cells; none if they do not.
///
/// # Errors
/// Only if the vocabulary in the program is damaged.
pub(super) fn hint(settings: &Settings) -> Result<Option<String>> {
    let (style, option) = CELLS;
    if drawer::of(&settings.drawer)?.has(option) {
        return Ok(None);
    }
    for prompt in settings.prompt.all().iter().filter(|prompt| prompt.weight > 0.0) {
        if sentence::Sentence::read(&prompt.text)?.styles.contains(&style) {
            let hint = "the prompt asks for pixel art; --pixel-art draws it in cells of few colors";
            return Ok(Some(hint.into()));
        }
    }
    Ok(None)
}

/// A random feature: approximately normal numbers, each the sum of twelve uniform ones.
fn random_feature(seed: u64, length: usize) -> Result<Tensor> {
    let mut stream = Stream::new(seed, "noise prompt", 0);
    #[allow(clippy::cast_possible_truncation)]
    let mut normal = || (0..12).map(|_| stream.unit()).sum::<f64>() as f32 - 6.0;
    let values: Vec<f32> = (0..length).map(|_| normal()).collect();
    Ok(Tensor::from_vec(values, length, &Device::Cpu)?)
}
