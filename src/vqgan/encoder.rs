//! The encoder, from a picture to a latent (taming-transformers, `modules/diffusionmodules/model.py`).

use super::Config;
use super::blocks::Blocks;
use crate::Result;
use crate::frozen::{Algorithms, Step};
use crate::models::Weights;

/// From `[1, 3, H, W]` with values from −1 to 1 to `[1, latent channels, H/f, W/f]`.
pub(super) fn encoder(weights: &Weights, config: &Config) -> Result<Vec<Step>> {
    // The output is replaced by the nearest codes, so the rounding must be no coarser than that of sums.
    let blocks = Blocks { weights, config, algorithms: Algorithms::Sums };
    let mut channels = config.first_channels;
    let mut steps = vec![blocks.convolution("encoder.conv_in", 3, channels, 3)?];
    for (index, &outputs) in config.channels.iter().enumerate() {
        let name = format!("encoder.down.{index}");
        let count = (config.blocks, config.attention[index]);
        steps.extend(blocks.level(&name, (channels, outputs), count)?);
        if index + 1 < config.channels.len() {
            steps.push(blocks.halve(&name, outputs)?);
        }
        channels = outputs;
    }
    steps.extend(blocks.middle("encoder.mid", channels)?);
    steps.push(blocks.group_norm("encoder.norm_out", channels, true)?);
    steps.push(blocks.convolution("encoder.conv_out", channels, config.latent_channels, 3)?);
    Ok(steps)
}
