//! OpenAI's ModifiedResNet (`open_clip`, `modified_resnet.py`).

use candle_nn::VarBuilder;

use super::Config;
use super::blocks::linear;
use crate::Result;
use crate::frozen::{
    Activation, Attention, AttentionLayout, AveragePool, Convolution, FirstToken, MeanToken, Padding, Step, Window,
};
use crate::models::Values;

/// ε of PyTorch's batch norm.
const EPSILON: f64 = 1e-5;
/// Channels of a block's output, as a multiple of those inside.
const EXPANSION: usize = 4;

/// A convolution with the batch norm behind it folded into its weights.
fn normalized(
    convolution: &VarBuilder,
    norm: &VarBuilder,
    inputs: usize,
    outputs: usize,
    window: Window,
) -> Result<Convolution> {
    let taps = inputs * window.side * window.side;
    let mut kernels = convolution.values((outputs, inputs, window.side, window.side), "weight")?;
    let scale = norm.values(outputs, "weight")?;
    let shift = norm.values(outputs, "bias")?;
    let mean = norm.values(outputs, "running_mean")?;
    let variance = norm.values(outputs, "running_var")?;
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

/// A convolution and its batch norm by their number.
fn numbered<'a>(builder: &VarBuilder<'a>, index: usize) -> (VarBuilder<'a>, VarBuilder<'a>) {
    (builder.pp(format!("conv{index}")), builder.pp(format!("bn{index}")))
}

/// From `[batch, 3, side, side]`, normalized, to `[batch, features]`. Also returns after how many steps each stage ends.
pub(super) fn tower(
    builder: &VarBuilder,
    width: usize,
    stages: [usize; 4],
    heads: usize,
    config: &Config,
) -> Result<(Vec<Step>, Vec<usize>)> {
    let halving = Window { side: 3, stride: 2, padding: Padding::uniform(1) };
    let mut steps = Vec::new();
    let stem = [(3, width / 2, halving), (width / 2, width / 2, Window::same(3)), (width / 2, width, Window::same(3))];
    for (index, (inputs, outputs, window)) in stem.into_iter().enumerate() {
        let (convolution, norm) = numbered(builder, index + 1);
        steps.push(Step::layer(normalized(&convolution, &norm, inputs, outputs, window)?));
        steps.push(Step::layer(Activation::Relu));
    }
    steps.push(Step::layer(AveragePool { side: 2 }));
    let (mut channels, mut ends) = (width, Vec::new());
    for (stage, &count) in stages.iter().enumerate() {
        let inside = width << stage;
        for index in 0..count {
            let block = builder.pp(format!("layer{}", stage + 1)).pp(index);
            let shrink = stage > 0 && index == 0;
            steps.extend(bottleneck(&block, channels, inside, shrink)?);
            channels = inside * EXPANSION;
        }
        ends.push(steps.len());
    }
    let side = config.side / 32;
    let pool = builder.pp("attnpool");
    let positions = pool.values((side * side + 1, channels), "positional_embedding")?;
    steps.extend([
        Step::layer(MeanToken::new(positions, channels)),
        Step::layer(linear(&pool.pp("qkv_proj"), channels, 3 * channels)?),
        Step::layer(Attention { heads, causal: false, first_only: true, layout: AttentionLayout::TokensFirst }),
        Step::layer(FirstToken),
        Step::layer(linear(&pool.pp("c_proj"), channels, config.features)?),
    ]);
    Ok((steps, ends))
}

/// relu(x + three convolutions of x). A block that halves the picture does so by averaging. If the size or
/// the number of channels changes, x passes through a separate convolution.
fn bottleneck(builder: &VarBuilder, inputs: usize, inside: usize, shrink: bool) -> Result<Vec<Step>> {
    let outputs = inside * EXPANSION;
    let layer = |index: usize, inputs, outputs, side| {
        let (convolution, norm) = numbered(builder, index);
        normalized(&convolution, &norm, inputs, outputs, Window::same(side)).map(Step::layer)
    };
    let mut branch = vec![
        layer(1, inputs, inside, 1)?,
        Step::layer(Activation::Relu),
        layer(2, inside, inside, 3)?,
        Step::layer(Activation::Relu),
    ];
    let mut shortcut = Vec::new();
    if shrink {
        branch.push(Step::layer(AveragePool { side: 2 }));
        shortcut.push(Step::layer(AveragePool { side: 2 }));
    }
    branch.push(layer(3, inside, outputs, 1)?);
    if shrink || inputs != outputs {
        let (convolution, norm) = (builder.pp("downsample.0"), builder.pp("downsample.1"));
        shortcut.push(Step::layer(normalized(&convolution, &norm, inputs, outputs, Window::same(1))?));
    }
    Ok(vec![Step::Sum(branch, shortcut), Step::layer(Activation::Relu)])
}
