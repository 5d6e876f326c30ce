//! The layers that both families of networks share.

use candle_nn::VarBuilder;

use crate::Result;
use crate::frozen::{Algorithms, Convolution, Step, Upsample, Window};
use crate::models::Values;

/// The fewest channels on either side for which Winograd's algorithm is faster. The size of a picture does not matter
/// here, so that tiles of different sizes are computed in the same way.
const WINOGRAD_CHANNELS: usize = 32;

/// A 3x3 convolution that keeps the picture's size, with its results multiplied by `scale`.
pub(super) fn convolution(builder: &VarBuilder, inputs: usize, outputs: usize, scale: f32) -> Result<Convolution> {
    let scaled = |values: Vec<f32>| values.into_iter().map(|value| scale * value).collect();
    let weight = scaled(builder.values((outputs, inputs, 3, 3), "weight")?);
    let bias = scaled(builder.values(outputs, "bias")?);
    let fast = inputs.min(outputs) >= WINOGRAD_CHANNELS;
    let algorithms = if fast { Algorithms::Winograd } else { Algorithms::Sums };
    Ok(Convolution::new(weight, bias, inputs, outputs, Window::same(3)).by(algorithms))
}

/// A picture enlarged by repeating its pixels; `scale` is a power of two.
pub(super) fn enlarged(scale: usize) -> Vec<Step> {
    (0..scale.ilog2()).map(|_| Step::layer(Upsample)).collect()
}
