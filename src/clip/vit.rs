//! The vision transformer (Hugging Face, `transformers/models/clip/modeling_clip.py`).

use candle_core::Tensor;

use super::blocks::{Blocks, layer_norm};
use super::config::{Config, TransformerConfig};
use crate::Result;
use crate::frozen::{ClassToken, LayerNorm, Linear, Patches};
use crate::models::Weights;

pub(super) struct VisionTransformer {
    patches: Patches,
    embedding: Linear,
    class_token: ClassToken,
    norm_before: LayerNorm,
    blocks: Blocks,
    norm_after: LayerNorm,
    projection: Linear,
}

impl VisionTransformer {
    pub(super) fn load(weights: &Weights, image: &TransformerConfig, config: &Config) -> Result<Self> {
        let (width, side, epsilon) = (image.blocks.width, image.patch, image.blocks.epsilon);
        let tokens = (config.side / side) * (config.side / side) + 1;
        let name = "vision_model.embeddings";
        let embedding = weights.tensor(&format!("{name}.patch_embedding.weight"), &[width, 3, side, side])?;
        let class = weights.tensor(&format!("{name}.class_embedding"), &[width])?;
        let positions = weights.tensor(&format!("{name}.position_embedding.weight"), &[tokens, width])?;
        let projection = weights.tensor("visual_projection.weight", &[config.features, width])?;
        Ok(Self {
            patches: Patches { side },
            embedding: Linear::new(embedding, None, 3 * side * side, width),
            class_token: ClassToken::new(class, positions),
            norm_before: layer_norm(weights, "vision_model.pre_layrnorm", width, epsilon)?,
            blocks: Blocks::load(weights, "vision_model.encoder.layers", &image.blocks, false)?,
            norm_after: layer_norm(weights, "vision_model.post_layernorm", width, epsilon)?,
            projection: Linear::new(projection, None, width, config.features),
        })
    }

    /// `[batch, 3, side, side]`, normalised, to `[batch, features]`.
    pub(super) fn forward(&self, pictures: &Tensor) -> candle_core::Result<Tensor> {
        let tokens = self.embedding.forward(&self.patches.forward(pictures)?)?;
        let tokens = self.norm_before.forward(&self.class_token.forward(&tokens)?)?;
        let tokens = self.blocks.forward(tokens)?;
        let class = tokens.narrow(1, 0, 1)?.squeeze(1)?;
        self.projection.forward(&self.norm_after.forward(&class)?)
    }
}
