//! A sparse matrix applied to each channel on a device, with its transpose for the backward pass.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, blocks_of_rows, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

/// A sparse matrix by rows: row r has the entries from `starts[r]` to `starts[r + 1]`.
pub(crate) struct SparseRows {
    starts: Buffer,
    places: Buffer,
    shares: Buffer,
}

impl SparseRows {
    /// Creates the matrix from starts, one more than there are rows, and the entries' columns and values.
    pub fn new(starts: &[u32], places: &[u32], shares: &[f32], on: &dyn Accelerator) -> Result<Self> {
        let (starts, places) = (on.upload(bytemuck::cast_slice(starts))?, on.upload(bytemuck::cast_slice(places))?);
        Ok(Self { starts, places, shares: on.upload(bytemuck::cast_slice(shares))? })
    }

    fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    fn multiply(&self, on: &dyn Accelerator, columns: usize, input: &Slice, output: &Slice) -> Result<()> {
        let Self { starts, places, shares } = self;
        let grid = blocks_of_rows(output.len() / self.rows(), self.rows());
        let (rows, columns) = (int(self.rows())?, int(columns)?);
        launch!(on, "sparse", "sparse_rows", grid, input, starts, places, shares, output, rows, columns)
    }
}

/// A sparse matrix and its transpose.
pub(crate) struct SparseOnDevice {
    /// From input to output
    pub forward: SparseRows,
    /// From the output's gradient to the input's
    pub backward: SparseRows,
}

impl Resident for SparseOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        self.forward.multiply(on, self.backward.rows(), x, y)
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        self.backward.multiply(on, self.forward.rows(), dy, dx)
    }
}
