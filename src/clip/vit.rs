//! The vision transformer (Hugging Face, `transformers/models/clip/modeling_clip.py`).

use candle_nn::VarBuilder;

use super::blocks::{layer_norm, transformer};
use super::config::{Config, TransformerConfig};
use crate::Result;
use crate::frozen::{ClassToken, FirstToken, Linear, Patches, Step};
use crate::models::Values;

/// From `[batch, 3, side, side]`, normalized, to `[batch, features]`.
pub(super) fn tower(builder: &VarBuilder, image: &TransformerConfig, config: &Config) -> Result<Vec<Step>> {
    let (width, side, epsilon) = (image.blocks.width, image.patch, image.blocks.epsilon);
    let tokens = (config.side / side) * (config.side / side) + 1;
    let model = builder.pp("vision_model");
    let embeddings = model.pp("embeddings");
    let embedding = embeddings.values((width, 3, side, side), "patch_embedding.weight")?;
    let class = embeddings.values(width, "class_embedding")?;
    let positions = embeddings.values((tokens, width), "position_embedding.weight")?;
    let projection = builder.values((config.features, width), "visual_projection.weight")?;
    let mut steps = vec![
        Step::layer(Patches { side }),
        Step::layer(Linear::new(embedding, None, 3 * side * side, width)),
        Step::layer(ClassToken::new(class, positions)),
        Step::layer(layer_norm(&model.pp("pre_layrnorm"), width, epsilon)?),
    ];
    steps.extend(transformer(&model.pp("encoder").pp("layers"), &image.blocks, false)?);
    steps.push(Step::layer(FirstToken));
    steps.push(Step::layer(layer_norm(&model.pp("post_layernorm"), width, epsilon)?));
    steps.push(Step::layer(Linear::new(projection, None, width, config.features)));
    Ok(steps)
}
