//! The layers that CLIP's towers share.

use super::config::BlocksConfig;
use crate::Result;
use crate::frozen::{Attention, AttentionLayout, LayerNorm, Linear, Step};
use crate::models::Weights;

pub(super) fn linear(weights: &Weights, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
    let weight = weights.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
    let bias = weights.tensor(&format!("{name}.bias"), &[outputs])?;
    Ok(Linear::new(weight, Some(bias), inputs, outputs))
}

pub(super) fn layer_norm(weights: &Weights, name: &str, width: usize, epsilon: f64) -> Result<LayerNorm> {
    let scale = weights.tensor(&format!("{name}.weight"), &[width])?;
    let shift = weights.tensor(&format!("{name}.bias"), &[width])?;
    Ok(LayerNorm::new(scale, shift, epsilon))
}

/// Transformer blocks on `[batch, tokens, width]`: x + attention(norm(x)), then x + network(norm(x)). In
/// causal blocks, a token sees only itself and the tokens before it.
pub(super) fn transformer(weights: &Weights, name: &str, config: &BlocksConfig, causal: bool) -> Result<Vec<Step>> {
    let BlocksConfig { width, hidden, layers, heads, activation, epsilon } = *config;
    let attention = Attention { heads, causal, first_only: false, layout: AttentionLayout::TokensFirst };
    let mut steps = Vec::new();
    for layer in 0..layers {
        let name = format!("{name}.{layer}");
        steps.push(Step::residual(vec![
            Step::layer(layer_norm(weights, &format!("{name}.layer_norm1"), width, epsilon)?),
            Step::layer(linear(weights, &format!("{name}.self_attn.qkv_proj"), width, 3 * width)?),
            Step::layer(attention),
            Step::layer(linear(weights, &format!("{name}.self_attn.out_proj"), width, width)?),
        ]));
        steps.push(Step::residual(vec![
            Step::layer(layer_norm(weights, &format!("{name}.layer_norm2"), width, epsilon)?),
            Step::layer(linear(weights, &format!("{name}.mlp.fc1"), width, hidden)?),
            Step::layer(activation),
            Step::layer(linear(weights, &format!("{name}.mlp.fc2"), hidden, width)?),
        ]));
    }
    Ok(steps)
}
