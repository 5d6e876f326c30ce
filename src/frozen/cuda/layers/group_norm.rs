//! Group normalization on a device.

use candle_core::Result;

use crate::frozen::GroupNorm;
use crate::frozen::cuda::accelerator::{Buffer, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

/// Elements of a group that one block sums (`group_norm.cu`).
const CHUNK: usize = 4096;

pub(crate) struct GroupNormOnDevice {
    scale: Buffer,
    shift: Buffer,
    channels: usize,
    groups: usize,
    epsilon: f32,
    silu: bool,
}

/// Sizes of one pass.
struct Sizes {
    /// The grid: chunks per group, and groups of the batch
    grid: [usize; 2],
    /// Elements of a group
    size: i32,
    /// Elements of a channel
    area: i32,
    groups: i32,
}

impl GroupNormOnDevice {
    #[allow(clippy::cast_possible_truncation)]
    pub fn new(layer: &GroupNorm, on: &dyn Accelerator) -> Result<Self> {
        Ok(Self {
            scale: on.upload(bytemuck::cast_slice(&layer.scale))?,
            shift: on.upload(bytemuck::cast_slice(&layer.shift))?,
            channels: layer.scale.len(),
            groups: layer.groups,
            epsilon: layer.epsilon as f32,
            silu: layer.silu,
        })
    }

    fn sizes(&self, shape: &[usize]) -> Result<Sizes> {
        let area = shape[2] * shape[3];
        let size = area * (self.channels / self.groups);
        let grid = [size.div_ceil(CHUNK), shape[0] * self.groups];
        Ok(Sizes { grid, size: int(size)?, area: int(area)?, groups: int(self.groups)? })
    }

    /// Sums of each chunk of the input.
    fn moments(on: &dyn Accelerator, sizes: &Sizes, input: &Slice) -> Result<Buffer> {
        let partial = on.allocate(2 * sizes.grid[0] * sizes.grid[1])?;
        launch!(on, "group_norm", "group_norm_moments", sizes.grid, input, &partial, sizes.size)?;
        Ok(partial)
    }
}

impl Resident for GroupNormOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let sizes = self.sizes(shape)?;
        let Sizes { grid, size, area, groups } = sizes;
        let partial = Self::moments(on, &sizes, x)?;
        let (scale, shift) = (&self.scale, &self.shift);
        launch!(
            on,
            "group_norm",
            "group_norm_forward",
            grid,
            x,
            &partial,
            scale,
            shift,
            y,
            size,
            area,
            groups,
            self.epsilon,
            self.silu,
        )
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let sizes = self.sizes(shape)?;
        let Sizes { grid, size, area, groups } = sizes;
        let partial = Self::moments(on, &sizes, x)?;
        let sums = on.allocate(partial.len())?;
        let (scale, shift) = (&self.scale, &self.shift);
        launch!(
            on,
            "group_norm",
            "group_norm_slopes",
            grid,
            x,
            dy,
            &partial,
            scale,
            shift,
            &sums,
            size,
            area,
            groups,
            self.epsilon,
            self.silu,
        )?;
        launch!(
            on,
            "group_norm",
            "group_norm_backward",
            grid,
            x,
            dy,
            &partial,
            &sums,
            scale,
            shift,
            dx,
            size,
            area,
            groups,
            self.epsilon,
            self.silu,
        )
    }
}
