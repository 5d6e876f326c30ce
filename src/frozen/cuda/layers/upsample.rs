//! Doubling on a device.

use candle_core::Result;

use crate::frozen::Upsample;
use crate::frozen::cuda::accelerator::{blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

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
