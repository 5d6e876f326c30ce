//! The prior: a small network that draws a first picture of a sentence in a single pass, as a starting point for
//! guidance. It reads the states of the embedded CLIP's text tower and arranges codes of the embedded VQGAN.

mod network;

use std::sync::Arc;

use image::RgbImage;

use crate::clip::Clip;
use crate::models::container::TensorFile;
use crate::models::{ModelFiles, Part, Role, Weights, embedded};
use crate::picture::to_image;
use crate::random::Stream;
use crate::settings::Prompt;
use crate::vqgan::Vqgan;
use crate::{Error, Result};
use network::{ChoicesConfig, Config, PriorNetwork};

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

    /// The codes of a picture of sentences, row by row, and the number of codes along a side; none if no sentence has a
    /// weight above 0. The stream decides the artist and the variant of the background.
    ///
    /// # Errors
    /// If a sentence cannot be tokenized, or the computation fails.
    pub fn codes(&self, prompts: &[Prompt], stream: &mut Stream) -> Result<Option<(Vec<u32>, usize)>> {
        let choices = draw_choices(&self.choices, stream);
        let wanted: Vec<&Prompt> = prompts.iter().filter(|prompt| prompt.weight > 0.0).collect();
        let total: f64 = wanted.iter().map(|prompt| prompt.weight).sum();
        let (mut states, mut end) = (Vec::new(), Vec::new());
        for prompt in wanted {
            let read = self.clip.text_states(&self.clip.tokenizer().encode(&prompt.text)?)?;
            let last = &read[read.len() - self.clip.config().text.blocks.width..];
            end.resize(last.len(), 0.0);
            #[allow(clippy::cast_possible_truncation)]
            let share = (prompt.weight / total) as f32;
            end.iter_mut().zip(last).for_each(|(sum, value)| *sum += share * value);
            states.extend(read);
        }
        if states.is_empty() {
            return Ok(None);
        }
        let vectors = self.network.forward(&states, &end, &choices)?;
        let side = vectors.dim(3)?;
        Ok(Some((self.vqgan.quantize(&vectors)?, side)))
    }

    /// The picture of [`Prior::codes`].
    ///
    /// # Errors
    /// If a sentence cannot be tokenized, or the computation fails.
    pub fn picture(&self, prompts: &[Prompt], stream: &mut Stream) -> Result<Option<RgbImage>> {
        let Some((codes, side)) = self.codes(prompts, stream)? else { return Ok(None) };
        let picture = self.vqgan.decode(&self.vqgan.lookup(&codes, side, side)?)?;
        Ok(Some(to_image(&((picture * 0.5)? + 0.5)?.clamp(0.0, 1.0)?)?))
    }
}

/// Chooses one of the artists and one of the variants.
fn draw_choices(config: &ChoicesConfig, stream: &mut Stream) -> Vec<f32> {
    let mut choices = vec![0.0; config.length()];
    choices[config.learned[stream.below(config.learned.len())]] = 1.0;
    choices[config.artists + stream.below(config.variants)] = 1.0;
    choices
}
