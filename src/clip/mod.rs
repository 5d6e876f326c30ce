//! CLIP: how well a picture fits a sentence (Radford et al., 2021).

mod blocks;
mod config;
mod convnet;
mod names;
mod preprocess;
mod published;
mod resnet;
mod text;
mod tokenizer;
mod vit;

use candle_core::{Device, Tensor};

pub use config::{Config, ConvolutionConfig, ImageConfig, TextConfig};
pub use preprocess::preprocess;
pub use tokenizer::{Tokenizer, Tokens};

use crate::Result;
use crate::frozen::ChannelAffine;
use crate::models::{ModelFiles, Weights};
use convnet::ConvolutionTower;
use resnet::ResNetTower;
use text::TextTower;
use vit::VisionTransformer;

/// A CLIP model with frozen weights.
pub struct Clip {
    config: Config,
    normalise: ChannelAffine,
    image: ImageTower,
    text: TextTower,
    tokenizer: Tokenizer,
}

enum ImageTower {
    Transformer(VisionTransformer),
    ResNet(ResNetTower),
    Convolutions(ConvolutionTower),
}

impl Clip {
    /// Reads a CLIP in Hugging Face's, OpenAI's or the embedded model's layout.
    ///
    /// # Errors
    /// Where the configuration or the tokenizer cannot be used, or the weights do not fit.
    pub fn load(files: &ModelFiles) -> Result<Self> {
        let config = Config::parse(files)?;
        let tokenizer = Tokenizer::load(files, &config.text)?;
        let names = names::Names::of(&files.weights);
        let parts = |name: &str| names.parts(name);
        let (image, text) = Weights::build(&files.weights, &parts, &names::is_ignored, |weights| {
            Ok((ImageTower::load(weights, &config)?, TextTower::load(weights, &config)?))
        })?;
        let scale = config.deviation.map(|deviation| 1.0 / deviation);
        let shift = [0, 1, 2].map(|channel| -config.mean[channel] / config.deviation[channel]);
        Ok(Self { normalise: ChannelAffine::new(scale.to_vec(), shift.to_vec()), config, image, text, tokenizer })
    }

    /// The model's dimensions.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Side of the square pictures it looks at, in pixels.
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
    /// Where the pictures have other dimensions.
    pub fn image_features(&self, pictures: &Tensor) -> Result<Tensor> {
        let pictures = self.normalise.forward(pictures)?;
        Ok(match &self.image {
            ImageTower::Transformer(tower) => tower.forward(&pictures)?,
            ImageTower::ResNet(tower) => tower.forward(&pictures)?,
            ImageTower::Convolutions(tower) => tower.forward(&pictures)?,
        })
    }

    /// The feature of a text: `[features]`, not of unit length.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn text_feature(&self, tokens: &Tokens) -> Result<Tensor> {
        Ok(self.text.forward(&tokens.ids, &Device::Cpu)?)
    }
}

impl ImageTower {
    fn load(weights: &Weights, config: &Config) -> Result<Self> {
        Ok(match &config.image {
            ImageConfig::Transformer(image) => Self::Transformer(VisionTransformer::load(weights, image, config)?),
            ImageConfig::ResNet { width, blocks, heads } => {
                Self::ResNet(ResNetTower::load(weights, *width, *blocks, *heads, config)?)
            }
            ImageConfig::Convolutions { layers, hidden } => {
                Self::Convolutions(ConvolutionTower::load(weights, layers, *hidden, config)?)
            }
        })
    }
}
