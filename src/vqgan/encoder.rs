//! The encoder, from a picture to a latent (taming-transformers, `modules/diffusionmodules/model.py`).

use candle_nn::VarBuilder;

use super::Config;
use super::blocks::Blocks;
use crate::Result;
use crate::frozen::{Algorithms, Step};

/// From `[1, 3, H, W]` with values from −1 to 1 to `[1, latent channels, H/f, W/f]`.
pub(super) fn encoder(builder: &VarBuilder, config: &Config) -> Result<Vec<Step>> {
    // The output is replaced by the nearest codes, so the rounding must be no coarser than that of sums.
    let blocks = Blocks { config, algorithms: Algorithms::Sums };
    let mut channels = config.first_channels;
    let mut steps = vec![blocks.convolution(&builder.pp("conv_in"), 3, channels, 3)?];
    for (index, &outputs) in config.channels.iter().enumerate() {
        let level = builder.pp("down").pp(index);
        let count = (config.blocks, config.attention[index]);
        steps.extend(blocks.level(&level, (channels, outputs), count)?);
        if index + 1 < config.channels.len() {
            steps.push(blocks.halve(&level, outputs)?);
        }
        channels = outputs;
    }
    steps.extend(blocks.middle(&builder.pp("mid"), channels)?);
    steps.push(blocks.group_norm(&builder.pp("norm_out"), channels, true)?);
    steps.push(blocks.convolution(&builder.pp("conv_out"), channels, config.latent_channels, 3)?);
    Ok(steps)
}
