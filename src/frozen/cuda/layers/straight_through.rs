//! Values that take an input's place, while its gradient passes unchanged, on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::Buffer;
use crate::frozen::cuda::{Accelerator, Resident, Slice};

pub(crate) struct StraightThroughOnDevice(Buffer);

impl StraightThroughOnDevice {
    pub fn new(values: &[f32], on: &dyn Accelerator) -> Result<Self> {
        Ok(Self(on.upload(bytemuck::cast_slice(values))?))
    }
}

impl Resident for StraightThroughOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], _: &Slice, y: &Slice) -> Result<()> {
        on.copy(&self.0, y)
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        on.copy(dy, dx)
    }
}
