//! The map from cells to pixels: a sparse matrix, and its transpose for the gradient.

use std::sync::Arc;

use candle_core::{Error, Result};
use rayon::prelude::*;

use super::coverage::Coverage;
use crate::frozen::cuda::Accelerator;
use crate::frozen::cuda::layers::{SparseOnDevice, SparseRows};
use crate::frozen::{Layer, on_gpu};
use crate::picture::Size;

/// A sparse matrix by rows: row i has the entries `starts[i]..starts[i + 1]`. Clones share them.
#[derive(Clone)]
struct Rows {
    starts: Arc<Vec<u32>>,
    places: Arc<Vec<u32>>,
    shares: Arc<Vec<f32>>,
}

impl Rows {
    fn new(rows: &[Vec<(u32, f32)>]) -> Self {
        let mut starts = vec![0];
        let (mut places, mut shares) = (Vec::new(), Vec::new());
        for row in rows {
            places.extend(row.iter().map(|(place, _)| *place));
            shares.extend(row.iter().map(|(_, share)| *share));
            starts.push(u32::try_from(places.len()).unwrap_or(u32::MAX));
        }
        Self { starts: starts.into(), places: places.into(), shares: shares.into() }
    }

    /// The transposed matrix, which has `rows` rows.
    fn transposed(&self, rows: usize) -> Self {
        let mut starts = vec![0_u32; rows + 1];
        for place in self.places.iter() {
            starts[*place as usize + 1] += 1;
        }
        for index in 0..rows {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let (mut places, mut shares) = (vec![0; self.places.len()], vec![0.0; self.places.len()]);
        for row in 0..self.starts.len() - 1 {
            for entry in self.entries(row) {
                let at = &mut next[self.places[entry] as usize];
                places[*at as usize] = u32::try_from(row).unwrap_or(u32::MAX);
                shares[*at as usize] = self.shares[entry];
                *at += 1;
            }
        }
        Self { starts: starts.into(), places: places.into(), shares: shares.into() }
    }

    fn entries(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }

    fn on_device(&self, on: &dyn Accelerator) -> Result<SparseRows> {
        SparseRows::new(&self.starts, &self.places, &self.shares, on)
    }

    /// Multiplies the matrix by each of the columns that follow one another in `input`.
    fn multiply(&self, input: &[f32], output: &mut [f32]) {
        /// About how many entries a task has
        const TASK: usize = 1 << 14;
        let rows = self.starts.len() - 1;
        let task_rows = (TASK * rows / self.places.len().max(1)).max(1);
        let columns = output.len() / rows;
        let columns = output.par_chunks_mut(rows).zip(input.par_chunks(input.len() / columns));
        columns.for_each(|(output, input)| {
            output.par_chunks_mut(task_rows).enumerate().for_each(|(task, output)| {
                for (offset, value) in output.iter_mut().enumerate() {
                    let entries = self.entries(task * task_rows + offset);
                    let pairs = self.places[entries.clone()].iter().zip(&self.shares[entries]);
                    *value = pairs.map(|(place, share)| share * input[*place as usize]).sum();
                }
            });
        });
    }
}

/// Maps cells `[1, channels, rows, columns]` to pixels `[1, channels, height, width]`: each pixel is the mean of the
/// cells in it, weighted by the area that they cover. Clones share the map.
#[derive(Clone)]
pub(super) struct Mosaic {
    lattice: Size,
    picture: Size,
    to_pixels: Rows,
    to_cells: Rows,
}

impl Mosaic {
    pub(super) fn new(lattice: Size, picture: Size, coverage: &Coverage) -> Self {
        let to_cells = Rows::new(&coverage.of_cells);
        let to_pixels = to_cells.transposed(picture.width * picture.height);
        Self { lattice, picture, to_pixels, to_cells }
    }

    /// The mean color of the pixels of each cell in a picture `[channels, height, width]`; gray for cells outside it.
    pub(super) fn means(&self, picture: &[f32]) -> Vec<f32> {
        let cells = self.lattice.width * self.lattice.height;
        let mut means = vec![0.0; picture.len() / (self.picture.width * self.picture.height) * cells];
        self.to_cells.multiply(picture, &mut means);
        for (index, mean) in means.iter_mut().enumerate() {
            let area: f32 = self.to_cells.shares[self.to_cells.entries(index % cells)].iter().sum();
            *mean = if area > 0.0 { *mean / area } else { 0.5 };
        }
        means
    }
}

impl Layer for Mosaic {
    fn name(&self) -> &'static str {
        "mosaic"
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>> {
        if shape.len() == 4 && shape[0] == 1 && shape[2..] == [self.lattice.height, self.lattice.width] {
            return Ok(vec![1, shape[1], self.picture.height, self.picture.width]);
        }
        let Size { width, height } = self.lattice;
        Err(Error::Msg(format!("a mosaic takes [1, channels, {height}, {width}], not {shape:?}")))
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        self.to_pixels.multiply(input, output);
    }

    fn backward(&self, _: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        self.to_cells.multiply(output_gradient, input_gradient);
    }

    on_gpu!(|layer, on| SparseOnDevice {
        forward: layer.to_pixels.on_device(on)?,
        backward: layer.to_cells.on_device(on)?,
    });
}
