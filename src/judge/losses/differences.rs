//! The losses of the differences between neighboring pixels.
//!
//! A pixel is compared with its neighbors on the right and below. Where the picture ends it has none, and the difference is
//! 0; at the edges of a tile, they are those of the copies. The central differences of pixray would not see a checkerboard.

use rayon::prelude::*;

use super::measure::Measure;
use super::visible::{Visible, share};
use crate::picture::{Size, Tile};

/// The neighbors of a pixel.
#[derive(Clone, Copy)]
enum Neighbor {
    Right = 0,
    Below = 1,
}

const NEIGHBORS: [Neighbor; 2] = [Neighbor::Right, Neighbor::Below];

/// The pixels of a picture beside each other.
struct Pairs<'a> {
    seen: &'a Visible,
    /// How the picture is tiled, if it is
    tile: Option<Tile>,
}

impl Pairs<'_> {
    /// The neighbor of a pixel, if it has one.
    fn neighbor(&self, pixel: usize, which: Neighbor) -> Option<usize> {
        let Size { width, height } = self.seen.size;
        match which {
            Neighbor::Right if pixel % width + 1 < width => Some(pixel + 1),
            Neighbor::Below if pixel / width + 1 < height => Some(pixel + width),
            Neighbor::Right => self.across_the_edge(pixel, (1, 0)),
            Neighbor::Below => self.across_the_edge(pixel, (0, 1)),
        }
    }

    /// The pixel that has another as a neighbor, if there is one.
    fn behind(&self, pixel: usize, which: Neighbor) -> Option<usize> {
        let Size { width, .. } = self.seen.size;
        match which {
            Neighbor::Right if !pixel.is_multiple_of(width) => Some(pixel - 1),
            Neighbor::Below if pixel >= width => Some(pixel - width),
            Neighbor::Right => self.across_the_edge(pixel, (-1, 0)),
            Neighbor::Below => self.across_the_edge(pixel, (0, -1)),
        }
    }

    /// The pixel of a copy that is beside one at the edge of the picture; none if the picture ends there.
    fn across_the_edge(&self, pixel: usize, step: (isize, isize)) -> Option<usize> {
        let width = self.seen.size.width;
        let (x, y) = ((pixel % width).cast_signed() + step.0, (pixel / width).cast_signed() + step.1);
        let (column, row) = self.tile?.place((x, y), self.seen.size);
        // Beyond an edge that does not continue, the nearest pixel is the same one.
        Some(row * width + column).filter(|other| *other != pixel)
    }

    /// The difference between a pixel and its neighbor, 0 if it has none.
    fn difference(&self, channel: usize, pixel: usize, which: Neighbor) -> f64 {
        let from = |other: usize| self.seen.value(channel, other) - self.seen.value(channel, pixel);
        self.neighbor(pixel, which).map_or(0.0, from)
    }

    /// The differences between a pixel and its neighbor in all channels.
    fn differences(&self, pixel: usize, which: Neighbor) -> [f64; 3] {
        [0, 1, 2].map(|channel| self.difference(channel, pixel, which))
    }

    /// The slopes of a loss by each value, from those by each difference: `by(pixel, which, difference)`.
    fn slopes(&self, by: impl Fn(usize, Neighbor, f64) -> f64 + Sync) -> Vec<f32> {
        self.seen.slopes(|channel, pixel| {
            let of = |pixel: usize, which: Neighbor| by(pixel, which, self.difference(channel, pixel, which));
            let along =
                |which: Neighbor| self.behind(pixel, which).map_or(0.0, |other| of(other, which)) - of(pixel, which);
            along(Neighbor::Right) + along(Neighbor::Below)
        })
    }
}

/// The mean over all pixels of a function of g, the length of the differences of a pixel in all channels (pixray's
/// `smoothness_type`).
pub(super) struct Smoothness {
    /// The function
    pub of: Evening,
    /// How the picture is tiled, if it is
    pub tile: Option<Tile>,
}

/// A function of g.
pub(super) enum Evening {
    /// g
    Plain,
    /// min(g, 0.5)
    Clipped,
    /// ln(1 + g)
    Log,
}

/// Larger differences are edges, which [`Evening::Clipped`] leaves alone.
const EDGE: f64 = 0.5;

impl Evening {
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
        let pairs = Pairs { seen, tile: self.tile };
        let length = |pixel: usize| {
            NEIGHBORS
                .map(|which| pairs.differences(pixel, which))
                .as_flattened()
                .iter()
                .map(|by| by * by)
                .sum::<f64>()
                .sqrt()
        };
        let [sum] = seen.sums(|pixel| [self.of.value(length(pixel))]);
        // The derivative by a difference d is slope(g) d / g. Equal pixels have no direction.
        let along = |length: f64| if length > 0.0 { each * self.of.slope(length) / length } else { 0.0 };
        let along: Vec<f64> = (0..seen.area()).into_par_iter().map(|pixel| along(length(pixel))).collect();
        (each * sum, pairs.slopes(|pixel, _, difference| along[pixel] * difference))
    }
}

/// Total variation: the mean over all values of the squares of their two differences (disco-diffusion's `tv_loss`).
pub(super) struct Variation {
    /// How the picture is tiled, if it is
    pub tile: Option<Tile>,
}

impl Measure for Variation {
    const SCALE: f64 = 100.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let each = share(factor, 3 * seen.area());
        let pairs = Pairs { seen, tile: self.tile };
        let [sum] = seen.sums(|pixel| {
            [NEIGHBORS.map(|which| pairs.differences(pixel, which)).as_flattened().iter().map(|by| by * by).sum()]
        });
        (each * sum, pairs.slopes(|_, _, difference| 2.0 * each * difference))
    }
}

/// The mean difference across and the mean difference down, below zero (`--sharp` in aphantasia's `clip_fft.py`). It has
/// five times the scale of `--sharpness`, which has no picture of a prior against it.
pub(super) struct Sharpness {
    /// How the picture is tiled, if it is
    pub tile: Option<Tile>,
}

impl Measure for Sharpness {
    const SCALE: f64 = 5.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let Size { width, height } = seen.size;
        let last = |wraps: fn(Tile) -> bool| usize::from(!self.tile.is_some_and(wraps));
        let across = width.saturating_sub(last(Tile::wraps_across)) * height;
        let down = width * height.saturating_sub(last(Tile::wraps_down));
        let shares = [across, down].map(|count| share(-factor, 3 * count));
        let pairs = Pairs { seen, tile: self.tile };
        let sums =
            seen.sums(|pixel| NEIGHBORS.map(|which| pairs.differences(pixel, which).iter().map(|by| by.abs()).sum()));
        // Equal neighbors have no direction.
        let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
        let loss = shares.iter().zip(sums).map(|(each, sum)| each * sum).sum();
        (loss, pairs.slopes(|_, which, difference| shares[which as usize] * sign(difference)))
    }
}
