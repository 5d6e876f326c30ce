//! CLIP: how well a picture fits a sentence (Radford et al., 2021).

mod aesthetic;
mod bert;
mod blocks;
mod config;
mod convnet;
mod derived;
mod label;
mod names;
mod preprocess;
mod published;
mod resnet;
mod separate;
mod text;
mod tokenizer;
mod vit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use image::RgbImage;

pub use aesthetic::AestheticHead;
pub use config::{BertKind, Config, ConvolutionConfig, ImageConfig, TextConfig, Tower};
pub(crate) use derived::{Key, key};
pub(crate) use label::{add_unit, length};
pub use preprocess::{is_too_thin, preprocess};
pub use tokenizer::{Tokenizer, Tokens};

use crate::frozen::{ChannelAffine, Memory, MemoryOf, Network, Step};
use crate::models::{ModelFiles, Role, Weights, embedded};
use crate::{Error, Result};
use bert::BertTower;
use derived::Derived;
use text::TextTower;

/// A CLIP model with frozen weights.
pub struct Clip {
    config: Config,
    image: Network,
    /// After how many steps of the image tower each of its stages ends; none if it is a transformer
    stages: Vec<usize>,
    text: TextTower,
    tokenizer: Tokenizer,
    bytes: u64,
    /// Sentences read so far
    read: Mutex<HashMap<String, Sentence>>,
    /// What was derived from pictures lately
    derived: Derived,
}

/// A sentence as read by a CLIP.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// `[features]`, not of unit length
    pub feature: Tensor,
    /// The end of the sentence that did not fit, if the sentence is longer than the model reads
    pub dropped: Option<String>,
}

/// Maximum number of sentences that are remembered.
const MOST_SENTENCES: usize = 4096;

impl Clip {
    /// Reads a CLIP in Hugging Face's, OpenAI's or the embedded model's layout, or a text tower of sentence-transformers
    /// with the image tower of another CLIP.
    ///
    /// # Errors
    /// If the configuration or the tokenizer cannot be used, or the weights do not fit.
    pub fn load(files: &ModelFiles) -> Result<Self> {
        if let Some(image) = files.image.as_deref() {
            let config = separate::config(files, image)?;
            let tokenizer = Tokenizer::load(files, &config.text)?;
            let (((image, stages), text), bytes) = separate::load(files, image, &config)?;
            return Ok(Self {
                config,
                image,
                stages,
                text,
                tokenizer,
                bytes,
                read: Mutex::default(),
                derived: Derived::default(),
            });
        }
        let mut config = Config::parse(files)?;
        let tokenizer = Tokenizer::load(files, &config.text)?;
        let names = names::Names::of(&files.weights);
        if let ImageConfig::Convolutions { hidden, .. } = &mut config.image {
            *hidden = hidden.or_else(|| names.rows("image.fc1.weight", &files.weights));
        }
        let parts = |name: &str| names.parts(name);
        let ignored = |name: &str| names.is_ignored(name);
        let (((image, stages), text), bytes) =
            Weights::build(&files.weights, &parts, &ignored, |builder| towers(&builder, &config))?;
        Ok(Self { config, image, stages, text, tokenizer, bytes, read: Mutex::default(), derived: Derived::default() })
    }

    /// A CLIP of random weights, for benchmarks. It uses the embedded model's tokens, for which a smaller
    /// vocabulary is enlarged.
    ///
    /// # Errors
    /// If the configuration does not describe a valid network.
    pub fn random(mut config: Config, seed: u64) -> Result<Self> {
        let files = ModelFiles::open(Role::Clip, embedded::NAME)?;
        config.text.vocabulary = config.text.vocabulary.max(Config::parse(&files)?.text.vocabulary);
        let tokenizer = Tokenizer::load(&files, &config.text)?;
        let (((image, stages), text), bytes) = Weights::random(seed, |builder| towers(&builder, &config))?;
        Ok(Self { config, image, stages, text, tokenizer, bytes, read: Mutex::default(), derived: Derived::default() })
    }

    /// The model's dimensions.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Bytes of memory that the weights take; on a GPU those of the image tower, after they have been counted: texts
    /// are read on the host.
    #[must_use]
    pub fn weight_memory(&self, of: MemoryOf) -> u64 {
        match of {
            MemoryOf::Host => self.bytes,
            MemoryOf::Gpu(_) => self.image.resident_memory(),
        }
    }

    /// Side of the square input pictures, in pixels.
    #[must_use]
    pub fn side(&self) -> usize {
        self.config.side
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The features of pictures: `[batch, 3, side, side]` with values from 0 to 1 to
    /// `[batch, features]`, not of unit length. The gradient of the pictures is recorded.
    ///
    /// # Errors
    /// If the pictures have the wrong dimensions.
    pub fn image_features(&self, pictures: &Tensor) -> Result<Tensor> {
        Ok(self.image.forward(pictures)?)
    }

    /// The feature of a picture of any size: `[features]`, not of unit length. Features of pictures are remembered.
    ///
    /// # Errors
    /// If the picture has no pixels.
    pub fn picture_feature(&self, picture: &RgbImage) -> Result<Tensor> {
        let derive = || Ok(self.image_features(&preprocess(picture, self.side())?)?.squeeze(0)?.detach());
        Ok(self.derived(key("feature", picture), derive)?.as_ref().clone())
    }

    /// What `derive` makes of a picture with this model, or made of it lately, by a key of the picture.
    ///
    /// # Errors
    /// If `derive` fails.
    pub(crate) fn derived<T: Send + Sync + 'static>(
        &self,
        key: Key,
        derive: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        self.derived.get(key, derive)
    }

