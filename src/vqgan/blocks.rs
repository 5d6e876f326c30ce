//! The building blocks of encoder and decoder.

use candle_nn::VarBuilder;

use super::Config;
use crate::Result;
use crate::frozen::{
    Algorithms, Attention, AttentionLayout, Convolution, DoublingConvolution, GroupNorm, Padding, Step, Window,
};
use crate::models::Values;

/// Builds the parts of one half of a VQGAN.
pub(super) struct Blocks<'a> {
    pub config: &'a Config,
    /// Algorithms for the convolutions
    pub algorithms: Algorithms,
}

impl Blocks<'_> {
    /// A convolution that keeps the picture's size.
    pub fn convolution(&self, builder: &VarBuilder, inputs: usize, outputs: usize, side: usize) -> Result<Step> {
        self.windowed(builder, inputs, outputs, Window::same(side))
    }

    fn windowed(&self, builder: &VarBuilder, inputs: usize, outputs: usize, window: Window) -> Result<Step> {
        let convolution = convolution(builder, inputs, outputs, window)?;
        Ok(Step::layer(convolution.by(self.algorithms)))
    }

    /// A group norm, followed by SiLU if `silu`.
    pub fn group_norm(&self, builder: &VarBuilder, channels: usize, silu: bool) -> Result<Step> {
        let scale = builder.values(channels, "weight")?;
        let shift = builder.values(channels, "bias")?;
        Ok(Step::layer(GroupNorm::new(scale, shift, self.config.groups, self.config.epsilon, silu)))
    }

    /// x + convolutions of x: norm, SiLU, convolution, twice. If the number of channels changes, x passes
    /// through a 1x1 convolution.
    fn residual_block(&self, builder: &VarBuilder, inputs: usize, outputs: usize) -> Result<Step> {
        let branch = vec![
            self.group_norm(&builder.pp("norm1"), inputs, true)?,
            self.convolution(&builder.pp("conv1"), inputs, outputs, 3)?,
            self.group_norm(&builder.pp("norm2"), outputs, true)?,
            self.convolution(&builder.pp("conv2"), outputs, outputs, 3)?,
        ];
        let mut shortcut = Vec::new();
        if inputs != outputs {
            shortcut.push(self.convolution(&builder.pp("nin_shortcut"), inputs, outputs, 1)?);
        }
        Ok(Step::Sum(branch, shortcut))
    }

    /// x + attention over all pixels of x, one head.
    fn attention_block(&self, builder: &VarBuilder, channels: usize) -> Result<Step> {
        let attention =
            Attention { heads: 1, causal: false, first_only: false, layout: AttentionLayout::ChannelsFirst };
        Ok(Step::residual(vec![
            self.group_norm(&builder.pp("norm"), channels, false)?,
            self.convolution(&builder.pp("qkv"), channels, 3 * channels, 1)?,
            Step::layer(attention),
            self.convolution(&builder.pp("proj_out"), channels, channels, 1)?,
        ]))
    }

    /// Residual block, attention, residual block, at the coarsest level.
    pub fn middle(&self, builder: &VarBuilder, channels: usize) -> Result<Vec<Step>> {
        let mut steps = vec![self.residual_block(&builder.pp("block_1"), channels, channels)?];
        if self.config.middle_attention {
            steps.push(self.attention_block(&builder.pp("attn_1"), channels)?);
        }
        steps.push(self.residual_block(&builder.pp("block_2"), channels, channels)?);
        Ok(steps)
    }

    /// One level: `count` residual blocks from `inputs` to `outputs` channels, each followed by attention
    /// if the level has it.
    pub fn level(
        &self,
        builder: &VarBuilder,
        (inputs, outputs): (usize, usize),
        (count, attention): (usize, bool),
    ) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        for index in 0..count {
            let inputs = if index == 0 { inputs } else { outputs };
            steps.push(self.residual_block(&builder.pp("block").pp(index), inputs, outputs)?);
            if attention {
                steps.push(self.attention_block(&builder.pp("attn").pp(index), outputs)?);
            }
        }
        Ok(steps)
    }

    /// Halves the size: one row and column of zeros at the lower and right edge, then a stride of 2.
    pub fn halve(&self, builder: &VarBuilder, channels: usize) -> Result<Step> {
        let padding = Padding { bottom: 1, right: 1, ..Padding::default() };
        self.windowed(&builder.pp("downsample").pp("conv"), channels, channels, Window { side: 3, stride: 2, padding })
    }
}

/// Doubles the size, then applies a convolution.
pub(super) fn double(builder: &VarBuilder, channels: usize) -> Result<Step> {
    let builder = builder.pp("upsample").pp("conv");
    let weight = builder.values((channels, channels, 3, 3), "weight")?;
    let bias = builder.values(channels, "bias")?;
    Ok(Step::layer(DoublingConvolution::new(weight, bias, channels, channels)))
}

/// A convolution with a builder's weights.
pub(super) fn convolution(builder: &VarBuilder, inputs: usize, outputs: usize, window: Window) -> Result<Convolution> {
    let weight = builder.values((outputs, inputs, window.side, window.side), "weight")?;
    let bias = builder.values(outputs, "bias")?;
    Ok(Convolution::new(weight, bias, inputs, outputs, window))
}
