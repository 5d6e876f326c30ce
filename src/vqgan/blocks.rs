//! What encoder and decoder are made of.

use candle_core::Tensor;

use super::Config;
use crate::Result;
use crate::frozen::{Attention, AttentionLayout, Convolution, GroupNorm, Padding, Upsample, Window};
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
pub(super) struct ResidualBlock {
    norm_1: GroupNorm,
    convolution_1: Convolution,
    norm_2: GroupNorm,
    convolution_2: Convolution,
    shortcut: Option<Convolution>,
}

impl ResidualBlock {
    pub(super) fn load(weights: &Weights, name: &str, inputs: usize, outputs: usize, config: &Config) -> Result<Self> {
        let shortcut = if inputs == outputs {
            None
        } else {
            Some(convolution(weights, &format!("{name}.nin_shortcut"), inputs, outputs, 1)?)
        };
        Ok(Self {
            norm_1: group_norm(weights, &format!("{name}.norm1"), inputs, config, true)?,
            convolution_1: convolution(weights, &format!("{name}.conv1"), inputs, outputs, 3)?,
            norm_2: group_norm(weights, &format!("{name}.norm2"), outputs, config, true)?,
            convolution_2: convolution(weights, &format!("{name}.conv2"), outputs, outputs, 3)?,
            shortcut,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let h = self.convolution_1.forward(&self.norm_1.forward(x)?)?;
        let h = self.convolution_2.forward(&self.norm_2.forward(&h)?)?;
        match &self.shortcut {
            Some(shortcut) => shortcut.forward(x)? + h,
            None => x + h,
        }
    }
}

/// x + attention over all pixels of x, one head.
pub(super) struct AttentionBlock {
    norm: GroupNorm,
    packed: Convolution,
    output: Convolution,
}

impl AttentionBlock {
    pub(super) fn load(weights: &Weights, name: &str, channels: usize, config: &Config) -> Result<Self> {
        Ok(Self {
            norm: group_norm(weights, &format!("{name}.norm"), channels, config, false)?,
            packed: convolution(weights, &format!("{name}.qkv"), channels, 3 * channels, 1)?,
            output: convolution(weights, &format!("{name}.proj_out"), channels, channels, 1)?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let attention =
            Attention { heads: 1, causal: false, first_only: false, layout: AttentionLayout::ChannelsFirst };
        let packed = self.packed.forward(&self.norm.forward(x)?)?;
        x + self.output.forward(&attention.forward(&packed)?)?
    }
}

/// Residual block, attention, residual block, at the coarsest level.
pub(super) struct Middle {
    block_1: ResidualBlock,
    attention: Option<AttentionBlock>,
    block_2: ResidualBlock,
}

impl Middle {
    pub(super) fn load(weights: &Weights, name: &str, channels: usize, config: &Config) -> Result<Self> {
        let attention = if config.middle_attention {
            Some(AttentionBlock::load(weights, &format!("{name}.attn_1"), channels, config)?)
        } else {
            None
        };
        Ok(Self {
            block_1: ResidualBlock::load(weights, &format!("{name}.block_1"), channels, channels, config)?,
            attention,
            block_2: ResidualBlock::load(weights, &format!("{name}.block_2"), channels, channels, config)?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let mut h = self.block_1.forward(x)?;
        if let Some(attention) = &self.attention {
            h = attention.forward(&h)?;
        }
        self.block_2.forward(&h)
    }
}

/// One level: residual blocks, each with attention where the level has it, then a change of size.
pub(super) struct Level {
    blocks: Vec<(ResidualBlock, Option<AttentionBlock>)>,
    resize: Resize,
}

/// What follows a level's blocks.
pub(super) enum Resize {
    /// Half the size: one row and column of zeros at the lower and right edge, then stride 2
    Halve(Convolution),
    /// Twice the size, then a convolution
    Double(Convolution),
    /// Nothing
    Keep,
}

impl Resize {
    pub(super) fn halve(weights: &Weights, name: &str, channels: usize) -> Result<Self> {
        let padding = Padding { bottom: 1, right: 1, ..Padding::default() };
        let window = Window { side: 3, stride: 2, padding };
        Ok(Self::Halve(windowed(weights, &format!("{name}.downsample.conv"), channels, channels, window)?))
    }

    pub(super) fn double(weights: &Weights, name: &str, channels: usize) -> Result<Self> {
        Ok(Self::Double(convolution(weights, &format!("{name}.upsample.conv"), channels, channels, 3)?))
    }

    fn forward(&self, x: Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Halve(convolution) => convolution.forward(&x),
            Self::Double(convolution) => convolution.forward(&Upsample.forward(&x)?),
            Self::Keep => Ok(x),
        }
    }
}

impl Level {
    /// `count` blocks from `inputs` to `outputs` channels.
    pub(super) fn load(
        weights: &Weights,
        name: &str,
        (inputs, outputs): (usize, usize),
        (count, attention): (usize, bool),
        resize: Resize,
        config: &Config,
    ) -> Result<Self> {
        let mut blocks = Vec::new();
        for index in 0..count {
            let inputs = if index == 0 { inputs } else { outputs };
            let block = ResidualBlock::load(weights, &format!("{name}.block.{index}"), inputs, outputs, config)?;
            let attention = if attention {
                Some(AttentionBlock::load(weights, &format!("{name}.attn.{index}"), outputs, config)?)
            } else {
                None
            };
            blocks.push((block, attention));
        }
        Ok(Self { blocks, resize })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let mut h = x.clone();
        for (block, attention) in &self.blocks {
            h = block.forward(&h)?;
            if let Some(attention) = attention {
                h = attention.forward(&h)?;
            }
        }
        self.resize.forward(h)
    }
}
