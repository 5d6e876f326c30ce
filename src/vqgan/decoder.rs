//! From the latent to a picture (taming-transformers, `modules/diffusionmodules/model.py`).

use candle_core::Tensor;

use super::Config;
use super::blocks::{Level, Middle, Resize, convolution, group_norm};
use crate::Result;
use crate::frozen::{Convolution, GroupNorm};
use crate::models::Weights;

pub(super) struct Decoder {
    first: Convolution,
    middle: Middle,
    /// The coarsest first
    levels: Vec<Level>,
    norm: GroupNorm,
    last: Convolution,
}

impl Decoder {
    pub(super) fn load(weights: &Weights, config: &Config) -> Result<Self> {
        let coarsest = config.channels[config.channels.len() - 1];
        let mut levels = Vec::new();
        let mut channels = coarsest;
        for (level, &outputs) in config.channels.iter().enumerate().rev() {
            let name = format!("decoder.up.{level}");
            let resize = if level == 0 { Resize::Keep } else { Resize::double(weights, &name, outputs)? };
            let blocks = (config.blocks + 1, config.attention[level]);
            levels.push(Level::load(weights, &name, (channels, outputs), blocks, resize, config)?);
            channels = outputs;
        }
        Ok(Self {
            first: convolution(weights, "decoder.conv_in", config.latent_channels, coarsest, 3)?,
            middle: Middle::load(weights, "decoder.mid", coarsest, config)?,
            levels,
            norm: group_norm(weights, "decoder.norm_out", channels, config, true)?,
            last: convolution(weights, "decoder.conv_out", channels, 3, 3)?,
        })
    }

    /// `[1, latent channels, h, w]` to `[1, 3, h·f, w·f]` with values around −1 to 1.
    pub(super) fn forward(&self, latent: &Tensor) -> candle_core::Result<Tensor> {
        let mut h = self.middle.forward(&self.first.forward(latent)?)?;
        for level in &self.levels {
            h = level.forward(&h)?;
        }
        self.last.forward(&self.norm.forward(&h)?)
    }
}
