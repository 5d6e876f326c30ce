//! The layers that CLIP's towers share.

use candle_nn::VarBuilder;

use super::config::BlocksConfig;
use crate::Result;
use crate::frozen::{Attention, AttentionLayout, LayerNorm, Linear, Step};
use crate::models::Values;

pub(super) fn linear(builder: &VarBuilder, inputs: usize, outputs: usize) -> Result<Linear> {
    let weight = builder.values((outputs, inputs), "weight")?;
    let bias = builder.values(outputs, "bias")?;
    Ok(Linear::new(weight, Some(bias), inputs, outputs))
}

pub(super) fn layer_norm(builder: &VarBuilder, width: usize, epsilon: f64) -> Result<LayerNorm> {
    let scale = builder.values(width, "weight")?;
    let shift = builder.values(width, "bias")?;
    Ok(LayerNorm::new(scale, shift, epsilon))
}

/// Transformer blocks on `[batch, tokens, width]`: x + attention(norm(x)), then x + network(norm(x)). In
/// causal blocks, a token sees only itself and the tokens before it.
pub(super) fn transformer(builder: &VarBuilder, config: &BlocksConfig, causal: bool) -> Result<Vec<Step>> {
    let BlocksConfig { width, hidden, layers, heads, activation, epsilon } = *config;
    let attention = Attention { heads, causal, first_only: false, layout: AttentionLayout::TokensFirst };
    let mut steps = Vec::new();
    for layer in 0..layers {
        let block = builder.pp(layer);
        let (projections, mlp) = (block.pp("self_attn"), block.pp("mlp"));
        steps.push(Step::residual(vec![
            Step::layer(layer_norm(&block.pp("layer_norm1"), width, epsilon)?),
            Step::layer(linear(&projections.pp("qkv_proj"), width, 3 * width)?),
            Step::layer(attention),
            Step::layer(linear(&projections.pp("out_proj"), width, width)?),
        ]));
        steps.push(Step::residual(vec![
            Step::layer(layer_norm(&block.pp("layer_norm2"), width, epsilon)?),
            Step::layer(linear(&mlp.pp("fc1"), width, hidden)?),
            Step::layer(activation),
            Step::layer(linear(&mlp.pp("fc2"), hidden, width)?),
        ]));
    }
    Ok(steps)
}
