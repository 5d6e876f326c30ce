//! The vision transformer (Hugging Face, `transformers/models/clip/modeling_clip.py`).

use super::blocks::{layer_norm, transformer};
use super::config::{Config, TransformerConfig};
use crate::Result;
use crate::frozen::{ClassToken, FirstToken, Linear, Patches, Step};
use crate::models::Weights;

/// From `[batch, 3, side, side]`, normalized, to `[batch, features]`.
pub(super) fn tower(weights: &Weights, image: &TransformerConfig, config: &Config) -> Result<Vec<Step>> {
    let (width, side, epsilon) = (image.blocks.width, image.patch, image.blocks.epsilon);
    let tokens = (config.side / side) * (config.side / side) + 1;
    let name = "vision_model.embeddings";
    let embedding = weights.tensor(&format!("{name}.patch_embedding.weight"), &[width, 3, side, side])?;
    let class = weights.tensor(&format!("{name}.class_embedding"), &[width])?;
    let positions = weights.tensor(&format!("{name}.position_embedding.weight"), &[tokens, width])?;
    let projection = weights.tensor("visual_projection.weight", &[config.features, width])?;
    let mut steps = vec![
        Step::layer(Patches { side }),
        Step::layer(Linear::new(embedding, None, 3 * side * side, width)),
        Step::layer(ClassToken::new(class, positions)),
        Step::layer(layer_norm(weights, "vision_model.pre_layrnorm", width, epsilon)?),
    ];
    steps.extend(transformer(weights, "vision_model.encoder.layers", &image.blocks, false)?);
    steps.push(Step::layer(FirstToken));
    steps.push(Step::layer(layer_norm(weights, "vision_model.post_layernorm", width, epsilon)?));
    steps.push(Step::layer(Linear::new(projection, None, width, config.features)));
    Ok(steps)
}
