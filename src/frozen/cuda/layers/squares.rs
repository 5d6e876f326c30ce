//! Sums of squares on a device.

use candle_core::Result;

use crate::frozen::SquareSum;
use crate::frozen::cuda::accelerator::{Buffer, blocks, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

pub(crate) struct SquareSumOnDevice {
    /// The numbers that differences are from, if any
    from: Option<Buffer>,
    factor: f32,
}

impl SquareSumOnDevice {
    pub fn new(layer: &SquareSum, on: &dyn Accelerator) -> Result<Self> {
        let from = (!layer.from.is_empty()).then(|| on.upload(bytemuck::cast_slice(&layer.from))).transpose()?;
        Ok(Self { from, factor: layer.factor })
    }

    /// The numbers that differences are from, and whether they are real or only a placeholder.
    fn from<'a>(&'a self, x: &'a Slice) -> (&'a Slice, bool) {
        self.from.as_ref().map_or((x, false), |from| (from, true))
    }
}

impl Resident for SquareSumOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let ((from, has_from), count) = (self.from(x), long(x.len()));
        launch!(on, "squares", "square_sum_forward", [1, 1], x, from, y, has_from, self.factor, count)
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let ((from, has_from), count) = (self.from(x), long(x.len()));
        let grid = blocks(x.len());
        launch!(on, "squares", "square_sum_backward", grid, x, from, dy, dx, has_from, self.factor, count)
    }
}
