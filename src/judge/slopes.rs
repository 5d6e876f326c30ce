//! How strongly each cutout is drawn to each target.

use candle_core::Result;

use super::Target;
use crate::frozen::cuda::layers::SlopesOnDevice;
use crate::frozen::{self, Layer};

/// Of distances `[cutouts, targets]` what each adds to the loss for one of it, of the same shape: its target's weight by
/// the number of all cutouts, and nothing where it is near enough (VQGAN+CLIP, Crowson, 2021).
pub(crate) struct Slopes(Vec<Slope>);

/// Of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slope {
    /// What a distance adds for one of it
    pub slope: f32,
    /// What the distance by the slope's sign has to reach, to add anything
    pub stop: f32,
}

impl Slopes {
    /// Of an iteration with so many cutouts.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub(super) fn new(targets: &[Target], cutouts: usize) -> Self {
        let slope = |target: &Target| Slope {
            slope: (1.0 / cutouts as f64 * target.weight) as f32,
            stop: target.stop.map_or(f32::NEG_INFINITY, |stop| stop as f32),
        };
        Self(targets.iter().map(slope).collect())
    }

    #[cfg(test)]
    pub(crate) fn of(slopes: Vec<Slope>) -> Self {
        Self(slopes)
    }
}

impl Layer for Slopes {
    fn name(&self) -> &'static str {
        "slopes of distances"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        Ok(input_shape.to_vec())
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        let targets = self.0.len();
        for (distances, slopes) in input.chunks(targets).zip(output.chunks_mut(targets)) {
            for ((distance, own), of) in distances.iter().zip(slopes).zip(&self.0) {
                *own = if of.slope.signum() * distance >= of.stop { of.slope } else { 0.0 };
            }
        }
    }

    fn needs_input(&self) -> bool {
        false
    }

    /// It is flat but for where it jumps.
    fn backward(&self, _: &[usize], _: &[f32], _: &[f32], input_gradient: &mut [f32]) {
        input_gradient.fill(0.0);
    }

    frozen::on_gpu!(|layer, on| SlopesOnDevice::new(layer.0.iter().map(|of| [of.slope, of.stop]).collect(), on)?);
}
