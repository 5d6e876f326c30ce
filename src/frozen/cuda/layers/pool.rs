//! Pooling on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{AveragePool, MeanMaxPool};

impl Resident for AveragePool {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let count = y.len();
        let (side, height, width) = (int(self.side)?, int(shape[2])?, int(shape[3])?);
        launch!(on, "pictures", "average_pool_forward", blocks(count), x, y, side, height, width, long(count))
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let count = dx.len();
        let (side, height, width) = (int(self.side)?, int(shape[2])?, int(shape[3])?);
        launch!(on, "pictures", "average_pool_backward", blocks(count), dy, dx, side, height, width, long(count))
    }
}

impl Resident for MeanMaxPool {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (grid, channels, area) = ([shape[0] * shape[1], 1], int(shape[1])?, int(shape[2] * shape[3])?);
        launch!(on, "mean_max", "mean_max_forward", grid, x, y, channels, area)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (grid, channels, area) = ([shape[0] * shape[1], 1], int(shape[1])?, int(shape[2] * shape[3])?);
        launch!(on, "mean_max", "mean_max_backward", grid, x, dy, dx, channels, area)
    }
}
