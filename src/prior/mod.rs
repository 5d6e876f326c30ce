//! The prior: a small network that draws a first picture of a sentence in a single pass, as a starting point for
//! guidance. It reads the states of the embedded CLIP's text tower and arranges codes of the embedded VQGAN. What it
//! draws worse than one thing, such as several, is composed of drawings of one thing each.

mod composing;
mod network;
mod seen;

use std::sync::Arc;

use candle_core::Device;
use image::RgbImage;

use crate::clip::Clip;
use crate::judge::Fit;
use crate::models::container::TensorFile;
use crate::models::{ModelFiles, Part, Role, Weights, embedded};
use crate::picture::{Size, to_image};
use crate::random::Stream;
use crate::sentence::Sentence;
use crate::settings::Prompt;
use crate::vqgan::Vqgan;
use crate::{Error, Result};
use composing::Means;
use network::{ChoicesConfig, Config, PriorNetwork};
pub use seen::seen_anew;

/// The embedded prior, with the models it works with.
pub struct Prior {
    network: PriorNetwork,
    choices: ChoicesConfig,
    clip: Arc<Clip>,
    vqgan: Arc<Vqgan>,
}

impl Prior {
    /// The embedded prior. Loads the embedded models it works with, unless they are given.
    ///
    /// # Errors
    /// If compiled-in weights cannot be read.
    pub fn of(clip: Option<Arc<Clip>>, vqgan: Option<Arc<Vqgan>>) -> Result<Self> {
        let (config, weights) = embedded::prior();
        let config: Config = serde_json::from_slice(config).map_err(|error| Error::fault(error.to_string()))?;
        let choices = config.choices.clone();
        let file = TensorFile::from_static("embedded/prior/model.safetensors", weights)?;
        let same = |name: &str| vec![Part::same(name)];
        let (network, _) = Weights::build(&file, &same, &|_| false, |builder| PriorNetwork::load(&builder, config))?;
        let clip = match clip {
            Some(clip) => clip,
            None => Arc::new(Clip::load(&ModelFiles::open(Role::Clip, embedded::NAME)?)?),
        };
        let vqgan = match vqgan {
            Some(vqgan) => vqgan,
            None => Arc::new(Vqgan::load(&ModelFiles::open(Role::Vqgan, embedded::NAME)?)?),
        };
        Ok(Self { network, choices, clip, vqgan })
    }

    /// A picture of sentences; none if no sentence has a weight above 0. The stream decides the artist and the variant of
    /// the background.
    ///
    /// # Errors
    /// If a sentence cannot be tokenized, or the computation fails.
    pub fn picture(&self, prompts: &[Prompt], stream: &mut Stream) -> Result<Option<RgbImage>> {
        let choices = draw_choices(&self.choices, stream);
        let texts: Vec<(&str, f64)> = prompts
            .iter()
            .filter(|prompt| prompt.weight > 0.0)
            .map(|prompt| (&prompt.text[..], prompt.weight))
            .collect();
        if texts.is_empty() { Ok(None) } else { self.draw(&texts, &choices).map(Some) }
    }

    /// A picture of a size, composed of drawings of what the sentence names; none if [`Prior::picture`] draws it as well.
    /// The stream decides the same as there, and how the drawings are turned. A thing that would have a color that it is
    /// not to have gets the one in which it fits the prompts best, less what it fits those with negative weights.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn composed(
        &self,
        sentence: &Sentence,
        prompts: &[Prompt],
        size: Size,
        stream: &mut Stream,
    ) -> Result<Option<RgbImage>> {
        let choices = draw_choices(&self.choices, stream);
        let mut draw = |caption: &str| self.draw(&[(caption, 1.0)], &choices);
        // Few sentences ask for it.
        let mut known: Option<Fit> = None;
        let mut fit = |picture: &RgbImage| {
            let judge = match known.take() {
                Some(judge) => judge,
                None => Fit::of_prompts(self.clip.clone(), prompts)?,
            };
            known.insert(judge).cosine(picture, &Device::Cpu)
        };
        composing::compose(sentence, size, stream, &mut Means { draw: &mut draw, fit: &mut fit })
    }

    /// The picture of texts with weights above 0.
    fn draw(&self, texts: &[(&str, f64)], choices: &[f32]) -> Result<RgbImage> {
        let total: f64 = texts.iter().map(|(_, weight)| weight).sum();
        let (mut states, mut end) = (Vec::new(), Vec::new());
        for (text, weight) in texts {
            let read = self.clip.text_states(&self.clip.tokenizer().encode(text)?)?;
            let last = &read[read.len() - self.clip.config().text.blocks.width..];
            end.resize(last.len(), 0.0);
            #[allow(clippy::cast_possible_truncation)]
            let share = (weight / total) as f32;
            end.iter_mut().zip(last).for_each(|(sum, value)| *sum += share * value);
            states.extend(read);
        }
        let vectors = self.network.forward(&states, &end, choices)?;
        let side = vectors.dim(3)?;
        let latent = self.vqgan.lookup(&self.vqgan.quantize(&vectors)?, side, side)?;
        let picture = self.vqgan.decode(&latent)?;
        to_image(&((picture * 0.5)? + 0.5)?.clamp(0.0, 1.0)?)
    }
}

/// Chooses one of the artists and one of the variants.
fn draw_choices(config: &ChoicesConfig, stream: &mut Stream) -> Vec<f32> {
    let mut choices = vec![0.0; config.length()];
    choices[config.learned[stream.below(config.learned.len())]] = 1.0;
    choices[config.artists + stream.below(config.variants)] = 1.0;
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of pixels that are about as blue, and as yellow, as can be.
    #[allow(clippy::cast_precision_loss)]
    fn blue_and_yellow(picture: &RgbImage) -> (f64, f64) {
        let (mut blue, mut yellow) = (0, 0);
        for pixel in picture.pixels() {
            let [r, g, b] = pixel.0.map(i32::from);
            blue += usize::from(b > r + 60 && b > g + 30);
            yellow += usize::from(r > b + 80 && g > b + 60);
        }
        let area = f64::from(picture.width() * picture.height());
        (blue as f64 / area, yellow as f64 / area)
    }

    #[test]
    fn a_thing_gets_the_color_that_is_asked_for() {
        let prior = Prior::of(None, None).unwrap();
        let size = Size { width: 96, height: 96 };
        let composed = |text: &str| {
            let sentence = Sentence::read(text).unwrap();
            prior.composed(&sentence, &[], size, &mut Stream::new(1, "test", 0)).unwrap()
        };
        let (blue, yellow) = blue_and_yellow(&composed("a blue banana").unwrap());
        assert!(blue > 0.15 && yellow < 0.02, "{blue} {yellow}");
        let (blue, yellow) = blue_and_yellow(&composed("a yellow banana").unwrap());
        assert!(blue < 0.02 && yellow > 0.15, "{blue} {yellow}");
        assert_eq!(composed("a blue banana"), composed("a blue banana"));
    }
}
