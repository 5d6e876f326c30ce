//! The spherical distance on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

pub(crate) struct SphericalDistanceOnDevice {
    units: Buffer,
    count: usize,
    length: usize,
}

impl SphericalDistanceOnDevice {
    /// Creates the layer from unit vectors `[count, length]`.
    pub fn new(units: &[f32], count: usize, length: usize, on: &dyn Accelerator) -> Result<Self> {
        Ok(Self { units: on.upload(bytemuck::cast_slice(units))?, count, length })
    }
}

impl Resident for SphericalDistanceOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (units, length) = (&self.units, int(self.length)?);
        launch!(on, "distance", "spherical_distance_forward", [self.count, shape[0]], x, units, y, length)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (units, count, length) = (&self.units, int(self.count)?, int(self.length)?);
        launch!(on, "distance", "spherical_distance_backward", [shape[0], 1], x, units, dy, dx, count, length)
    }
}
