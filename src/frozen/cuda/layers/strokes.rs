//! Strokes on paper on a device. Going backwards, a few tiles at a time leave the gradients of their strokes in memory; these
//! are added in the order of the tiles.

use candle_core::{Error, Result};

use crate::frozen::cuda::accelerator::{Buffer, THREADS, blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::picture::Size;

/// Width and height of a tile (`TILE_SIDE` of `strokes.cuh`).
const SIDE: usize = 16;
/// Numbers of a prepared stroke, without those of its curves (`PREPARED`).
const PREPARED: usize = 6;
/// Strokes of a tile whose coverage is kept at once (`KEPT_STROKES` of `strokes_backward.cu`), and the numbers of each pixel
/// (`KEPT_NUMBERS`).
const KEPT: (usize, usize) = (32, 9);
/// The most curves of a stroke: as many as bits in `gradient_of_stroke`.
const MOST_SEGMENTS: usize = 32;
/// The most tiles whose gradients are in memory at a time, and the most words that these should take.
const BATCH: (usize, usize) = (256, 64 << 20);

/// A scene of strokes, without its numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StrokesOnDevice {
    size: Size,
    strokes: usize,
    segments: usize,
    channels: usize,
    /// The number of tiles whose gradients are in memory at a time
    batch: usize,
}

impl StrokesOnDevice {
    /// Draws this many strokes, each of this many cubic curves, in a picture with 3 or 4 channels.
    ///
    /// # Errors
    /// If a stroke has too many curves.
    pub fn new(size: Size, strokes: usize, segments: usize, channels: usize) -> Result<Self> {
        Self::within(BATCH.1, size, strokes, segments, channels)
    }

    /// Like [`Self::new`], with at most this many words for the gradients of tiles, but enough for one tile.
    pub fn within(words: usize, size: Size, strokes: usize, segments: usize, channels: usize) -> Result<Self> {
        if segments > MOST_SEGMENTS {
            return Err(Error::Msg(format!("strokes on a GPU have at most {MOST_SEGMENTS} curves, not {segments}")));
        }
        let mut scene = Self { size, strokes, segments, channels, batch: 1 };
        let [slots, paper, touched, order, states, kept] = scene.of_tile();
        let of_tile = slots + paper + touched + order + states + kept;
        scene.batch = (words / of_tile).min(BATCH.0).min(scene.tiles()).max(1);
        Ok(scene)
    }

    fn tiles(&self) -> usize {
        self.size.width.div_ceil(SIDE) * self.size.height.div_ceil(SIDE)
    }

    /// The numbers of a stroke's gradient: of its points, its width and its color.
    fn numbers(&self) -> usize {
        2 * (3 * self.segments + 1) + 1 + 4
    }

    /// The words that the gradient of a tile takes: gradients of strokes and of the paper in 64 bits, which strokes reach
    /// the tile, their order, the states of its pixels, and what strokes cover of them.
    fn of_tile(&self) -> [usize; 6] {
        let states = self.strokes.div_ceil(KEPT.0) * 4 * THREADS;
        [2 * self.strokes * self.numbers(), 2 * 4, self.strokes, self.strokes, states, KEPT.0 * KEPT.1 * THREADS]
    }

    /// The strokes with their boxes and the lines of their curves.
    fn prepared(&self, on: &dyn Accelerator, x: &Slice) -> Result<Buffer> {
        let prepared = on.allocate(self.strokes * (PREPARED + 2 * self.segments))?;
        let (strokes, segments) = (int(self.strokes)?, int(self.segments)?);
        launch!(on, "strokes", "strokes_prepare", blocks(self.strokes), x, &prepared, strokes, segments)?;
        Ok(prepared)
    }

    /// Strokes, segments, channels, height and width.
    fn sizes(&self) -> Result<[i32; 5]> {
        let Size { width, height } = self.size;
        Ok([int(self.strokes)?, int(self.segments)?, int(self.channels)?, int(height)?, int(width)?])
    }
}

impl Resident for StrokesOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let prepared = self.prepared(on, x)?;
        let [strokes, segments, channels, height, width] = self.sizes()?;
        let grid = [self.tiles(), 1];
        launch!(on, "strokes", "strokes_forward", grid, x, &prepared, y, strokes, segments, channels, height, width)
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let prepared = self.prepared(on, x)?;
        let [strokes, segments, channels, height, width] = self.sizes()?;
        let totals = on.allocate(2 * (self.strokes * self.numbers() + 4))?;
        launch!(on, "elements", "fill", blocks(totals.len()), &totals, 0.0, long(totals.len()))?;
        let count = totals.len() / 2;
        let [slots, paper, touched, order, states, kept] = self.of_tile().map(|words| on.allocate(self.batch * words));
        let (slots, paper, touched, order, states, kept) = (slots?, paper?, touched?, order?, states?, kept?);
        for first in (0..self.tiles()).step_by(self.batch) {
            let tiles = self.batch.min(self.tiles() - first);
            let (first, grid) = (int(first)?, [tiles, 1]);
            launch!(
                on,
                "strokes_backward",
                "strokes_backward",
                grid,
                x,
                &prepared,
                dy,
                &slots,
                &paper,
                &touched,
                &order,
                &states,
                &kept,
                first,
                strokes,
                segments,
                channels,
                height,
                width,
            )?;
            launch!(
                on,
                "strokes_backward",
                "strokes_sum",
                blocks(count),
                &slots,
                &paper,
                &touched,
                &totals,
                int(tiles)?,
                strokes,
                segments,
                long(count),
            )?;
        }
        let count = dx.len();
        launch!(on, "strokes_backward", "strokes_gather", blocks(count), &totals, dx, strokes, segments, long(count))
    }
}
