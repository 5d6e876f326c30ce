//! Between pictures and tokens on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{ClassToken, FirstToken, MeanToken, Patches};

impl Resident for Patches {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (side, channels, count) = (int(self.side)?, int(shape[1])?, x.len());
        let (height, width) = (int(shape[2])?, int(shape[3])?);
        launch!(on, "tokens", "patches_forward", blocks(count), x, y, side, channels, height, width, long(count))
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (side, channels, count) = (int(self.side)?, int(shape[1])?, dx.len());
        let (height, width) = (int(shape[2])?, int(shape[3])?);
        launch!(on, "tokens", "patches_backward", blocks(count), dy, dx, side, channels, height, width, long(count))
    }
}

pub(crate) struct ClassTokenOnDevice {
    class: Buffer,
    positions: Buffer,
}

impl ClassTokenOnDevice {
    pub fn new(layer: &ClassToken, on: &dyn Accelerator) -> Result<Self> {
        let class = on.upload(bytemuck::cast_slice(&layer.class))?;
        Ok(Self { class, positions: on.upload(bytemuck::cast_slice(&layer.positions))? })
    }
}

impl Resident for ClassTokenOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (tokens, width, count) = (int(shape[1] + 1)?, int(shape[2])?, y.len());
        let (class, positions) = (&self.class, &self.positions);
        launch!(on, "tokens", "class_token_forward", blocks(count), x, class, positions, y, tokens, width, long(count))
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (tokens, width, count) = (int(shape[1] + 1)?, int(shape[2])?, dx.len());
        launch!(on, "tokens", "class_token_backward", blocks(count), dy, dx, tokens, width, long(count))
    }
}

pub(crate) struct MeanTokenOnDevice {
    positions: Buffer,
}

impl MeanTokenOnDevice {
    pub fn new(layer: &MeanToken, on: &dyn Accelerator) -> Result<Self> {
        Ok(Self { positions: on.upload(bytemuck::cast_slice(&layer.positions))? })
    }
}

impl Resident for MeanTokenOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (channels, area, count) = (int(shape[1])?, int(shape[2] * shape[3])?, y.len());
        let positions = &self.positions;
        launch!(on, "tokens", "mean_token_forward", blocks(count), x, positions, y, channels, area, long(count))
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (channels, area, count) = (int(shape[1])?, int(shape[2] * shape[3])?, dx.len());
        launch!(on, "tokens", "mean_token_backward", blocks(count), dy, dx, channels, area, long(count))
    }
}

impl Resident for FirstToken {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let count = y.len();
        launch!(on, "tokens", "first_token_forward", blocks(count), x, y, int(shape[1])?, int(shape[2])?, long(count))
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (tokens, width, count) = (int(shape[1])?, int(shape[2])?, dx.len());
        launch!(on, "tokens", "first_token_backward", blocks(count), dy, dx, tokens, width, long(count))
    }
}
