//! What encoder and decoder are made of.

use super::Config;
use crate::Result;
use crate::frozen::{Attention, AttentionLayout, Convolution, DoublingConvolution, GroupNorm, Padding, Step, Window};
use crate::models::Weights;

/// A convolution that keeps the picture's size.
pub(super) fn convolution(
    weights: &Weights,
    name: &str,
    inputs: usize,
    outputs: usize,
    side: usize,
) -> Result<Convolution> {
    windowed(weights, name, inputs, outputs, Window::same(side))
}

fn windowed(weights: &Weights, name: &str, inputs: usize, outputs: usize, window: Window) -> Result<Convolution> {
    let weight = weights.tensor(&format!("{name}.weight"), &[outputs, inputs, window.side, window.side])?;
    let bias = weights.tensor(&format!("{name}.bias"), &[outputs])?;
    Ok(Convolution::new(weight, bias, inputs, outputs, window))
}

/// A group norm, with SiLU behind it where asked.
pub(super) fn group_norm(
    weights: &Weights,
    name: &str,
    channels: usize,
    config: &Config,
    silu: bool,
) -> Result<GroupNorm> {
    let scale = weights.tensor(&format!("{name}.weight"), &[channels])?;
    let shift = weights.tensor(&format!("{name}.bias"), &[channels])?;
    Ok(GroupNorm::new(scale, shift, config.groups, config.epsilon, silu))
}

/// x + convolutions of x: norm, SiLU, convolution, twice; x through a 1x1 convolution where the
/// number of channels changes.
fn residual_block(weights: &Weights, name: &str, inputs: usize, outputs: usize, config: &Config) -> Result<Step> {
    let branch = vec![
        Step::layer(group_norm(weights, &format!("{name}.norm1"), inputs, config, true)?),
        Step::layer(convolution(weights, &format!("{name}.conv1"), inputs, outputs, 3)?),
        Step::layer(group_norm(weights, &format!("{name}.norm2"), outputs, config, true)?),
        Step::layer(convolution(weights, &format!("{name}.conv2"), outputs, outputs, 3)?),
    ];
    let mut shortcut = Vec::new();
    if inputs != outputs {
        shortcut.push(Step::layer(convolution(weights, &format!("{name}.nin_shortcut"), inputs, outputs, 1)?));
    }
    Ok(Step::Sum(branch, shortcut))
}

/// x + attention over all pixels of x, one head.
fn attention_block(weights: &Weights, name: &str, channels: usize, config: &Config) -> Result<Step> {
    let attention = Attention { heads: 1, causal: false, first_only: false, layout: AttentionLayout::ChannelsFirst };
    Ok(Step::residual(vec![
        Step::layer(group_norm(weights, &format!("{name}.norm"), channels, config, false)?),
        Step::layer(convolution(weights, &format!("{name}.qkv"), channels, 3 * channels, 1)?),
        Step::layer(attention),
        Step::layer(convolution(weights, &format!("{name}.proj_out"), channels, channels, 1)?),
    ]))
}

/// Residual block, attention, residual block, at the coarsest level.
pub(super) fn middle(weights: &Weights, name: &str, channels: usize, config: &Config) -> Result<Vec<Step>> {
    let mut steps = vec![residual_block(weights, &format!("{name}.block_1"), channels, channels, config)?];
    if config.middle_attention {
        steps.push(attention_block(weights, &format!("{name}.attn_1"), channels, config)?);
    }
    steps.push(residual_block(weights, &format!("{name}.block_2"), channels, channels, config)?);
    Ok(steps)
}

/// One level: `count` residual blocks from `inputs` to `outputs` channels, each followed by attention
/// where the level has it.
pub(super) fn level(
    weights: &Weights,
    name: &str,
    (inputs, outputs): (usize, usize),
    (count, attention): (usize, bool),
    config: &Config,
) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for index in 0..count {
        let inputs = if index == 0 { inputs } else { outputs };
        steps.push(residual_block(weights, &format!("{name}.block.{index}"), inputs, outputs, config)?);
        if attention {
            steps.push(attention_block(weights, &format!("{name}.attn.{index}"), outputs, config)?);
        }
    }
    Ok(steps)
}

/// Half the size: one row and column of zeros at the lower and right edge, then a stride of 2.
pub(super) fn halve(weights: &Weights, name: &str, channels: usize) -> Result<Step> {
    let padding = Padding { bottom: 1, right: 1, ..Padding::default() };
    let window = Window { side: 3, stride: 2, padding };
    Ok(Step::layer(windowed(weights, &format!("{name}.downsample.conv"), channels, channels, window)?))
}

/// Twice the size, then a convolution.
pub(super) fn double(weights: &Weights, name: &str, channels: usize) -> Result<Step> {
    let weight = weights.tensor(&format!("{name}.upsample.conv.weight"), &[channels, channels, 3, 3])?;
    let bias = weights.tensor(&format!("{name}.upsample.conv.bias"), &[channels])?;
    Ok(Step::layer(DoublingConvolution::new(&weight, &bias, channels, channels)))
}
