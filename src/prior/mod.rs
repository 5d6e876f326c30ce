//! The prior: a small network that draws a first picture of a sentence in one go, for guidance to go on from. It reads
//! the states of the embedded CLIP's text tower and lays out codes of the embedded VQGAN.

mod network;

use std::sync::Arc;

use image::{RgbImage, imageops};

use crate::clip::Clip;
use crate::drawer::StartNoise;
use crate::models::container::TensorFile;
use crate::models::{ModelFiles, Part, Role, Weights, embedded};
use crate::output::to_image;
use crate::picture;
use crate::random::Stream;
use crate::session::Models;
use crate::settings::{Prompt, Settings, Size};
use crate::vqgan::Vqgan;
use crate::{Error, Result};
use network::{ChoicesConfig, Config, PriorNetwork};

/// The least share of a side of the prior's picture that a run begins with.
const NEAREST: f64 = 0.95;

/// The picture that a run begins with where its settings ask for the prior's and a prompt says what; of the run's size.
/// It stands in the middle; where the size is not square its edges go on to both sides.
///
/// # Errors
/// Where a prompt cannot be tokenised, or the computation fails.
pub fn first_picture(settings: &Settings, models: &Models, stream: &mut Stream) -> Result<Option<RgbImage>> {
    if settings.init_noise != StartNoise::Prior || settings.init_image.is_some() {
        return Ok(None);
    }
    let Some(drawn) = Prior::beside(models)?.picture(settings.prompt.all(), stream)? else { return Ok(None) };
    let side = settings.size.width.min(settings.size.height);
    let square = picture::cover(seen_anew(drawn, stream), Size { width: side, height: side })?;
    Ok(Some(picture::pad_to(&square, settings.size)))
}

/// The prior inside the program, with the models it works with.
pub struct Prior {
    network: PriorNetwork,
    choices: ChoicesConfig,
    clip: Arc<Clip>,
    vqgan: Arc<Vqgan>,
}

impl Prior {
    /// The prior inside the program, beside models of a run: the embedded ones among them are not read again.
    ///
    /// # Errors
    /// None in a program that was built whole; a weight file that cannot be read otherwise.
    pub fn beside(models: &Models) -> Result<Self> {
        let clip = models.clips.iter().find(|clip| clip.name == embedded::NAME).map(|clip| clip.model.clone());
        let vqgan = models.vqgan.iter().find(|vqgan| vqgan.name == embedded::NAME).map(|vqgan| vqgan.model.clone());
        Self::of(clip, vqgan)
    }

    fn of(clip: Option<Arc<Clip>>, vqgan: Option<Arc<Vqgan>>) -> Result<Self> {
        let (config, weights) = embedded::prior();
        let config: Config = serde_json::from_slice(config).map_err(|error| Error::fault(error.to_string()))?;
        let choices = config.choices.clone();
        let file = TensorFile::from_static("embedded/prior/model.safetensors", weights)?;
        let same = |name: &str| vec![Part::same(name)];
        let network = Weights::build(&file, &same, &|_| false, |weights| PriorNetwork::load(weights, config))?;
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

    /// The codes of a picture of sentences, row by row, and how many there are along a side; none where no sentence has a
    /// weight above 0. Whose drawing it is, and which variant of a background, is drawn from the stream.
    ///
    /// # Errors
    /// Where a sentence cannot be tokenised, or the computation fails.
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
    /// Where a sentence cannot be tokenised, or the computation fails.
    pub fn picture(&self, prompts: &[Prompt], stream: &mut Stream) -> Result<Option<RgbImage>> {
        let Some((codes, side)) = self.codes(prompts, stream)? else { return Ok(None) };
        let picture = self.vqgan.decode(&self.vqgan.lookup(&codes, side, side)?)?;
        Ok(Some(to_image(&((picture * 0.5)? + 0.5)?.clamp(0.0, 1.0)?)?))
    }
}

/// One of the artists and one of the variants.
fn draw_choices(config: &ChoicesConfig, stream: &mut Stream) -> Vec<f32> {
    let mut choices = vec![0.0; config.length()];
    choices[config.learned[stream.below(config.learned.len())]] = 1.0;
    choices[config.artists + stream.below(config.variants)] = 1.0;
    choices
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
