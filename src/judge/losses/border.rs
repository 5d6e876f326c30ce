//! The loss that gives the edge of the picture a color.

use super::measure::Measure;
use super::visible::{Visible, share};
use crate::picture::Size;
use crate::settings::Color;

/// The width of the border as a share of the shorter side, as in pixray.
const WIDTH: f64 = 0.05;

/// The mean square, over the values in the border, of the difference to a color (the loss `edge` in pixray, without its pull
/// at the rest of the picture).
pub(super) struct Border {
    /// Red, green and blue, 0 to 1
    color: [f64; 3],
}

impl Border {
    /// A border of a color.
    pub fn new(color: Color) -> Self {
        Self { color: color.0.map(|byte| f64::from(byte) / 255.0) }
    }
}

/// The width of the border of a picture in pixels, at least 1.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn width_of(size: Size) -> usize {
    ((size.width.min(size.height) as f64 * WIDTH).round() as usize).max(1)
}

impl Measure for Border {
    const SCALE: f64 = 10.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let (Size { width, height }, wide) = (seen.size, width_of(seen.size));
        let inner = width.saturating_sub(2 * wide) * height.saturating_sub(2 * wide);
        let each = share(factor, 3 * (seen.area() - inner));
        let is_near = |place: usize, side: usize| place < wide || place + wide >= side;
        let apart = |channel: usize, pixel: usize| {
            let is_border = is_near(pixel % width, width) || is_near(pixel / width, height);
            if is_border { seen.value(channel, pixel) - self.color[channel] } else { 0.0 }
        };
        let [sum] = seen.sums(|pixel| [(0..3).map(|channel| apart(channel, pixel).powi(2)).sum()]);
        (each * sum, seen.slopes(|channel, pixel| 2.0 * each * apart(channel, pixel)))
    }
}
