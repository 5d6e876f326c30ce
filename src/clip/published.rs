//! The published kinds of CLIP configuration: Hugging Face's, `open_clip`'s and the embedded model's.

use serde::Deserialize;
use serde_json::Value;

use super::config::{
    BertKind, BlocksConfig, Config, ConvolutionConfig, ImageConfig, TextConfig, Tower, TransformerConfig,
};
use crate::frozen::Activation;

/// OpenAI's mean and standard deviation of each color.
const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const DEVIATION: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];
/// Channels of an attention head in OpenAI's models.
const HEAD_WIDTH: usize = 64;

/// Reads a configuration of any known kind. The error says what is wrong with the configuration.
pub(super) fn read(value: &Value) -> Result<Config, String> {
    if value.get("model_cfg").is_some() {
        from_open_clip(value)
    } else if value.get("model_type").and_then(Value::as_str) == Some("conv-clip") {
        from_convolutions(value)
    } else if value.get("model_type").and_then(Value::as_str) == Some("chinese_clip") {
        from_chinese(value)
    } else {
        from_hugging_face(value)
    }
}

/// Takes the colors' mean and deviation from a `preprocessor_config.json`, if it has them.
pub(super) fn read_colors(text: &str, config: &mut Config) {
    if let Ok(colors) = serde_json::from_str::<Colors>(text) {
        config.mean = colors.image_mean.unwrap_or(config.mean);
        config.deviation = colors.image_std.unwrap_or(config.deviation);
    }
}

fn from_hugging_face(value: &Value) -> Result<Config, String> {
    let config: HuggingFace = parse(value)?;
    let image = config.vision_config;
    let text = config.text_config;
    Ok(Config {
        features: config.projection_dim,
        side: image.image_size,
        mean: MEAN,
        deviation: DEVIATION,
        image: ImageConfig::Transformer(TransformerConfig { patch: image.patch_size, blocks: image.blocks()? }),
        text: text.config()?,
    })
}

fn from_chinese(value: &Value) -> Result<Config, String> {
    let config: ChineseClip = parse(value)?;
    let (image, text) = (config.vision_config, config.text_config);
    Ok(Config {
        features: config.projection_dim,
        side: image.image_size,
        mean: MEAN,
        deviation: DEVIATION,
        image: ImageConfig::Transformer(TransformerConfig { patch: image.patch_size, blocks: image.blocks()? }),
        text: TextConfig {
            context_length: text.max_position_embeddings,
            vocabulary: text.vocab_size,
            blocks: BlocksConfig {
                width: text.hidden_size,
                hidden: text.intermediate_size,
                layers: text.num_hidden_layers,
                heads: text.num_attention_heads,
                activation: activation(&text.hidden_act)?,
                epsilon: text.layer_norm_eps,
            },
            tower: Tower::Bert(BertKind::Bert { positions: text.max_position_embeddings, types: text.type_vocab_size }),
        },
    })
}

/// Reads the configuration of a text tower that was published alone: a `DistilBERT`.
pub(super) fn read_text(text: &str) -> Result<TextConfig, String> {
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

/// The most tokens of a text according to a `sentence_bert_config.json`, if it says so.
pub(super) fn read_length(text: &str) -> Option<usize> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.get("max_seq_length")?.as_u64().and_then(|length| usize::try_from(length).ok()).filter(|length| *length > 2)
}

