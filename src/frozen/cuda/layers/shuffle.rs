//! Pixel shuffles on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{PixelShuffle, PixelUnshuffle};

/// Spreads channels over squares; `size` is the height and the width of a channel.
fn spread(on: &dyn Accelerator, side: usize, size: (usize, usize), from: &Slice, to: &Slice) -> Result<()> {
    let count = to.len();
    let (side, height, width) = (int(side)?, int(size.0)?, int(size.1)?);
    launch!(on, "upscaling", "shuffle", blocks(count), from, to, side, height, width, long(count))
}

/// Gathers squares into channels; `size` is the height and the width of a channel.
fn gather(on: &dyn Accelerator, side: usize, size: (usize, usize), from: &Slice, to: &Slice) -> Result<()> {
    let count = to.len();
    let (side, height, width) = (int(side)?, int(size.0)?, int(size.1)?);
    launch!(on, "upscaling", "unshuffle", blocks(count), from, to, side, height, width, long(count))
}

impl Resident for PixelShuffle {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        spread(on, self.side, (shape[2], shape[3]), x, y)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        gather(on, self.side, (shape[2], shape[3]), dy, dx)
    }
}

impl Resident for PixelUnshuffle {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        gather(on, self.side, (shape[2] / self.side, shape[3] / self.side), x, y)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        spread(on, self.side, (shape[2] / self.side, shape[3] / self.side), dy, dx)
    }
}
