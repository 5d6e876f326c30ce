//! The slopes of distances on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

pub(crate) struct SlopesOnDevice {
    targets: Buffer,
    count: usize,
}

impl SlopesOnDevice {
    /// Creates the layer from the slope and the stop of each target, `struct Slope` of `slopes.cu`.
    #[allow(clippy::needless_pass_by_value)]
    pub fn new(targets: Vec<[f32; 2]>, on: &dyn Accelerator) -> Result<Self> {
        Ok(Self { targets: on.upload(bytemuck::cast_slice(&targets))?, count: targets.len() })
    }
}

impl Resident for SlopesOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (targets, targets_count, count) = (&self.targets, int(self.count)?, x.len());
        launch!(on, "slopes", "slopes", blocks(count), x, targets, y, targets_count, long(count))
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], _: &Slice, _: &Slice, dx: &Slice) -> Result<()> {
        launch!(on, "elements", "fill", blocks(dx.len()), dx, 0.0_f32, long(dx.len()))
    }
}
