//! From a picture to the latent (taming-transformers, `modules/diffusionmodules/model.py`).

use candle_core::Tensor;

use super::Config;
use super::blocks::{Level, Middle, Resize, convolution, group_norm};
use crate::Result;
use crate::frozen::{Convolution, GroupNorm};
use crate::models::Weights;

pub(super) struct Encoder {
    first: Convolution,
    levels: Vec<Level>,
    middle: Middle,
    norm: GroupNorm,
    last: Convolution,
}

impl Encoder {
    pub(super) fn load(weights: &Weights, config: &Config) -> Result<Self> {
        let mut levels = Vec::new();
        let mut channels = config.first_channels;
        for (level, &outputs) in config.channels.iter().enumerate() {
            let name = format!("encoder.down.{level}");
            let last = level + 1 == config.channels.len();
            let resize = if last { Resize::Keep } else { Resize::halve(weights, &name, outputs)? };
            let blocks = (config.blocks, config.attention[level]);
            levels.push(Level::load(weights, &name, (channels, outputs), blocks, resize, config)?);
            channels = outputs;
        }
        Ok(Self {
            first: convolution(weights, "encoder.conv_in", 3, config.first_channels, 3)?,
            levels,
            middle: Middle::load(weights, "encoder.mid", channels, config)?,
            norm: group_norm(weights, "encoder.norm_out", channels, config, true)?,
            last: convolution(weights, "encoder.conv_out", channels, config.latent_channels, 3)?,
        })
    }

    /// `[1, 3, H, W]` with values from −1 to 1 to `[1, latent channels, H/f, W/f]`.
    pub(super) fn forward(&self, picture: &Tensor) -> candle_core::Result<Tensor> {
        let mut h = self.first.forward(picture)?;
        for level in &self.levels {
            h = level.forward(&h)?;
        }
        let h = self.middle.forward(&h)?;
        self.last.forward(&self.norm.forward(&h)?)
    }
}
