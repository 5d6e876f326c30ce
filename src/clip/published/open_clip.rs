//! `open_clip`'s configuration.

use serde::Deserialize;
use serde_json::Value;

use super::{DEVIATION, MEAN, parse};
use crate::clip::config::{BlocksConfig, Config, ImageConfig, TextConfig, Tower, TransformerConfig};
use crate::frozen::Activation;

/// Channels of an attention head in OpenAI's models.
const HEAD_WIDTH: usize = 64;

pub(super) fn read(value: &Value) -> Result<Config, String> {
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

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn scaled(width: usize, ratio: f64) -> usize {
    (width as f64 * ratio) as usize
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
