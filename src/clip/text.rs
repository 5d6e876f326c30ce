//! Text towers, and CLIP's own (Hugging Face, `transformers/models/clip/modeling_clip.py`).

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use super::bert::BertTower;
use super::blocks::{layer_norm, transformer};
use super::config::{Config, Tower};
use crate::Result;
use crate::frozen::{Linear, Network, Step};
use crate::models::Values;

/// A text tower of any kind.
pub(super) enum TextTower {
    Clip(ClipTower),
    Bert(BertTower),
}

impl TextTower {
    /// Loads the tower of a CLIP that was published as one model.
    pub(super) fn load(builder: &VarBuilder, config: &Config) -> Result<Self> {
        match config.text.tower {
            Tower::Clip => ClipTower::load(builder, config).map(Self::Clip),
            Tower::Bert(kind) => {
                let width = config.text.blocks.width;
                let projection = builder.values((config.features, width), "text_projection.weight")?;
                let model = builder.pp("text_model");
                BertTower::load(&model, kind, &config.text, projection, config.features).map(Self::Bert)
            }
        }
    }

    /// The feature `[features]` of token ids that fit the context.
    pub(super) fn forward(&self, ids: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        match self {
            Self::Clip(tower) => tower.forward(ids, device),
            Self::Bert(tower) => tower.forward(ids, device),
        }
    }

    /// The normalized states `[tokens, width]` up to the end token.
    pub(super) fn states(&self, ids: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        match self {
            Self::Clip(tower) => tower.states(ids, device),
            Self::Bert(tower) => tower.states(ids, device),
        }
    }
}

pub(super) struct ClipTower {
    /// `[vocabulary, width]`
    embeddings: Vec<f32>,
    /// `[context length, width]`
    positions: Vec<f32>,
    width: usize,
    blocks: Network,
    norm: Network,
    projection: Network,
}

impl ClipTower {
    fn load(builder: &VarBuilder, config: &Config) -> Result<Self> {
        let text = &config.text;
        let width = text.blocks.width;
        let model = builder.pp("text_model");
        let embeddings = model.pp("embeddings");
        let projection = builder.values((config.features, width), "text_projection.weight")?;
        Ok(Self {
            embeddings: embeddings.values((text.vocabulary, width), "token_embedding.weight")?,
            positions: embeddings.values((text.context_length, width), "position_embedding.weight")?,
            width,
            blocks: Network::new(transformer(&model.pp("encoder").pp("layers"), &text.blocks, true)?),
            norm: Network::new(vec![Step::layer(layer_norm(
                &model.pp("final_layer_norm"),
                width,
                text.blocks.epsilon,
            )?)]),
            projection: Network::of(Linear::new(projection, None, width, config.features)),
        })
    }

    /// The feature `[features]` of token ids that fit the context. It is at the first position of the
    /// largest id, which is the end token; nothing after that is computed.
    fn forward(&self, ids: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        let states = self.blocks(ids, device)?;
        let end = states.narrow(1, states.dim(1)? - 1, 1)?;
        self.projection.forward(&self.norm.forward(&end)?)?.flatten_all()
    }

    /// The normalized states `[tokens, width]` up to the end token.
    fn states(&self, ids: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        self.norm.forward(&self.blocks(ids, device)?)?.squeeze(0)
    }

    /// The last block's states `[1, tokens, width]` up to the end token.
    fn blocks(&self, ids: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        let largest = ids.iter().max();
        let end = ids.iter().position(|id| Some(id) == largest).unwrap_or(0);
        let width = self.width;
        let mut tokens = Vec::with_capacity((end + 1) * width);
        for (position, &id) in ids.iter().enumerate().take(end + 1) {
            let embedding = &self.embeddings[id as usize * width..][..width];
            let place = &self.positions[position * width..][..width];
            tokens.extend(embedding.iter().zip(place).map(|(embedding, place)| embedding + place));
        }
        self.blocks.forward(&Tensor::from_vec(tokens, (1, end + 1, width), device)?)
    }
}
