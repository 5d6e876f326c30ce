//! From the latent to a picture (taming-transformers, `modules/diffusionmodules/model.py`).

use super::Config;
use super::blocks::{convolution, double, group_norm, level, middle};
use crate::Result;
use crate::frozen::Step;
use crate::models::Weights;

/// From `[1, latent channels, h, w]` to `[1, 3, h·f, w·f]` with values around −1 to 1.
pub(super) fn decoder(weights: &Weights, config: &Config) -> Result<Vec<Step>> {
    let mut channels = config.channels[config.channels.len() - 1];
    let mut steps = vec![Step::layer(convolution(weights, "decoder.conv_in", config.latent_channels, channels, 3)?)];
    steps.extend(middle(weights, "decoder.mid", channels, config)?);
    for (index, &outputs) in config.channels.iter().enumerate().rev() {
        let name = format!("decoder.up.{index}");
        let blocks = (config.blocks + 1, config.attention[index]);
        steps.extend(level(weights, &name, (channels, outputs), blocks, config)?);
        if index > 0 {
            steps.push(double(weights, &name, outputs)?);
        }
        channels = outputs;
    }
    steps.push(Step::layer(group_norm(weights, "decoder.norm_out", channels, config, true)?));
    steps.push(Step::layer(convolution(weights, "decoder.conv_out", channels, 3, 3)?));
    Ok(steps)
}
