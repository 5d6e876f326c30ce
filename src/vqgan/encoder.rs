//! From a picture to the latent (taming-transformers, `modules/diffusionmodules/model.py`).

use super::Config;
use super::blocks::{convolution, group_norm, halve, level, middle};
use crate::Result;
use crate::frozen::Step;
use crate::models::Weights;

/// From `[1, 3, H, W]` with values from −1 to 1 to `[1, latent channels, H/f, W/f]`.
pub(super) fn encoder(weights: &Weights, config: &Config) -> Result<Vec<Step>> {
    let mut channels = config.first_channels;
    let mut steps = vec![Step::layer(convolution(weights, "encoder.conv_in", 3, channels, 3)?)];
    for (index, &outputs) in config.channels.iter().enumerate() {
        let name = format!("encoder.down.{index}");
        let blocks = (config.blocks, config.attention[index]);
        steps.extend(level(weights, &name, (channels, outputs), blocks, config)?);
        if index + 1 < config.channels.len() {
            steps.push(halve(weights, &name, outputs)?);
        }
        channels = outputs;
    }
    steps.extend(middle(weights, "encoder.mid", channels, config)?);
    steps.push(Step::layer(group_norm(weights, "encoder.norm_out", channels, config, true)?));
    steps.push(Step::layer(convolution(weights, "encoder.conv_out", channels, config.latent_channels, 3)?));
    Ok(steps)
}
