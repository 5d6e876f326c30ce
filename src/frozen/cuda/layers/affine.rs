//! Scale and shift of each channel on a device.

use candle_core::Result;

use crate::frozen::ChannelAffine;
use crate::frozen::cuda::accelerator::{Buffer, blocks_of_rows, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

pub(crate) struct AffineOnDevice {
    scale: Buffer,
    shift: Buffer,
}

impl AffineOnDevice {
    pub fn new(layer: &ChannelAffine, on: &dyn Accelerator) -> Result<Self> {
        let scale = on.upload(bytemuck::cast_slice(&layer.scale))?;
        Ok(Self { scale, shift: on.upload(bytemuck::cast_slice(&layer.shift))? })
    }

    /// The grid, the number of channels, and the area of a channel.
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
