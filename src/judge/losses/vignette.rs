//! The loss that blends the picture into a color toward its corners.

use super::measure::Measure;
use super::visible::{Visible, share};
use crate::picture::Size;
use crate::settings::Color;

/// The standard deviation of the part that stays as it is, as a share of the width and of the height. Pixray's is 40 pixels,
/// of a picture of about 200.
const DEVIATION: f64 = 0.25;

/// The mean of (1 − g) |x − color| over all values x, with a Gaussian g around the center (the loss `gaussian` in pixray).
pub(super) struct Vignette {
    /// Red, green and blue, 0 to 1
    color: [f64; 3],
}

impl Vignette {
    /// A vignette of a color.
    pub fn new(color: Color) -> Self {
        Self { color: color.0.map(|byte| f64::from(byte) / 255.0) }
    }
}

/// The Gaussian along a side.
#[allow(clippy::cast_precision_loss)]
fn gaussian(side: usize) -> Vec<f64> {
    let at = |place: usize| ((place as f64 + 0.5) / side as f64 - 0.5) / DEVIATION;
    (0..side).map(|place| (-0.5 * at(place).powi(2)).exp()).collect()
}

impl Measure for Vignette {
    const SCALE: f64 = 10.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let Size { width, height } = seen.size;
        let (columns, rows) = (gaussian(width), gaussian(height));
        let each = share(factor, 3 * seen.area());
        let pull = |pixel: usize| each * (1.0 - columns[pixel % width] * rows[pixel / width]);
        let apart = |channel: usize, pixel: usize| seen.value(channel, pixel) - self.color[channel];
        let [loss] = seen.sums(|pixel| [pull(pixel) * (0..3).map(|channel| apart(channel, pixel).abs()).sum::<f64>()]);
        // A value that has the color has no direction.
        let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
        (loss, seen.slopes(|channel, pixel| pull(pixel) * sign(apart(channel, pixel))))
    }
}
