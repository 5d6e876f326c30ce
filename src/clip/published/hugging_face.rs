//! Configurations with the keys of Hugging Face's `transformers`, which the embedded model's also has.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{DEVIATION, MEAN, parse};
use crate::clip::config::{
    BertKind, BlocksConfig, Config, ConvolutionConfig, ImageConfig, TextConfig, Tower, TransformerConfig,
};
use crate::frozen::Activation;

/// A `CLIPModel`.
pub(super) fn from_clip(value: &Value) -> Result<Config, String> {
    of_model::<HuggingFaceText>(value)
}

/// A `ChineseCLIPModel`.
pub(super) fn from_chinese(value: &Value) -> Result<Config, String> {
    of_model::<ChineseText>(value)
}

fn of_model<T: Text>(value: &Value) -> Result<Config, String> {
    let config: HuggingFace<T> = parse(value)?;
    let image = config.vision_config;
    Ok(Config {
        features: config.projection_dim,
        side: image.image_size,
        mean: MEAN,
        deviation: DEVIATION,
        image: ImageConfig::Transformer(TransformerConfig { patch: image.patch_size, blocks: image.blocks()? }),
        text: config.text_config.config()?,
    })
}

/// Reads the configuration of a text tower that was published alone: a `DistilBERT`.
pub(in crate::clip) fn read_text(text: &str) -> Result<TextConfig, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("not a readable configuration: {error}"))?;
    let text: DistilBert = parse(&value)?;
    Ok(TextConfig {
        context_length: text.max_position_embeddings,
        vocabulary: text.vocab_size,
        blocks: BlocksConfig {
            width: text.dim,
            hidden: text.hidden_dim,
            layers: text.n_layers,
            heads: text.n_heads,
            activation: activation(&text.activation)?,
            // Not in the configuration: `modeling_distilbert.py` says it.
            epsilon: 1e-12,
        },
        tower: Tower::Bert(BertKind::DistilBert { positions: text.max_position_embeddings }),
    })
}

pub(super) fn from_convolutions(value: &Value) -> Result<Config, String> {
    let config: Convolutions = parse(value)?;
    let image = config.vision_config;
    if image.hidden_act != "silu" {
        return Err(format!("a conv-clip must use the activation silu, not {}", image.hidden_act));
    }
    Ok(Config {
        features: config.projection_dim,
        side: image.image_size,
        mean: image.image_mean,
        deviation: image.image_std,
        image: ImageConfig::Convolutions { layers: image.conv, hidden: image.hidden_size },
        text: config.text_config.config()?,
    })
}

fn activation(name: &str) -> Result<Activation, String> {
    match name {
        "quick_gelu" => Ok(Activation::QuickGelu),
        "gelu" => Ok(Activation::Gelu),
        other => Err(format!("the activation `{other}` is not supported; expected quick_gelu or gelu")),
    }
}

/// Hugging Face's `CLIPModel` and `ChineseCLIPModel`; missing keys have the defaults of `transformers`.
#[derive(Deserialize)]
struct HuggingFace<T> {
    #[serde(default = "d512")]
    projection_dim: usize,
    text_config: T,
    vision_config: HuggingFaceImage,
}

/// The text tower of such a model.
trait Text: DeserializeOwned {
    fn config(&self) -> Result<TextConfig, String>;
}

#[derive(Deserialize)]
#[serde(default)]
struct HuggingFaceText {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    hidden_act: String,
    layer_norm_eps: f64,
}

#[derive(Deserialize)]
#[serde(default)]
struct HuggingFaceImage {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    image_size: usize,
    patch_size: usize,
    hidden_act: String,
    layer_norm_eps: f64,
}

impl Default for HuggingFaceText {
    fn default() -> Self {
        Self {
            vocab_size: 49408,
            hidden_size: 512,
            intermediate_size: 2048,
            num_hidden_layers: 12,
            num_attention_heads: 8,
            max_position_embeddings: 77,
            hidden_act: "quick_gelu".into(),
            layer_norm_eps: 1e-5,
        }
    }
}

impl Default for HuggingFaceImage {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            image_size: 224,
            patch_size: 32,
            hidden_act: "quick_gelu".into(),
            layer_norm_eps: 1e-5,
        }
    }
}

impl Text for HuggingFaceText {
    fn config(&self) -> Result<TextConfig, String> {
        Ok(TextConfig {
            context_length: self.max_position_embeddings,
            vocabulary: self.vocab_size,
            blocks: BlocksConfig {
                width: self.hidden_size,
                hidden: self.intermediate_size,
                layers: self.num_hidden_layers,
                heads: self.num_attention_heads,
                activation: activation(&self.hidden_act)?,
                epsilon: self.layer_norm_eps,
            },
            tower: Tower::Clip,
        })
    }
}

impl HuggingFaceImage {
    fn blocks(&self) -> Result<BlocksConfig, String> {
        Ok(BlocksConfig {
            width: self.hidden_size,
            hidden: self.intermediate_size,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            activation: activation(&self.hidden_act)?,
            epsilon: self.layer_norm_eps,
        })
    }
}

/// The text tower of Hugging Face's `ChineseCLIPModel`; missing keys have the defaults of `transformers`.
#[derive(Deserialize)]
#[serde(default)]
struct ChineseText {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    hidden_act: String,
    layer_norm_eps: f64,
}

impl Default for ChineseText {
    fn default() -> Self {
        Self {
            vocab_size: 30522,
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            hidden_act: "gelu".into(),
            layer_norm_eps: 1e-12,
        }
    }
}

impl Text for ChineseText {
    fn config(&self) -> Result<TextConfig, String> {
        Ok(TextConfig {
            context_length: self.max_position_embeddings,
            vocabulary: self.vocab_size,
            blocks: BlocksConfig {
                width: self.hidden_size,
                hidden: self.intermediate_size,
                layers: self.num_hidden_layers,
                heads: self.num_attention_heads,
                activation: activation(&self.hidden_act)?,
                epsilon: self.layer_norm_eps,
            },
            tower: Tower::Bert(BertKind::Bert { positions: self.max_position_embeddings, types: self.type_vocab_size }),
        })
    }
}

/// Hugging Face's `DistilBertModel`; missing keys have the defaults of `transformers`.
#[derive(Deserialize)]
#[serde(default)]
struct DistilBert {
    vocab_size: usize,
    max_position_embeddings: usize,
    n_layers: usize,
    n_heads: usize,
    dim: usize,
    hidden_dim: usize,
    activation: String,
}

impl Default for DistilBert {
    fn default() -> Self {
        Self {
            vocab_size: 30522,
            max_position_embeddings: 512,
            n_layers: 6,
            n_heads: 12,
            dim: 768,
            hidden_dim: 3072,
            activation: "gelu".into(),
        }
    }
}

/// The embedded model's `conv-clip`.
#[derive(Deserialize)]
struct Convolutions {
    projection_dim: usize,
    text_config: HuggingFaceText,
    vision_config: ConvolutionsImage,
}

#[derive(Deserialize)]
struct ConvolutionsImage {
    image_size: usize,
    image_mean: [f32; 3],
    image_std: [f32; 3],
    hidden_act: String,
    #[serde(default)]
    hidden_size: Option<usize>,
    conv: Vec<ConvolutionConfig>,
}

fn d512() -> usize {
    512
}
