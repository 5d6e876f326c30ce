//! The building blocks of encoder and decoder.

use super::Config;
use crate::Result;
use crate::frozen::{
    Algorithms, Attention, AttentionLayout, Convolution, DoublingConvolution, GroupNorm, Padding, Step, Window,
};
use crate::models::Weights;

/// Builds the parts of one half of a VQGAN.
pub(super) struct Blocks<'a> {
    pub weights: &'a Weights<'a>,
    pub config: &'a Config,
    /// Algorithms for the convolutions
    pub algorithms: Algorithms,
}

impl Blocks<'_> {
    /// A convolution that keeps the picture's size.
    pub fn convolution(&self, name: &str, inputs: usize, outputs: usize, side: usize) -> Result<Step> {
        self.windowed(name, inputs, outputs, Window::same(side))
    }

    fn windowed(&self, name: &str, inputs: usize, outputs: usize, window: Window) -> Result<Step> {
        let convolution = convolution(self.weights, name, inputs, outputs, window)?;
        Ok(Step::layer(convolution.by(self.algorithms)))
    }

    /// A group norm, followed by SiLU if `silu`.
    pub fn group_norm(&self, name: &str, channels: usize, silu: bool) -> Result<Step> {
        let scale = self.weights.tensor(&format!("{name}.weight"), &[channels])?;
        let shift = self.weights.tensor(&format!("{name}.bias"), &[channels])?;
        Ok(Step::layer(GroupNorm::new(scale, shift, self.config.groups, self.config.epsilon, silu)))
    }

    /// x + convolutions of x: norm, SiLU, convolution, twice. If the number of channels changes, x passes
    /// through a 1x1 convolution.
    fn residual_block(&self, name: &str, inputs: usize, outputs: usize) -> Result<Step> {
        let branch = vec![
            self.group_norm(&format!("{name}.norm1"), inputs, true)?,
            self.convolution(&format!("{name}.conv1"), inputs, outputs, 3)?,
            self.group_norm(&format!("{name}.norm2"), outputs, true)?,
            self.convolution(&format!("{name}.conv2"), outputs, outputs, 3)?,
        ];
        let mut shortcut = Vec::new();
        if inputs != outputs {
            shortcut.push(self.convolution(&format!("{name}.nin_shortcut"), inputs, outputs, 1)?);
        }
        Ok(Step::Sum(branch, shortcut))
    }

    /// x + attention over all pixels of x, one head.
    fn attention_block(&self, name: &str, channels: usize) -> Result<Step> {
        let attention =
            Attention { heads: 1, causal: false, first_only: false, layout: AttentionLayout::ChannelsFirst };
        Ok(Step::residual(vec![
            self.group_norm(&format!("{name}.norm"), channels, false)?,
            self.convolution(&format!("{name}.qkv"), channels, 3 * channels, 1)?,
            Step::layer(attention),
            self.convolution(&format!("{name}.proj_out"), channels, channels, 1)?,
        ]))
    }

    /// Residual block, attention, residual block, at the coarsest level.
    pub fn middle(&self, name: &str, channels: usize) -> Result<Vec<Step>> {
        let mut steps = vec![self.residual_block(&format!("{name}.block_1"), channels, channels)?];
        if self.config.middle_attention {
            steps.push(self.attention_block(&format!("{name}.attn_1"), channels)?);
        }
        steps.push(self.residual_block(&format!("{name}.block_2"), channels, channels)?);
        Ok(steps)
    }

    /// One level: `count` residual blocks from `inputs` to `outputs` channels, each followed by attention
    /// if the level has it.
    pub fn level(
        &self,
        name: &str,
        (inputs, outputs): (usize, usize),
        (count, attention): (usize, bool),
    ) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        for index in 0..count {
            let inputs = if index == 0 { inputs } else { outputs };
            steps.push(self.residual_block(&format!("{name}.block.{index}"), inputs, outputs)?);
            if attention {
                steps.push(self.attention_block(&format!("{name}.attn.{index}"), outputs)?);
            }
        }
        Ok(steps)
    }

    /// Halves the size: one row and column of zeros at the lower and right edge, then a stride of 2.
    pub fn halve(&self, name: &str, channels: usize) -> Result<Step> {
        let padding = Padding { bottom: 1, right: 1, ..Padding::default() };
        self.windowed(&format!("{name}.downsample.conv"), channels, channels, Window { side: 3, stride: 2, padding })
    }

    /// Doubles the size, then applies a convolution.
    pub fn double(&self, name: &str, channels: usize) -> Result<Step> {
        let weight = self.weights.tensor(&format!("{name}.upsample.conv.weight"), &[channels, channels, 3, 3])?;
        let bias = self.weights.tensor(&format!("{name}.upsample.conv.bias"), &[channels])?;
        Ok(Step::layer(DoublingConvolution::new(weight, bias, channels, channels)))
    }
}

/// A convolution with the weights of a name.
pub(super) fn convolution(
    weights: &Weights,
    name: &str,
    inputs: usize,
    outputs: usize,
    window: Window,
) -> Result<Convolution> {
    let weight = weights.tensor(&format!("{name}.weight"), &[outputs, inputs, window.side, window.side])?;
    let bias = weights.tensor(&format!("{name}.bias"), &[outputs])?;
    Ok(Convolution::new(weight, bias, inputs, outputs, window))
}
