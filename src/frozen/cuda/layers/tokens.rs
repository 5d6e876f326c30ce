//! Conversion of pictures to tokens on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, blocks, blocks_of_rows, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{ClassToken, FirstToken, MeanToken, Patches};

/// The grid of squares, and their side, the pictures' channels, height and width.
fn sizes_of_patches(side: usize, shape: &[usize]) -> Result<([usize; 2], [i32; 4])> {
    let (channels, height, width) = (shape[1], shape[2], shape[3]);
    let squares = shape[0] * (height / side) * (width / side);
    let grid = blocks_of_rows(squares, channels * side * side);
    Ok((grid, [int(side)?, int(channels)?, int(height)?, int(width)?]))
}

impl Resident for Patches {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (grid, [side, channels, height, width]) = sizes_of_patches(self.side, shape)?;
        launch!(on, "tokens", "patches_forward", grid, x, y, side, channels, height, width)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (grid, [side, channels, height, width]) = sizes_of_patches(self.side, shape)?;
        launch!(on, "tokens", "patches_backward", grid, dy, dx, side, channels, height, width)
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
        let (tokens, width) = (shape[1] + 1, shape[2]);
        let (grid, tokens, width) = (blocks_of_rows(shape[0] * tokens, width), int(tokens)?, int(width)?);
        let (class, positions) = (&self.class, &self.positions);
        launch!(on, "tokens", "class_token_forward", grid, x, class, positions, y, tokens, width)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let grid = blocks_of_rows(shape[0] * shape[1], shape[2]);
        launch!(on, "tokens", "class_token_backward", grid, dy, dx, int(shape[1] + 1)?, int(shape[2])?)
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
        let grid = blocks_of_rows(shape[0] * shape[1], shape[2]);
        launch!(on, "tokens", "first_token_backward", grid, dy, dx, int(shape[1])?, int(shape[2])?)
    }
}
