//! A CLIP model's dimensions, read from any of the published configurations.

use serde::Deserialize;
use serde_json::Value;

use super::published;
use crate::Result;
use crate::frozen::Activation;
use crate::models::ModelFiles;
use crate::models::files::{ConfigFile, within};

/// A CLIP model's dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Length of a feature
    pub features: usize,
    /// Side of its square input pictures, in pixels
    pub side: usize,
    /// Mean of each color in the training pictures, 0 to 1
    pub mean: [f32; 3],
    /// Standard deviation of each color
    pub deviation: [f32; 3],
    /// The image tower
    pub image: ImageConfig,
    /// The text tower
    pub text: TextConfig,
}

/// The kinds of image tower.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageConfig {
    /// A vision transformer
    Transformer(TransformerConfig),
    /// OpenAI's ModifiedResNet
    ResNet {
        /// Channels of the first stage
        width: usize,
        /// Blocks of each stage
        blocks: [usize; 4],
        /// Heads of the attention pool
        heads: usize,
    },
    /// A stack of convolutions, as in the embedded model
    Convolutions {
        /// The convolutions in order
        layers: Vec<ConvolutionConfig>,
        /// Width between the last two layers; inferred from the weights if not given
        hidden: Option<usize>,
    },
}

/// One convolution of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ConvolutionConfig {
    /// Side of the kernel
    pub kernel: usize,
    /// Step of the kernel
    pub stride: usize,
    /// Zeros around the picture
    pub padding: usize,
    /// Channels of the output
    pub out: usize,
    /// Whether the input is added to the output
    pub residual: bool,
}

/// A stack of transformer blocks on picture patches.
#[derive(Clone, Debug, PartialEq)]
pub struct TransformerConfig {
    /// Side of a patch, in pixels
    pub patch: usize,
    /// The blocks
    pub blocks: BlocksConfig,
}

/// The text tower.
#[derive(Clone, Debug, PartialEq)]
pub struct TextConfig {
    /// Maximum number of tokens, including start and end
    pub context_length: usize,
    /// Number of tokens in the vocabulary
    pub vocabulary: usize,
    /// The blocks
    pub blocks: BlocksConfig,
    /// The kind of tower
    pub tower: Tower,
}

/// The kinds of text tower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tower {
    /// CLIP's own, in which a token sees those before it, and the last one has the feature
    Clip,
    /// A tower in which every token sees the whole text
    Bert(BertKind),
}

/// The kinds of towers in which every token sees the whole text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BertKind {
    /// BERT (Devlin et al., 2019), of whose tokens the first has the feature
    Bert {
        /// Number of places of tokens that are embedded
        positions: usize,
        /// Number of types of texts
        types: usize,
    },
    /// `DistilBERT` (Sanh et al., 2019), the mean of whose tokens is the feature
    DistilBert {
        /// Number of places of tokens that are embedded
        positions: usize,
    },
}

impl BertKind {
    /// Number of places of tokens that are embedded.
    #[must_use]
    pub fn positions(self) -> usize {
        match self {
            Self::Bert { positions, .. } | Self::DistilBert { positions } => positions,
        }
    }
}

/// A stack of transformer blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlocksConfig {
    /// Width of a token
    pub width: usize,
    /// Width inside the two-layer network
    pub hidden: usize,
    /// Number of blocks
    pub layers: usize,
    /// Heads of the attention
    pub heads: usize,
    /// Activation between the layers of the two-layer network
    pub activation: Activation,
    /// ε of each layer norm
    pub epsilon: f64,
}

impl Config {
    /// Reads the configuration beside the weights, and `preprocessor_config.json` if there is one.
    ///
    /// # Errors
    /// If the configuration is of an unknown kind, or describes an unsupported network.
    pub fn parse(files: &ModelFiles) -> Result<Self> {
        let colors = files.other("preprocessor_config.json")?;
        Self::read(&files.config, colors.as_ref())
    }

    /// Reads a configuration, and the colors' mean and deviation from a separate file, if given.
    ///
    /// # Errors
    /// If the configuration is of an unknown kind, or describes an unsupported network.
    pub fn read(file: &ConfigFile, colors: Option<&ConfigFile>) -> Result<Self> {
        let value: Value = serde_json::from_str(&file.text)
            .map_err(|error| file.error(format!("not a readable configuration: {error}")))?;
        let mut config = published::read(&value).map_err(|problem| file.error(problem))?;
        if let Some(colors) = colors {
            published::read_colors(&colors.text, &mut config);
        }
        config.check().map_err(|problem| file.error(problem))?;
        Ok(config)
    }

    /// Checks bounds that every published model keeps, so that a broken file cannot request the impossible.
    pub(super) fn check(&self) -> Result<(), String> {
        within("the feature length", self.features, 8192)?;
        within("the picture's side", self.side, 2048)?;
        within("the context length", self.text.context_length, 8192)?;
        within("the vocabulary", self.text.vocabulary, 1 << 20)?;
        self.text.blocks.check()?;
        if let Tower::Bert(kind) = self.text.tower {
            within("the number of positions", kind.positions(), 8192)?;
            if self.text.context_length > kind.positions() {
                return Err("the context is longer than the positions".into());
            }
            if let BertKind::Bert { types, .. } = kind {
                within("the number of types", types, 64)?;
            }
        }
        if self.deviation.iter().any(|deviation| !deviation.is_finite() || *deviation <= 0.0) {
            return Err("a standard deviation of the colors is not positive".into());
        }
        match &self.image {
            ImageConfig::Transformer(image) => {
                image.blocks.check()?;
                within("the patch's side", image.patch, self.side)?;
                if !self.side.is_multiple_of(image.patch) {
                    return Err(format!("{} pixels cannot be cut into patches of {}", self.side, image.patch));
                }
            }
            ImageConfig::ResNet { width, blocks, heads } => {
                within("the width", *width, 1024)?;
                within("the heads", *heads, 1024)?;
                blocks.iter().try_for_each(|count| within("the number of blocks", *count, 256))?;
                if width % 2 != 0 || (width * 32) % heads != 0 || !self.side.is_multiple_of(32) {
                    return Err("the ResNet's width, heads and side do not fit together".into());
                }
            }
            ImageConfig::Convolutions { layers, hidden } => {
                within("the hidden size", hidden.unwrap_or(1), 32768)?;
                within("the number of convolutions", layers.len(), 256)?;
                for layer in layers {
                    within("a kernel's side", layer.kernel, 31)?;
                    within("a stride", layer.stride, 31)?;
                    within("a number of channels", layer.out, 8192)?;
                    if layer.padding >= layer.kernel {
                        return Err("a padding is wider than its kernel".into());
                    }
                }
            }
        }
        Ok(())
    }
}

impl BlocksConfig {
    fn check(&self) -> Result<(), String> {
        within("a width", self.width, 8192)?;
        within("an inner width", self.hidden, 32768)?;
        within("a number of blocks", self.layers, 256)?;
        within("a number of heads", self.heads, 1024)?;
        if !self.width.is_multiple_of(self.heads) {
            return Err(format!("a width of {} cannot be split into {} heads", self.width, self.heads));
        }
        Ok(())
    }
}
