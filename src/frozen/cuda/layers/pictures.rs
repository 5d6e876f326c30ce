//! Doubling, pooling, channels' scales and clamping on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, blocks, blocks_of_rows, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{AveragePool, ChannelAffine, Clamp, MeanMaxPool, Upsample};

impl Resident for Upsample {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let count = y.len();
        launch!(on, "pictures", "upsample_forward", blocks(count), x, y, int(shape[3])?, long(count))
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let count = dx.len();
        launch!(on, "pictures", "upsample_backward", blocks(count), dy, dx, int(shape[3])?, long(count))
    }
}

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

impl Resident for Clamp {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let count = x.len();
        launch!(on, "pictures", "clamp_forward", blocks(count), x, y, self.minimum, self.maximum, long(count))
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let count = x.len();
        launch!(on, "pictures", "clamp_backward", blocks(count), x, dy, dx, self.minimum, self.maximum, long(count))
    }
}

pub(crate) struct AffineOnDevice {
    scale: Buffer,
    shift: Buffer,
}

impl AffineOnDevice {
    pub fn new(layer: &ChannelAffine, on: &dyn Accelerator) -> Result<Self> {
        let scale = on.upload(bytemuck::cast_slice(&layer.scale))?;
        Ok(Self { scale, shift: on.upload(bytemuck::cast_slice(&layer.shift))? })
    }

    /// The grid, channels, and numbers of a channel.
    fn sizes(shape: &[usize]) -> Result<([usize; 2], i32, i32)> {
        let area = shape[2] * shape[3];
        Ok((blocks_of_rows(shape[0] * shape[1], area), int(shape[1])?, int(area)?))
    }
}

impl Resident for AffineOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (grid, channels, area) = Self::sizes(shape)?;
        launch!(on, "pictures", "affine_forward", grid, x, &self.scale, &self.shift, y, channels, area)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (grid, channels, area) = Self::sizes(shape)?;
        launch!(on, "pictures", "affine_backward", grid, dy, &self.scale, dx, channels, area)
    }
}
