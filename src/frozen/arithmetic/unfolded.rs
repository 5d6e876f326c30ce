//! Convolutions with a stride as products over unfolded pictures (im2col; Chellapilla et al., High performance
//! convolutional neural networks for document processing, 2006).
//!
//! For a few rows of the output at a time, the input of each kernel position is written out as a
//! matrix `[inputs · side², positions]`; one product with the kernels gives the output. Backwards, the
//! product gives the gradient of that matrix, whose elements are added to their original pixels.
//! Memory: one unfolded tile per thread.

use rayon::prelude::*;

use super::disjoint::DisjointSlice;
use crate::frozen::layers::convolution::Convolution;
use crate::frozen::{Matrix, MatrixMut, Products, multiply};

/// Elements of an unfolded tile: a megabyte.
const TILE_ELEMENTS: usize = 1 << 18;

/// Sizes shared by both directions.
struct Sizes {
    picture: (usize, usize),
    output: (usize, usize),
    /// Rows of the unfolded matrix
    depth: usize,
    /// Output rows of a tile
    rows: usize,
}

impl Sizes {
    fn new(kernels: &Convolution, picture: (usize, usize)) -> Self {
        let output = kernels.window.output_size(picture.0, picture.1).unwrap_or((0, 0));
        let depth = kernels.inputs * kernels.window.side * kernels.window.side;
        let rows = (TILE_ELEMENTS / (depth * output.1)).clamp(1, output.0);
        Self { picture, output, depth, rows }
    }

    /// First row and number of rows of each tile.
    fn tiles(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (rows, height) = (self.rows, self.output.0);
        (0..height).step_by(rows).map(move |first| (first, rows.min(height - first)))
    }
}

pub(in crate::frozen) fn forward(kernels: &Convolution, picture: (usize, usize), input: &[f32], output: &mut [f32]) {
    let sizes = Sizes::new(kernels, picture);
    let (height, width) = sizes.output;
    let pictures = output.par_chunks_mut(kernels.outputs * height * width);
    pictures.zip(input.par_chunks(kernels.inputs * picture.0 * picture.1)).for_each(|(output, input)| {
        let output = DisjointSlice::new(output);
        sizes.tiles().par_bridge().for_each(|(first, rows)| {
            let positions = rows * width;
            let mut unfolded = vec![0.0; sizes.depth * positions];
            for_each_pixel(kernels, &sizes, first, rows, |cell, pixel| unfolded[cell] = input[pixel]);
            let mut sums = vec![0.0; kernels.outputs * positions];
            multiply(
                &mut MatrixMut::dense(&mut sums, kernels.outputs, positions),
                Matrix::dense(&kernels.weight, kernels.outputs, sizes.depth),
                Matrix::dense(&unfolded, sizes.depth, positions),
                Products { accumulate: false, parallel: false, scale: 1.0 },
            );
            for (channel, sums) in sums.chunks(positions).enumerate() {
                // SAFETY: tiles cover different rows of each channel.
                let output = unsafe { output.range((channel * height + first) * width, positions) };
                for (y, sum) in output.iter_mut().zip(sums) {
                    *y = sum + kernels.bias[channel];
                }
            }
        });
    });
}

pub(in crate::frozen) fn backward(
    kernels: &Convolution,
    picture: (usize, usize),
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) {
    let sizes = Sizes::new(kernels, picture);
    let (height, width) = sizes.output;
    let pictures = input_gradient.par_chunks_mut(kernels.inputs * picture.0 * picture.1);
    pictures.zip(output_gradient.par_chunks(kernels.outputs * height * width)).for_each(|(dx, dy)| {
        // Neighboring tiles add to the same pixels, so they run one after the other.
        for (first, rows) in sizes.tiles() {
            let positions = rows * width;
            let mut unfolded = vec![0.0; sizes.depth * positions];
            multiply(
                &mut MatrixMut::dense(&mut unfolded, sizes.depth, positions),
                Matrix::dense(&kernels.weight, kernels.outputs, sizes.depth).transposed(),
                Matrix::new(&dy[first * width..], kernels.outputs, positions, height * width, 1),
                Products { accumulate: false, parallel: false, scale: 1.0 },
            );
            for_each_pixel(kernels, &sizes, first, rows, |cell, pixel| dx[pixel] += unfolded[cell]);
        }
    });
}

/// Calls `visit(index in the unfolded tile, index in the picture)` for each pair inside the picture.
fn for_each_pixel(
    kernels: &Convolution,
    sizes: &Sizes,
    first: usize,
    rows: usize,
    mut visit: impl FnMut(usize, usize),
) {
    let window = kernels.window;
    let ((height, width), output_width) = (sizes.picture, sizes.output.1);
    for channel in 0..kernels.inputs {
        for tap in 0..window.side * window.side {
            let (tap_y, tap_x) = (tap / window.side, tap % window.side);
            let depth = channel * window.side * window.side + tap;
            for row in 0..rows {
                let y = (first + row) * window.stride + tap_y;
                if y < window.padding.top || y - window.padding.top >= height {
                    continue;
                }
                let line = (channel * height + y - window.padding.top) * width;
                let cells = (depth * rows + row) * output_width;
                for column in 0..output_width {
                    let x = column * window.stride + tap_x;
                    if x >= window.padding.left && x - window.padding.left < width {
                        visit(cells + column, line + x - window.padding.left);
                    }
                }
            }
        }
    }
}
