//! Retouching on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, blocks_of_rows, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{Rectangle, Retouch, Touch};

pub(crate) struct RetouchOnDevice(Buffer);

impl RetouchOnDevice {
    pub fn new(layer: &Retouch, on: &dyn Accelerator) -> Result<Self> {
        let words: Vec<u32> = layer.0.iter().map(record).collect::<Result<Vec<_>>>()?.concat();
        Ok(Self(on.upload(bytemuck::cast_slice(&words))?))
    }
}

/// `struct Touch` of `retouch.cu`.
#[allow(clippy::cast_possible_truncation)]
fn record(touch: &Touch) -> Result<[u32; 18]> {
    let mut words = [0; 18];
    for (word, colour) in words.iter_mut().zip(touch.colours) {
        *word = colour.to_bits();
    }
    words[9] = touch.noise.to_bits();
    words[10] = touch.noise_seed as u32;
    words[11] = (touch.noise_seed >> 32) as u32;
    let Rectangle { left, top, width, height } =
        touch.erased.unwrap_or(Rectangle { left: 0, top: 0, width: 0, height: 0 });
    for (word, side) in words[12..].iter_mut().zip([left, top, width, height]) {
        *word = int(side)?.cast_unsigned();
    }
    words[16] = touch.fill.to_bits();
    Ok(words)
}

impl Resident for RetouchOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let area = shape[2] * shape[3];
        let (grid, width, area) = (blocks_of_rows(shape[0] * shape[1], area), int(shape[3])?, int(area)?);
        launch!(on, "retouch", "retouch_forward", grid, x, &self.0, y, width, area)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let area = shape[2] * shape[3];
        let (grid, width, area) = (blocks_of_rows(shape[0] * shape[1], area), int(shape[3])?, int(area)?);
        launch!(on, "retouch", "retouch_backward", grid, dy, &self.0, dx, width, area)
    }
}
