//! OpenAI's ModifiedResNet (`open_clip`, `modified_resnet.py`).

use candle_core::Tensor;

use super::Config;
use super::blocks::linear;
use crate::Result;
use crate::frozen::{
    Activation, Attention, AttentionLayout, AveragePool, Convolution, Linear, MeanToken, Padding, Window,
};
use crate::models::Weights;

/// ε of PyTorch's batch norm.
const EPSILON: f64 = 1e-5;
/// Channels of a block's output, in those of its inside.
const EXPANSION: usize = 4;

pub(super) struct ResNetTower {
    stem: [Convolution; 3],
    blocks: Vec<Bottleneck>,
    mean_token: MeanToken,
    packed: Linear,
    attention: Attention,
    output: Linear,
}

/// Three convolutions; where it shrinks the picture, by an average and not by a stride.
struct Bottleneck {
    reduce: Convolution,
    spatial: Convolution,
    expand: Convolution,
    shortcut: Option<Convolution>,
    stride: usize,
}

/// A convolution with the batch norm behind it folded into its weights.
fn normalised(
    weights: &Weights,
    (convolution, norm): (&str, &str),
    inputs: usize,
    outputs: usize,
    window: Window,
) -> Result<Convolution> {
    let taps = inputs * window.side * window.side;
    let mut kernels = weights.tensor(&format!("{convolution}.weight"), &[outputs, inputs, window.side, window.side])?;
    let scale = weights.tensor(&format!("{norm}.weight"), &[outputs])?;
    let shift = weights.tensor(&format!("{norm}.bias"), &[outputs])?;
    let mean = weights.tensor(&format!("{norm}.running_mean"), &[outputs])?;
    let variance = weights.tensor(&format!("{norm}.running_var"), &[outputs])?;
    let mut bias = Vec::with_capacity(outputs);
    for (channel, kernel) in kernels.chunks_mut(taps).enumerate() {
        #[allow(clippy::cast_possible_truncation)]
        let factor = (f64::from(scale[channel]) / (f64::from(variance[channel]) + EPSILON).sqrt()) as f32;
        for value in kernel.iter_mut() {
            *value *= factor;
        }
        bias.push(shift[channel] - mean[channel] * factor);
    }
    Ok(Convolution::new(kernels, bias, inputs, outputs, window))
}

impl ResNetTower {
    pub(super) fn load(
        weights: &Weights,
        width: usize,
        stages: [usize; 4],
        heads: usize,
        config: &Config,
    ) -> Result<Self> {
        let halving = Window { side: 3, stride: 2, padding: Padding::uniform(1) };
        let stem = [
            normalised(weights, ("visual.conv1", "visual.bn1"), 3, width / 2, halving)?,
            normalised(weights, ("visual.conv2", "visual.bn2"), width / 2, width / 2, Window::same(3))?,
            normalised(weights, ("visual.conv3", "visual.bn3"), width / 2, width, Window::same(3))?,
        ];
        let mut blocks = Vec::new();
        let mut channels = width;
        for (stage, &count) in stages.iter().enumerate() {
            let inside = width << stage;
            for index in 0..count {
                let name = format!("visual.layer{}.{index}", stage + 1);
                let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                blocks.push(Bottleneck::load(weights, &name, channels, inside, stride)?);
                channels = inside * EXPANSION;
            }
        }
        let side = config.side / 32;
        let positions = weights.tensor("visual.attnpool.positional_embedding", &[side * side + 1, channels])?;
        Ok(Self {
            stem,
            blocks,
            mean_token: MeanToken::new(positions, channels),
            packed: linear(weights, "visual.attnpool.qkv_proj", channels, 3 * channels)?,
            attention: Attention { heads, causal: false, first_only: true, layout: AttentionLayout::TokensFirst },
            output: linear(weights, "visual.attnpool.c_proj", channels, config.features)?,
        })
    }

    /// `[batch, 3, side, side]`, normalised, to `[batch, features]`.
    pub(super) fn forward(&self, pictures: &Tensor) -> candle_core::Result<Tensor> {
        let mut x = pictures.clone();
        for convolution in &self.stem {
            x = Activation::Relu.forward(&convolution.forward(&x)?)?;
        }
        x = AveragePool { side: 2 }.forward(&x)?;
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        let tokens = self.packed.forward(&self.mean_token.forward(&x)?)?;
        self.output.forward(&self.attention.forward(&tokens)?)?.squeeze(1)
    }
}

impl Bottleneck {
    fn load(weights: &Weights, name: &str, inputs: usize, inside: usize, stride: usize) -> Result<Self> {
        let outputs = inside * EXPANSION;
        let layer = |index: usize, inputs, outputs, side| {
            let names = (format!("{name}.conv{index}"), format!("{name}.bn{index}"));
            normalised(weights, (&names.0, &names.1), inputs, outputs, Window::same(side))
        };
        let shortcut = if stride > 1 || inputs != outputs {
            let names = (format!("{name}.downsample.0"), format!("{name}.downsample.1"));
            Some(normalised(weights, (&names.0, &names.1), inputs, outputs, Window::same(1))?)
        } else {
            None
        };
        Ok(Self {
            reduce: layer(1, inputs, inside, 1)?,
            spatial: layer(2, inside, inside, 3)?,
            expand: layer(3, inside, outputs, 1)?,
            shortcut,
            stride,
        })
    }

    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let h = Activation::Relu.forward(&self.reduce.forward(x)?)?;
        let h = Activation::Relu.forward(&self.spatial.forward(&h)?)?;
        let h = self.expand.forward(&self.shrink(&h)?)?;
        let x = match &self.shortcut {
            Some(shortcut) => shortcut.forward(&self.shrink(x)?)?,
            None => x.clone(),
        };
        Activation::Relu.forward(&(h + x)?)
    }

    fn shrink(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        if self.stride > 1 { AveragePool { side: self.stride }.forward(x) } else { Ok(x.clone()) }
    }
}
