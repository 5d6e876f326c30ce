//! The compact network of Real-ESRGAN, `SRVGGNetCompact` (Wang et al., Real-ESRGAN, 2021): convolutions at the picture's
//! own size, then one pixel shuffle, added to the picture enlarged by repeating its pixels.

use candle_nn::VarBuilder;

use super::layers::{convolution, enlarged};
use super::shapes::Shapes;
use crate::Result;
use crate::frozen::{LeakyRectifier, PixelShuffle, Step};
use crate::models::Values;

/// The most convolutions between the first and the last one; published networks have 16 and 32.
const MOST_CONVOLUTIONS: usize = 64;

/// The dimensions of a compact network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compact {
    /// How often it enlarges
    pub(super) scale: usize,
    /// Channels between the layers
    channels: usize,
    /// Convolutions between the first and the last one
    convolutions: usize,
}

impl Compact {
    /// A name that every such network has.
    pub(super) const ANCHOR: &'static str = "body.0.weight";

    /// Reads the dimensions off the shapes: `body.0`, `body.2` and so on are convolutions, with the slopes of a rectifier
    /// after each but the last.
    ///
    /// # Errors
    /// If the shapes are not those of such a network.
    pub(super) fn of(shapes: &Shapes) -> Result<Self, String> {
        let [channels, inputs, _, _] = shapes.kernel(Self::ANCHOR)?;
        if inputs != 3 {
            return Err(format!("{} takes {inputs} channels instead of 3", Self::ANCHOR));
        }
        let last = shapes.largest_number("body.");
        if last < 4 || !last.is_multiple_of(2) || last > 2 * (MOST_CONVOLUTIONS + 1) {
            return Err(format!("its layers end with body.{last}; expected an even number of 4 or more"));
        }
        let [outputs, ..] = shapes.kernel(&format!("body.{last}.weight"))?;
        let scale = (1..=16).find(|scale| 3 * scale * scale == outputs);
        let scale = scale.ok_or_else(|| format!("body.{last} returns {outputs} channels, which are no pixels"))?;
        Ok(Self { scale, channels, convolutions: last / 2 - 1 })
    }

    /// How far a pixel of the result looks around itself, in pixels of the picture.
    pub(super) fn reach(self) -> usize {
        self.convolutions + 2
    }

    /// The network.
    pub(super) fn steps(self, builder: &VarBuilder) -> Result<Vec<Step>> {
        let body = builder.pp("body");
        let mut steps = Vec::new();
        for index in 0..=self.convolutions {
            let inputs = if index == 0 { 3 } else { self.channels };
            steps.push(Step::layer(convolution(&body.pp(2 * index), inputs, self.channels, 1.0)?));
            let slopes = body.pp(2 * index + 1).values(self.channels, "weight")?;
            steps.push(Step::layer(LeakyRectifier::new(slopes)));
        }
        let outputs = 3 * self.scale * self.scale;
        steps.push(Step::layer(convolution(&body.pp(2 * self.convolutions + 2), self.channels, outputs, 1.0)?));
        steps.push(Step::layer(PixelShuffle { side: self.scale }));
        Ok(vec![Step::Sum(steps, enlarged(self.scale))])
    }
}
