//! The mean difference between neighboring pixels on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::picture::{Size, Tile};

/// The most blocks that sum differences.
const BLOCKS: usize = 64;

/// Weighted sums of the differences between neighbors of a picture `[1, 3, height, width]`.
pub(crate) struct SharpnessOnDevice {
    /// The size of the picture
    pub size: Size,
    /// How it is tiled, if it is
    pub tile: Option<Tile>,
    /// The weights of differences across and down
    pub weights: [f32; 2],
}

impl SharpnessOnDevice {
    /// Height and width, whether edges continue each other across and down, and how much lower a copy is.
    fn sizes(&self) -> Result<[i32; 5]> {
        let Size { width, height } = self.size;
        let wraps = |wraps: fn(Tile) -> bool| i32::from(self.tile.is_some_and(wraps));
        let drop = self.tile.map_or(0, |tile| tile.drop_of(height));
        Ok([int(height)?, int(width)?, wraps(Tile::wraps_across), wraps(Tile::wraps_down), int(drop)?])
    }
}

impl Resident for SharpnessOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let parts = blocks(x.len())[0].min(BLOCKS);
        let partial = on.allocate(2 * 2 * parts)?;
        let ([height, width, across, down, drop], count) = (self.sizes()?, long(x.len()));
        let grid = [parts, 1];
        launch!(on, "sharpness", "sharpness_sums", grid, x, &partial, height, width, across, down, drop, count)?;
        let [across, down] = self.weights;
        launch!(on, "sharpness", "sharpness_forward", [1, 1], &partial, y, across, down, int(parts)?)
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let [height, width, wraps_across, wraps_down, drop] = self.sizes()?;
        let [across, down] = self.weights;
        launch!(
            on,
            "sharpness",
            "sharpness_backward",
            blocks(x.len()),
            x,
            dy,
            dx,
            across,
            down,
            height,
            width,
            wraps_across,
            wraps_down,
            drop,
            long(x.len()),
        )
    }
}
