//! A stack of convolutions that ends in mean and maximum: the embedded model's image tower.

use candle_nn::VarBuilder;

use super::Config;
use super::blocks::linear;
use super::config::ConvolutionConfig;
use crate::Result;
use crate::frozen::{Activation, Convolution, MeanMaxPool, Padding, Step, Window};
use crate::models::Values;

/// From `[batch, 3, side, side]`, normalized, to `[batch, features]`. Also returns after how many steps each stage ends: the
/// convolutions of one resolution.
pub(super) fn tower(
    builder: &VarBuilder,
    layers: &[ConvolutionConfig],
    hidden: Option<usize>,
    config: &Config,
) -> Result<(Vec<Step>, Vec<usize>)> {
    let mut channels = 3;
    let (mut steps, mut ends) = (Vec::new(), Vec::new());
    for (index, layer) in layers.iter().enumerate() {
        let ConvolutionConfig { kernel: side, stride, padding, out, residual } = *layer;
        let builder = builder.pp("conv").pp(index);
        let weight = builder.values((out, channels, side, side), "weight")?;
        let bias = builder.values(out, "bias")?;
        let window = Window { side, stride, padding: Padding::uniform(padding) };
        let convolution = Step::layer(Convolution::new(weight, bias, channels, out, window));
        let activated = vec![convolution, Step::layer(Activation::Silu)];
        if residual {
            steps.push(Step::residual(activated));
        } else {
            steps.extend(activated);
        }
        channels = out;
        if layers.get(index + 1).is_none_or(|next| next.stride > 1) {
            ends.push(steps.len());
        }
    }
    // Neither configuration nor file says it: random weights, or a file that lacks the layer.
    let hidden = hidden.unwrap_or(1);
    steps.extend([
        Step::layer(MeanMaxPool),
        Step::layer(linear(&builder.pp("fc1"), 2 * channels, hidden)?),
        Step::layer(Activation::Silu),
        Step::layer(linear(&builder.pp("fc2"), hidden, config.features)?),
    ]);
    Ok((steps, ends))
}