    /// The network behind [`Clip::image_features`]; with its gradient, it recomputes `recomputed` blocks instead of
    /// keeping them ([`Network::recomputing`]).
    #[must_use]
    pub fn image_tower(&self, recomputed: usize) -> Network {
        self.image.recomputing(recomputed)
    }

    /// The stages of a convolutional image tower whose features represent colors and textures: all but the last stage, which
    /// represents things. The first stage takes pictures `[batch, 3, height, width]` of nearly any size with values from 0 to 1,
    /// and each later stage the features of the previous one, `[batch, channels, height, width]`. Empty for a transformer.
    #[must_use]
    pub fn stages(&self) -> Vec<Network> {
        self.image.parts(self.stages.split_last().map_or(&[][..], |(_, before)| before))
    }

    /// Approximate memory for the features of a number of pictures, with the pictures' gradient.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn judging_memory(&self, pictures: usize, recomputed: usize, of: MemoryOf) -> Result<Memory> {
        Ok(self.image_tower(recomputed).memory(&[pictures, 3, self.side(), self.side()], true, of)?)
    }

    /// Floating-point operations of the matrix products that judge a number of pictures.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn judging_operations(&self, pictures: usize) -> Result<u64> {
        Ok(self.image.operations(&[pictures, 3, self.side(), self.side()])?)
    }

    /// Minimum of bytes read and written to judge a number of pictures ([`Network::traffic`]).
    ///
    /// # Errors
    /// If the computation fails.
    pub fn judging_traffic(&self, pictures: usize) -> Result<u64> {
        Ok(self.image.traffic(&[pictures, 3, self.side(), self.side()])?)
    }

    /// Reads a sentence. Sentences are remembered.
    ///
    /// # Errors
    /// If the sentence cannot be tokenized, or the computation fails.
    pub fn read(&self, sentence: &str) -> Result<Sentence> {
        let remembered = || self.read.lock().map_err(|_| Error::fault("a thread that read a sentence failed"));
        if let Some(read) = remembered()?.get(sentence) {
            return Ok(read.clone());
        }
        let tokens = self.tokenizer.encode(sentence)?;
        let read = Sentence { feature: self.text_feature(&tokens)?, dropped: tokens.dropped };
        let mut remembered = remembered()?;
        if remembered.len() >= MOST_SENTENCES {
            remembered.clear();
        }
        remembered.insert(sentence.to_owned(), read.clone());
        Ok(read)
    }

    /// Forgets the sentences and the pictures that were read.
    pub fn forget_inputs(&self) {
        // Even after a panic, the contents must be cleared.
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.derived.forget();
    }

    /// The feature of a text: `[features]`, not of unit length.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn text_feature(&self, tokens: &Tokens) -> Result<Tensor> {
        Ok(self.text.forward(&tokens.ids, &Device::Cpu)?)
    }

    /// The normalized states of a text's tokens up to its end, one after the other, each of the tower's width.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn text_states(&self, tokens: &Tokens) -> Result<Vec<f32>> {
        Ok(self.text.states(&tokens.ids, &Device::Cpu)?.flatten_all()?.to_vec1()?)
    }
}

/// The normalization of colors with the image tower, and after how many steps each of its stages ends.
type ImageTower = (Network, Vec<usize>);

/// The image tower and the text tower.
fn towers(builder: &VarBuilder, config: &Config) -> Result<(ImageTower, TextTower)> {
    Ok((image_tower(builder, config)?, TextTower::load(builder, config)?))
}

/// Loads the image tower.
fn image_tower(builder: &VarBuilder, config: &Config) -> Result<ImageTower> {
    let scale = config.deviation.map(|deviation| 1.0 / deviation);
    let shift = [0, 1, 2].map(|channel| -config.mean[channel] / config.deviation[channel]);
    let mut steps = vec![Step::layer(ChannelAffine::new(scale.to_vec(), shift.to_vec()))];
    let (tower, ends) = match &config.image {
        ImageConfig::Transformer(image) => (vit::tower(builder, image, config)?, Vec::new()),
        ImageConfig::ResNet { width, blocks, heads } => {
            resnet::tower(&builder.pp("visual"), *width, *blocks, *heads, config)?
        }
        ImageConfig::Convolutions { layers, hidden } => convnet::tower(&builder.pp("image"), layers, *hidden, config)?,
    };
    let before = steps.len();
    steps.extend(tower);
    Ok((Network::new(steps), ends.into_iter().map(|end| before + end).collect()))
}
