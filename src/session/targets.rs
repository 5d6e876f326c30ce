//! The targets of a perceptor: sentences, images and random features.

use std::path::Path;

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::{LoadedModel, no_text};
use crate::Result;
use crate::clip::{Clip, preprocess};
use crate::drawer;
use crate::judge::{Cutouts, Perceptor, Target};
use crate::models::embedded;
use crate::picture::{self, Size, to_values};
use crate::progress::Stop;
use crate::random::{Stream, seed_of_word};
use crate::sentence;
use crate::settings::Settings;

/// The kinds of targets, as the names of losses begin.
const PROMPT: &str = "prompt";
const LABEL: &str = "label";
const IMAGE_PROMPT: &str = "image-prompt";
const NOISE_PROMPT: &str = "noise-prompt";
const NO_TEXT: &str = "no-text";

/// Whether a target says what the picture is to show: sentences, labels and images do.
pub(super) fn is_shown(target: &Target) -> bool {
    let kind = target.name.split(':').next().unwrap_or_default();
    [PROMPT, LABEL, IMAGE_PROMPT].contains(&kind)
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
    let (mut targets, mut cut) = (Vec::new(), Vec::new());
    let prompts = settings.prompt.all().iter().enumerate().map(|(index, prompt)| (PROMPT, index, prompt));
    let labels = settings.label.iter().enumerate().map(|(index, label)| (LABEL, index, label));
    for (kind, index, prompt) in prompts.chain(labels) {
        let text = if kind == LABEL { model.read_label(&prompt.text)? } else { model.read(&prompt.text)? };
        if let Some(dropped) = &text.dropped {
            let longest = model.config().text.context_length;
            let name = &clip.name;
            warn(format!(
                "the {kind} is longer than the {longest} tokens that {name} reads; {name} ignores: {dropped}"
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
    for (index, prompt) in settings.image_prompt.iter().enumerate() {
        let picture = picture::read(Path::new(&prompt.value))?;
        let feature = model.image_features(&preprocess(&picture, model.side())?)?.squeeze(0)?;
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
    Ok(if cut.is_empty() { perceptor } else { perceptor.cutting(cut) })
}

/// The middle of an image with the proportions of the picture, `[1, 3, height, width]`, to be cut like that.
fn with_proportions(image: RgbImage, size: Size, device: &Device) -> Result<Tensor> {
    let values = to_values(&picture::cover(image, size)?, 3);
    Ok(Tensor::from_vec(values, (1, 3, size.height, size.width), device)?)
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
