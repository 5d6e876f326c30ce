//! A stack of convolutions that ends in mean and maximum: the embedded model's image tower.

use super::Config;
use super::blocks::linear;
use super::config::ConvolutionConfig;
use crate::Result;
use crate::frozen::{Activation, Convolution, MeanMaxPool, Padding, Step, Window};
use crate::models::Weights;

/// From `[batch, 3, side, side]`, normalized, to `[batch, features]`.
pub(super) fn tower(
    weights: &Weights,
    layers: &[ConvolutionConfig],
    hidden: Option<usize>,
    config: &Config,
) -> Result<Vec<Step>> {
    let mut channels = 3;
    let mut steps = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let ConvolutionConfig { kernel: side, stride, padding, out, residual } = *layer;
        let name = format!("image.conv.{index}");
        let weight = weights.tensor(&format!("{name}.weight"), &[out, channels, side, side])?;
        let bias = weights.tensor(&format!("{name}.bias"), &[out])?;
        let window = Window { side, stride, padding: Padding::uniform(padding) };
        let convolution = Step::layer(Convolution::new(weight, bias, channels, out, window));
        let activated = vec![convolution, Step::layer(Activation::Silu)];
        if residual {
            steps.push(Step::residual(activated));
        } else {
            steps.extend(activated);
        }
        channels = out;
    }
    let hidden = hidden.or_else(|| weights.rows("image.fc1.weight")).unwrap_or(1);
    steps.extend([
        Step::layer(MeanMaxPool),
        Step::layer(linear(weights, "image.fc1", 2 * channels, hidden)?),
        Step::layer(Activation::Silu),
        Step::layer(linear(weights, "image.fc2", hidden, config.features)?),
    ]);
    Ok(steps)
}
