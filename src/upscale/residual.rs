//! The large network of Real-ESRGAN, `RRDBNet`: dense blocks within residual blocks (Wang et al., ESRGAN, 2018).

use candle_nn::VarBuilder;

use super::layers::convolution;
use super::shapes::Shapes;
use crate::Result;
use crate::frozen::{ChannelAffine, DoublingConvolution, LeakyRectifier, PixelUnshuffle, Step};
use crate::models::Values;

/// The share of a block's result that is added to its input.
const RESIDUAL: f32 = 0.2;
/// The share of negative numbers that rectifiers let through.
const SLOPE: f32 = 0.2;
/// Convolutions of a dense block, and dense blocks of a residual block.
const CONVOLUTIONS: usize = 5;
const DENSE_BLOCKS: usize = 3;
/// The most residual blocks; published networks have 6 and 23.
const MOST_BLOCKS: usize = 64;

/// The dimensions of such a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Residual {
    /// Side of the squares of pixels that become channels at the beginning: 1, or 2 in a network that enlarges twice
    pub(super) squares: usize,
    /// Channels between the blocks
    channels: usize,
    /// Channels that each convolution of a dense block adds
    growth: usize,
    /// Residual blocks
    blocks: usize,
}

impl Residual {
    /// A name that every such network has.
    pub(super) const ANCHOR: &'static str = "conv_first.weight";

    /// Reads the dimensions off the shapes.
    ///
    /// # Errors
    /// If the shapes are not those of such a network.
    pub(super) fn of(shapes: &Shapes) -> Result<Self, String> {
        let [channels, inputs, _, _] = shapes.kernel(Self::ANCHOR)?;
        let squares = match inputs {
            3 => 1,
            12 => 2,
            _ => return Err(format!("{} takes {inputs} channels instead of 3 or 12", Self::ANCHOR)),
        };
        let blocks = shapes.largest_number("body.") + 1;
        if blocks > MOST_BLOCKS {
            return Err(format!("it has {blocks} blocks; expected at most {MOST_BLOCKS}"));
        }
        let [growth, ..] = shapes.kernel("body.0.rdb1.conv1.weight")?;
        Ok(Self { squares, channels, growth, blocks })
    }

    /// How often it enlarges.
    pub(super) fn scale(self) -> usize {
        4 / self.squares
    }

    /// The network.
    pub(super) fn steps(self, builder: &VarBuilder) -> Result<Vec<Step>> {
        let channels = self.channels;
        let plain = |name: &str, outputs| convolution(&builder.pp(name), channels, outputs, 1.0).map(Step::layer);
        let mut steps = Vec::new();
        if self.squares > 1 {
            steps.push(Step::layer(PixelUnshuffle { side: self.squares }));
        }
        let inputs = 3 * self.squares * self.squares;
        steps.push(Step::layer(convolution(&builder.pp("conv_first"), inputs, channels, 1.0)?));
        let mut body = Vec::new();
        for index in 0..self.blocks {
            body.push(self.block(&builder.pp("body").pp(index))?);
        }
        body.push(plain("conv_body", channels)?);
        steps.push(Step::residual(body));
        for name in ["conv_up1", "conv_up2"] {
            steps.push(doubling(&builder.pp(name), channels)?);
            steps.push(rectifier(channels));
        }
        steps.extend([plain("conv_hr", channels)?, rectifier(channels), plain("conv_last", 3)?]);
        Ok(steps)
    }

    /// x + 0.2 · (three dense blocks of x)
    fn block(self, builder: &VarBuilder) -> Result<Step> {
        let mut branch = Vec::new();
        for index in 1..=DENSE_BLOCKS {
            branch.push(self.dense_block(&builder.pp(format!("rdb{index}")))?);
        }
        branch.push(Step::layer(ChannelAffine::new(vec![RESIDUAL; self.channels], vec![0.0; self.channels])));
        Ok(Step::residual(branch))
    }

    /// x + 0.2 · (the last of five convolutions), each of which reads x and the results of all before it.
    fn dense_block(self, builder: &VarBuilder) -> Result<Step> {
        let mut branch = Vec::new();
        let mut inputs = self.channels;
        for index in 1..CONVOLUTIONS {
            let layer = convolution(&builder.pp(format!("conv{index}")), inputs, self.growth, 1.0)?;
            branch.push(Step::Join(Vec::new(), vec![Step::layer(layer), rectifier(self.growth)]));
            inputs += self.growth;
        }
        let last = builder.pp(format!("conv{CONVOLUTIONS}"));
        branch.push(Step::layer(convolution(&last, inputs, self.channels, RESIDUAL)?));
        Ok(Step::residual(branch))
    }
}

fn rectifier(channels: usize) -> Step {
    Step::layer(LeakyRectifier::new(vec![SLOPE; channels]))
}

/// Doubles the picture by repeating its pixels, then applies a convolution.
fn doubling(builder: &VarBuilder, channels: usize) -> Result<Step> {
    let weight = builder.values((channels, channels, 3, 3), "weight")?;
    let bias = builder.values(channels, "bias")?;
    Ok(Step::layer(DoublingConvolution::new(weight, bias, channels, channels)))
}
