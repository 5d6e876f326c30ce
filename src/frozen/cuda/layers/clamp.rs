//! Clamping on a device.

use candle_core::Result;

use crate::frozen::Clamp;
use crate::frozen::cuda::accelerator::{blocks, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

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
