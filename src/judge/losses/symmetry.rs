//! The losses that make a picture like its mirror image.

use super::measure::Measure;
use super::visible::{Visible, share};
use crate::picture::Size;

/// The mean square of the difference between a picture and its mirror image (pixray has the one of left and right).
pub(super) enum Symmetry {
    /// The right is on the left
    LeftRight,
    /// The bottom is at the top
    TopBottom,
    /// Both: the picture is turned upside down
    HalfTurn,
}

impl Symmetry {
    /// The pixel that the mirror image has in place of another.
    fn partner(&self, Size { width, height }: Size, pixel: usize) -> usize {
        let (row, column) = (pixel / width, pixel % width);
        let (opposite_row, opposite_column) = (height - 1 - row, width - 1 - column);
        match self {
            Self::LeftRight => row * width + opposite_column,
            Self::TopBottom => opposite_row * width + column,
            Self::HalfTurn => opposite_row * width + opposite_column,
        }
    }
}

impl Measure for Symmetry {
    const SCALE: f64 = 10.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let each = share(factor, 3 * seen.area());
        let apart = |channel: usize, pixel: usize| {
            seen.value(channel, pixel) - seen.value(channel, self.partner(seen.size, pixel))
        };
        let [sum] = seen.sums(|pixel| [(0..3).map(|channel| apart(channel, pixel).powi(2)).sum()]);
        // Each difference counts twice: once for each of its pixels.
        (each * sum, seen.slopes(|channel, pixel| 4.0 * each * apart(channel, pixel)))
    }
}
