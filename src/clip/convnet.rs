//! A stack of convolutions with mean and maximum at its end: the embedded model's image tower.

use candle_core::Tensor;

use super::Config;
use super::blocks::linear;
use super::config::ConvolutionConfig;
use crate::Result;
use crate::frozen::{Activation, Convolution, Linear, MeanMaxPool, Padding, Window};
use crate::models::Weights;

pub(super) struct ConvolutionTower {
    layers: Vec<(Convolution, bool)>,
    hidden: Linear,
    output: Linear,
}

impl ConvolutionTower {
    pub(super) fn load(
        weights: &Weights,
        layers: &[ConvolutionConfig],
        hidden: Option<usize>,
        config: &Config,
    ) -> Result<Self> {
        let mut channels = 3;
        let mut stack = Vec::new();
        for (index, layer) in layers.iter().enumerate() {
            let ConvolutionConfig { kernel: side, stride, padding, out, residual } = *layer;
            let name = format!("image.conv.{index}");
            let weight = weights.tensor(&format!("{name}.weight"), &[out, channels, side, side])?;
            let bias = weights.tensor(&format!("{name}.bias"), &[out])?;
            let window = Window { side, stride, padding: Padding::uniform(padding) };
            stack.push((Convolution::new(weight, bias, channels, out, window), residual));
            channels = out;
        }
        let hidden = hidden.or_else(|| weights.rows("image.fc1.weight")).unwrap_or(1);
        Ok(Self {
            layers: stack,
            hidden: linear(weights, "image.fc1", 2 * channels, hidden)?,
            output: linear(weights, "image.fc2", hidden, config.features)?,
        })
    }

    /// `[batch, 3, side, side]`, normalised, to `[batch, features]`.
    pub(super) fn forward(&self, pictures: &Tensor) -> candle_core::Result<Tensor> {
        let mut x = pictures.clone();
        for (convolution, residual) in &self.layers {
            let y = Activation::Silu.forward(&convolution.forward(&x)?)?;
            x = if *residual { (x + y)? } else { y };
        }
        let hidden = self.hidden.forward(&MeanMaxPool.forward(&x)?)?;
        self.output.forward(&Activation::Silu.forward(&hidden)?)
    }
}
