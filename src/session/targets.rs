//! The targets of a perceptor: sentences, images and random features.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::LoadedModel;
use crate::Result;
use crate::clip::{Clip, preprocess};
use crate::drawer;
use crate::judge::{Cutouts, Perceptor, Target};
use crate::models::embedded;
use crate::picture;
use crate::random::{Stream, seed_of_word};
use crate::sentence;
use crate::settings::{Prompts, Settings};

/// Creates a perceptor that looks for all prompts of settings in these cutouts. `warn` receives a warning about text that a model
/// ignores.
pub(super) fn perceptor(
    settings: &Settings,
    clip: &LoadedModel<Clip>,
    cutouts: Cutouts,
    warn: &mut dyn FnMut(String),
) -> Result<Perceptor> {
    let model = &clip.model;
    let mut targets = sentences("prompt", &settings.prompt, clip, warn)?;
    for (index, prompt) in settings.image_prompt.iter().enumerate() {
        let seen = preprocess(&picture::read(Path::new(&prompt.value))?, model.side())?;
        let feature = model.image_features(&seen)?.squeeze(0)?;
        targets.push(Target { name: format!("image-prompt:{index}"), feature, weight: prompt.weight, stop: None });
    }
    for (index, prompt) in settings.noise_prompt.iter().enumerate() {
        let seed = prompt.value.parse().unwrap_or_else(|_| seed_of_word(&prompt.value));
        let feature = random_feature(seed, model.config().features)?;
        targets.push(Target { name: format!("noise-prompt:{index}"), feature, weight: prompt.weight, stop: None });
    }
    Perceptor::new(clip.name.clone(), model.clone(), targets, cutouts)
}

/// Creates a perceptor that looks for the prompts outside a mask, in a run that has these cutouts for the others; none
/// without such prompts. `warn` receives a warning about text that a model ignores.
pub(super) fn outside(
    settings: &Settings,
    clip: &LoadedModel<Clip>,
    cutouts: &Cutouts,
    warn: &mut dyn FnMut(String),
) -> Result<Option<Perceptor>> {
    let Some(prompts) = &settings.prompt_outside else { return Ok(None) };
    let targets = sentences("prompt-outside", prompts, clip, warn)?;
    Perceptor::new(clip.name.clone(), clip.model.clone(), targets, cutouts.outside()).map(Some)
}

/// The targets of sentences, which have this name and a number.
fn sentences(
    name: &str,
    prompts: &Prompts,
    clip: &LoadedModel<Clip>,
    warn: &mut dyn FnMut(String),
) -> Result<Vec<Target>> {
    let model = &clip.model;
    let mut targets = Vec::new();
    for (index, prompt) in prompts.all().iter().enumerate() {
        let text = model.read(&prompt.text)?;
        if let Some(dropped) = &text.dropped {
            let longest = model.config().text.context_length;
            let clip = &clip.name;
            warn(format!(
                "the prompt is longer than the {longest} tokens that {clip} reads; {clip} ignores: {dropped}"
            ));
        }
        if clip.name == embedded::NAME
            && let Some(warning) = sentence::warning(&prompt.text)?
        {
            warn(warning);
        }
        let feature = text.feature;
        targets.push(Target { name: format!("{name}:{index}"), feature, weight: prompt.weight, stop: prompt.stop });
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
