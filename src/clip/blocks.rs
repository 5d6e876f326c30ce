//! The transformer block that CLIP's towers share.

use candle_core::Tensor;

use super::config::BlocksConfig;
use crate::Result;
use crate::frozen::{Activation, Attention, AttentionLayout, LayerNorm, Linear};
use crate::models::Weights;

/// x + attention(norm(x)), then x + network(norm(x)), a number of times.
pub(super) struct Blocks(Vec<Block>);

struct Block {
    norm_1: LayerNorm,
    packed: Linear,
    attention: Attention,
    output: Linear,
    norm_2: LayerNorm,
    wider: Linear,
    activation: Activation,
    narrower: Linear,
}

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

impl Blocks {
    /// Reads the blocks under `name`; in causal ones a token sees itself and those before it only.
    pub(super) fn load(weights: &Weights, name: &str, config: &BlocksConfig, causal: bool) -> Result<Self> {
        let BlocksConfig { width, hidden, layers, heads, activation, epsilon } = *config;
        let attention = Attention { heads, causal, first_only: false, layout: AttentionLayout::TokensFirst };
        let block = |layer: usize| {
            let name = format!("{name}.{layer}");
            Ok(Block {
                norm_1: layer_norm(weights, &format!("{name}.layer_norm1"), width, epsilon)?,
                packed: linear(weights, &format!("{name}.self_attn.qkv_proj"), width, 3 * width)?,
                attention,
                output: linear(weights, &format!("{name}.self_attn.out_proj"), width, width)?,
                norm_2: layer_norm(weights, &format!("{name}.layer_norm2"), width, epsilon)?,
                wider: linear(weights, &format!("{name}.mlp.fc1"), width, hidden)?,
                activation,
                narrower: linear(weights, &format!("{name}.mlp.fc2"), hidden, width)?,
            })
        };
        (0..layers).map(block).collect::<Result<_>>().map(Self)
    }

    /// `[batch, tokens, width]` to the same.
    pub(super) fn forward(&self, tokens: Tensor) -> candle_core::Result<Tensor> {
        self.0.iter().try_fold(tokens, |tokens, block| block.forward(&tokens))
    }
}

impl Block {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let packed = self.packed.forward(&self.norm_1.forward(x)?)?;
        let x = (x + self.output.forward(&self.attention.forward(&packed)?)?)?;
        let hidden = self.activation.forward(&self.wider.forward(&self.norm_2.forward(&x)?)?)?;
        &x + self.narrower.forward(&hidden)?
    }
}
