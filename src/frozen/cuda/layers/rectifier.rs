//! Leaky rectifiers on a device.

use candle_core::Result;

use crate::frozen::LeakyRectifier;
use crate::frozen::cuda::accelerator::{Buffer, blocks_of_rows, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

pub(crate) struct LeakyRectifierOnDevice {
    slopes: Buffer,
}

impl LeakyRectifierOnDevice {
    pub fn new(layer: &LeakyRectifier, on: &dyn Accelerator) -> Result<Self> {
        Ok(Self { slopes: on.upload(bytemuck::cast_slice(&layer.slopes))? })
    }

    /// The grid, the number of channels, and the area of a channel.
    fn sizes(shape: &[usize]) -> Result<([usize; 2], i32, i32)> {
        let area = shape[2] * shape[3];
        Ok((blocks_of_rows(shape[0] * shape[1], area), int(shape[1])?, int(area)?))
    }
}

impl Resident for LeakyRectifierOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (grid, channels, area) = Self::sizes(shape)?;
        launch!(on, "upscaling", "leaky_forward", grid, x, &self.slopes, y, channels, area)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (grid, channels, area) = Self::sizes(shape)?;
        launch!(on, "upscaling", "leaky_backward", grid, x, dy, &self.slopes, dx, channels, area)
    }
}