fn from_convolutions(value: &Value) -> Result<Config, String> {
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

fn from_open_clip(value: &Value) -> Result<Config, String> {
    let file: OpenClip = parse(value)?;
    let model = file.model_cfg;
    let (image, text) = (model.vision_cfg, model.text_cfg);
    if image.timm_model_name.is_some() || text.hf_model_name.is_some() {
        return Err("open_clip models with towers from timm or Hugging Face are not supported".into());
    }
    let activation = if model.quick_gelu { Activation::QuickGelu } else { Activation::Gelu };
    let epsilon = 1e-5;
    let tower = match image.layers {
        Layers::Stages(blocks) => {
            let heads = image.width * 32 / image.head_width.unwrap_or(HEAD_WIDTH).max(1);
            ImageConfig::ResNet { width: image.width, blocks, heads }
        }
        Layers::Blocks(layers) => ImageConfig::Transformer(TransformerConfig {
            patch: image.patch_size.ok_or("`patch_size` is missing")?,
            blocks: BlocksConfig {
                width: image.width,
                hidden: scaled(image.width, image.mlp_ratio),
                layers,
                heads: image.width / image.head_width.unwrap_or(HEAD_WIDTH).max(1),
                activation,
                epsilon,
            },
        }),
    };
    Ok(Config {
        features: model.embed_dim,
        side: image.image_size.side()?,
        mean: file.preprocess_cfg.mean.unwrap_or(MEAN),
        deviation: file.preprocess_cfg.std.unwrap_or(DEVIATION),
        image: tower,
        text: TextConfig {
            context_length: text.context_length,
            vocabulary: text.vocab_size,
            blocks: BlocksConfig {
                width: text.width,
                hidden: scaled(text.width, text.mlp_ratio),
                layers: text.layers,
                heads: text.heads,
                activation,
                epsilon,
            },
            tower: Tower::Clip,
        },
    })
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("not a CLIP configuration: {error}"))
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn scaled(width: usize, ratio: f64) -> usize {
    (width as f64 * ratio) as usize
}

fn activation(name: &str) -> Result<Activation, String> {
    match name {
        "quick_gelu" => Ok(Activation::QuickGelu),
        "gelu" => Ok(Activation::Gelu),
        other => Err(format!("the activation `{other}` is not supported; expected quick_gelu or gelu")),
    }
}

/// Hugging Face's `CLIPModel`; missing keys have the defaults of `transformers`.
#[derive(Deserialize)]
struct HuggingFace {
    #[serde(default = "d512")]
    projection_dim: usize,
    text_config: HuggingFaceText,
    vision_config: HuggingFaceImage,
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

impl HuggingFaceText {
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

/// Hugging Face's `ChineseCLIPModel`; missing keys have the defaults of `transformers`.
#[derive(Deserialize)]
struct ChineseClip {
    #[serde(default = "d512")]
    projection_dim: usize,
    text_config: ChineseText,
    vision_config: HuggingFaceImage,
}

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

/// `open_clip_config.json`.
#[derive(Deserialize)]
struct OpenClip {
    model_cfg: OpenClipModel,
    #[serde(default)]
    preprocess_cfg: OpenClipColors,
}

#[derive(Deserialize)]
struct OpenClipModel {
    embed_dim: usize,
    #[serde(default)]
    quick_gelu: bool,
    vision_cfg: OpenClipImage,
    text_cfg: OpenClipText,
}

#[derive(Deserialize)]
struct OpenClipImage {
    image_size: Size,
    layers: Layers,
    width: usize,
    patch_size: Option<usize>,
    head_width: Option<usize>,
    #[serde(default = "four")]
    mlp_ratio: f64,
    timm_model_name: Option<String>,
}

#[derive(Deserialize)]
struct OpenClipText {
    #[serde(default = "d77")]
    context_length: usize,
    #[serde(default = "d49408")]
    vocab_size: usize,
    #[serde(default = "d512")]
    width: usize,
    #[serde(default = "d8")]
    heads: usize,
    #[serde(default = "d12")]
    layers: usize,
    #[serde(default = "four")]
    mlp_ratio: f64,
    hf_model_name: Option<String>,
}

#[derive(Default, Deserialize)]
struct OpenClipColors {
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
}

/// `preprocessor_config.json`.
#[derive(Deserialize)]
struct Colors {
    image_mean: Option<[f32; 3]>,
    image_std: Option<[f32; 3]>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Layers {
    Blocks(usize),
    Stages([usize; 4]),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Size {
    Side(usize),
    Sides([usize; 2]),
}

impl Size {
    fn side(self) -> Result<usize, String> {
        match self {
            Self::Side(side) => Ok(side),
            Self::Sides([height, width]) if height == width => Ok(height),
            Self::Sides([height, width]) => Err(format!("pictures of {width}x{height} pixels are not square")),
        }
    }
}

fn d8() -> usize {
    8
}
fn d12() -> usize {
    12
}
fn d77() -> usize {
    77
}
fn d512() -> usize {
    512
}
fn d49408() -> usize {
    49408
}
fn four() -> f64 {
    4.0
}
