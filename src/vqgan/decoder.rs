//! The decoder, from a latent to a picture (taming-transformers, `modules/diffusionmodules/model.py`).

use candle_nn::VarBuilder;

use super::Config;
use super::blocks::{Blocks, double};
use crate::Result;
use crate::frozen::{Algorithms, Step};

/// From `[1, latent channels, h, w]` to `[1, 3, h·f, w·f]` with values around −1 to 1.
pub(super) fn decoder(builder: &VarBuilder, config: &Config, algorithms: Algorithms) -> Result<Vec<Step>> {
    let blocks = Blocks { config, algorithms };
    let mut channels = config.channels[config.channels.len() - 1];
    let mut steps = vec![blocks.convolution(&builder.pp("conv_in"), config.latent_channels, channels, 3)?];
    steps.extend(blocks.middle(&builder.pp("mid"), channels)?);
    for (index, &outputs) in config.channels.iter().enumerate().rev() {
        let level = builder.pp("up").pp(index);
        let count = (config.blocks + 1, config.attention[index]);
        steps.extend(blocks.level(&level, (channels, outputs), count)?);
        if index > 0 {
            steps.push(double(&level, outputs)?);
        }
        channels = outputs;
    }
    steps.push(blocks.group_norm(&builder.pp("norm_out"), channels, true)?);
    steps.push(blocks.convolution(&builder.pp("conv_out"), channels, 3, 3)?);
    Ok(steps)
}
