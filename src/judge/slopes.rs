//! How strongly each target pulls at each cutout.

use candle_core::Result;

use crate::frozen::cuda::layers::SlopesOnDevice;
use crate::frozen::{self, Layer};

/// Maps distances `[cutouts, targets]` to the slopes of the loss, of the same shape: the weight of the target divided
/// by the number of cutouts, or zero if the cutout has reached the stop of the target (VQGAN+CLIP, Crowson, 2021).
pub(crate) struct Slopes(Vec<Slope>);

/// The slope and the stop of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slope {
    /// The derivative of the loss with respect to a distance
    pub slope: f32,
    /// The slope is zero if the distance, with the sign of the slope, is below this
    pub stop: f32,
}

impl Slopes {
    /// The slopes for an iteration with `cutouts` cutouts, from the weight and the stop of each target.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub(super) fn new(targets: impl Iterator<Item = (f64, Option<f64>)>, cutouts: usize) -> Self {
        let slope = |(weight, stop): (f64, Option<f64>)| Slope {
            slope: (1.0 / cutouts as f64 * weight) as f32,
            stop: stop.map_or(f32::NEG_INFINITY, |stop| stop as f32),
        };
        Self(targets.map(slope).collect())
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

    /// The gradient is zero: the slopes are constant except for jumps.
    fn backward(&self, _: &[usize], _: &[f32], _: &[f32], input_gradient: &mut [f32]) {
        input_gradient.fill(0.0);
    }

    frozen::on_gpu!(|layer, on| SlopesOnDevice::new(layer.0.iter().map(|of| [of.slope, of.stop]).collect(), on)?);
}
