//! From waves to colors on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

/// The most blocks that sum waves.
const BLOCKS: usize = 64;
/// The factor, the mean, the inverse variance and the matrix (`tone.cu`).
const SCALED: usize = 3 + 9;

/// σ(matrix · waves · factor), for each pixel of three planes.
pub(crate) struct ToneOnDevice {
    /// The matrix by rows, then the factor or the deviation, in 64 bits
    constants: Buffer,
    /// Whether the factor is what gives the waves a deviation
    deviates: bool,
}

impl ToneOnDevice {
    /// Takes the matrix, and what waves are multiplied by: `number`, or the factor that gives them this deviation.
    ///
    /// # Errors
    /// If there is not enough memory left.
    pub fn new(matrix: [[f64; 3]; 3], number: f64, deviates: bool, on: &dyn Accelerator) -> Result<Self> {
        let [first, second, third] = matrix;
        let constants = [&first[..], &second, &third, &[number]].concat();
        Ok(Self { constants: on.upload(bytemuck::cast_slice(&constants))?, deviates })
    }

    /// The matrix times the factor, and what it was made from.
    fn scaled(&self, on: &dyn Accelerator, waves: &Slice) -> Result<Buffer> {
        let (scaled, count) = (on.allocate(SCALED)?, long(waves.len()));
        if !self.deviates {
            // Without blocks, the third argument is only a placeholder.
            launch!(on, "tone", "tone_scale", [1, 1], &self.constants, &self.constants, &scaled, 0_i32, count)?;
            return Ok(scaled);
        }
        let parts = blocks(waves.len())[0].min(BLOCKS);
        let partial = on.allocate(2 * 2 * parts)?;
        launch!(on, "tone", "tone_moments", [parts, 1], waves, &partial, count)?;
        launch!(on, "tone", "tone_scale", [1, 1], &self.constants, &partial, &scaled, int(parts)?, count)?;
        Ok(scaled)
    }
}

impl Resident for ToneOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (scaled, area) = (self.scaled(on, x)?, x.len() / 3);
        launch!(on, "tone", "tone_forward", blocks(area), x, &scaled, y, long(area))
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (scaled, area, count) = (self.scaled(on, x)?, x.len() / 3, long(x.len()));
        let grid = blocks(area);
        let along = on.allocate(2 * grid[0])?;
        launch!(on, "tone", "tone_backward", grid, x, &scaled, dy, dx, &along, long(area))?;
        if !self.deviates {
            return Ok(());
        }
        let slope = on.allocate(1)?;
        launch!(on, "tone", "tone_slope", [1, 1], &along, &scaled, &slope, long(grid[0]), count)?;
        launch!(on, "tone", "tone_center", blocks(x.len()), x, &scaled, &slope, dx, count)
    }
}
