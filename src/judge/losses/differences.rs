//! The losses of the differences between neighboring pixels.
//!
//! A pixel is compared with its neighbors on the right and below. At the edges it has none, and the difference is 0. The
//! central differences of pixray would not see a checkerboard.

use rayon::prelude::*;

use super::measure::Measure;
use super::visible::{Visible, share};
use crate::picture::Size;

/// The neighbors of a pixel.
#[derive(Clone, Copy)]
enum Neighbor {
    Right = 0,
    Below = 1,
}

const NEIGHBORS: [Neighbor; 2] = [Neighbor::Right, Neighbor::Below];

/// The neighbor of a pixel, if it has one.
fn neighbor(Size { width, height }: Size, pixel: usize, which: Neighbor) -> Option<usize> {
    match which {
        Neighbor::Right => (pixel % width + 1 < width).then_some(pixel + 1),
        Neighbor::Below => (pixel / width + 1 < height).then_some(pixel + width),
    }
}

/// The pixel that has another as a neighbor, if there is one.
fn behind(Size { width, .. }: Size, pixel: usize, which: Neighbor) -> Option<usize> {
    match which {
        Neighbor::Right => (!pixel.is_multiple_of(width)).then(|| pixel - 1),
        Neighbor::Below => pixel.checked_sub(width),
    }
}

/// The difference between a pixel and its neighbor, 0 if it has none.
fn difference(seen: &Visible, channel: usize, pixel: usize, which: Neighbor) -> f64 {
    neighbor(seen.size, pixel, which).map_or(0.0, |other| seen.value(channel, other) - seen.value(channel, pixel))
}

/// The differences between a pixel and its neighbor in all channels.
fn differences(seen: &Visible, pixel: usize, which: Neighbor) -> [f64; 3] {
    [0, 1, 2].map(|channel| difference(seen, channel, pixel, which))
}

/// The slopes of a loss by each value, from those by each difference: `by(pixel, which, difference)`.
fn slopes(seen: &Visible, by: impl Fn(usize, Neighbor, f64) -> f64 + Sync) -> Vec<f32> {
    seen.slopes(|channel, pixel| {
        let of = |pixel: usize, which: Neighbor| by(pixel, which, difference(seen, channel, pixel, which));
        let along =
            |which: Neighbor| behind(seen.size, pixel, which).map_or(0.0, |other| of(other, which)) - of(pixel, which);
        along(Neighbor::Right) + along(Neighbor::Below)
    })
}

/// The mean over all pixels of a function of g, the length of the differences of a pixel in all channels (pixray's
/// `smoothness_type`).
pub(super) enum Smoothness {
    /// g
    Plain,
    /// min(g, 0.5)
    Clipped,
    /// ln(1 + g)
    Log,
}

/// Larger differences are edges, which [`Smoothness::Clipped`] leaves alone.
const EDGE: f64 = 0.5;

impl Smoothness {
    fn value(&self, length: f64) -> f64 {
        match self {
            Self::Plain => length,
            Self::Clipped => length.min(EDGE),
            Self::Log => length.ln_1p(),
        }
    }

    fn slope(&self, length: f64) -> f64 {
        match self {
            Self::Plain => 1.0,
            Self::Clipped if length < EDGE => 1.0,
            Self::Clipped => 0.0,
            Self::Log => 1.0 / (1.0 + length),
        }
    }
}

impl Measure for Smoothness {
    const SCALE: f64 = 10.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let each = share(factor, seen.area());
        let length = |pixel: usize| {
            NEIGHBORS
                .map(|which| differences(seen, pixel, which))
                .as_flattened()
                .iter()
                .map(|by| by * by)
                .sum::<f64>()
                .sqrt()
        };
        let [sum] = seen.sums(|pixel| [self.value(length(pixel))]);
        // The derivative by a difference d is slope(g) d / g. Equal pixels have no direction.
        let along = |length: f64| if length > 0.0 { each * self.slope(length) / length } else { 0.0 };
        let along: Vec<f64> = (0..seen.area()).into_par_iter().map(|pixel| along(length(pixel))).collect();
        (each * sum, slopes(seen, |pixel, _, difference| along[pixel] * difference))
    }
}

/// Total variation: the mean over all values of the squares of their two differences (disco-diffusion's `tv_loss`).
pub(super) struct Variation;

impl Measure for Variation {
    const SCALE: f64 = 100.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let each = share(factor, 3 * seen.area());
        let [sum] = seen.sums(|pixel| {
            [NEIGHBORS.map(|which| differences(seen, pixel, which)).as_flattened().iter().map(|by| by * by).sum()]
        });
        (each * sum, slopes(seen, |_, _, difference| 2.0 * each * difference))
    }
}

/// The mean difference across and the mean difference down, below zero (`--sharp` in aphantasia's `clip_fft.py`). It has
/// five times the scale of `--sharpness`, which has no picture of a prior against it.
pub(super) struct Sharpness;

impl Measure for Sharpness {
    const SCALE: f64 = 5.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let Size { width, height } = seen.size;
        let pairs = [width.saturating_sub(1) * height, width * height.saturating_sub(1)];
        let shares = pairs.map(|pairs| share(-factor, 3 * pairs));
        let sums =
            seen.sums(|pixel| NEIGHBORS.map(|which| differences(seen, pixel, which).iter().map(|by| by.abs()).sum()));
        // Equal neighbors have no direction.
        let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
        let loss = shares.iter().zip(sums).map(|(each, sum)| each * sum).sum();
        (loss, slopes(seen, |_, which, difference| shares[which as usize] * sign(difference)))
    }
}
