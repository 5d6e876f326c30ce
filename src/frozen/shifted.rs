//! Convolutions of stride 1 as accumulating products over shifted views of a padded picture.
//!
//! With zeros around it, a picture of width w is a row of pixels in which the neighbour (dy, dx) of
//! every pixel stands at the same distance dy·w + dx. So each tap of the kernel is one product
//! `[outputs, inputs] · [inputs, pixels]` over a view of the padded picture, and the taps' products
//! add up in place; nothing is unfolded. The padded columns of the result are computed and dropped.
//! The gradient of the input is the same sum with the kernel turned by 180° and its matrices
//! transposed. Work runs over tiles of a few rows whose sums stay in the cache.
//! Memory: one padded copy of each picture in work, and a tile a thread.

use rayon::prelude::*;

use super::buffer::Buffer;
use super::convolution::{Convolution, Padding};
use super::disjoint::DisjointSlice;
use super::{Matrix, MatrixMut, Products, multiply};

/// Elements of a tile's sums: half a megabyte, which a core's second cache holds.
const TILE_ELEMENTS: usize = 1 << 17;

/// One direction of the convolution, as sums over taps.
struct Pass<'a> {
    kernels: &'a Convolution,
    /// The gradient's direction: taps in reverse, matrices transposed
    reversed: bool,
    bias: Option<&'a [f32]>,
    inputs: usize,
    outputs: usize,
    /// Height and width of what is read
    picture: (usize, usize),
    padding: Padding,
}

pub(super) fn forward(kernels: &Convolution, picture: (usize, usize), input: &[f32], output: &mut [f32]) {
    Pass {
        kernels,
        reversed: false,
        bias: Some(&kernels.bias),
        inputs: kernels.inputs,
        outputs: kernels.outputs,
        picture,
        padding: kernels.window.padding,
    }
    .run(input, output);
}

pub(super) fn backward(
    kernels: &Convolution,
    picture: (usize, usize),
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) {
    let Padding { top, bottom, left, right } = kernels.window.padding;
    let reach = kernels.window.side - 1;
    let (height, width) = (picture.0 + top + bottom - reach, picture.1 + left + right - reach);
    Pass {
        kernels,
        reversed: true,
        bias: None,
        inputs: kernels.outputs,
        outputs: kernels.inputs,
        picture: (height, width),
        // A padding wider than the kernel reaches does not occur in any model.
        padding: Padding {
            top: reach.saturating_sub(top),
            bottom: reach.saturating_sub(bottom),
            left: reach.saturating_sub(left),
            right: reach.saturating_sub(right),
        },
    }
    .run(output_gradient, input_gradient);
}

impl Pass<'_> {
    fn run(&self, input: &[f32], output: &mut [f32]) {
        let (height, width) = self.picture;
        let pictures = output.par_chunks_mut(self.outputs * self.output_height() * self.output_width());
        pictures
            .zip(input.par_chunks(self.inputs * height * width))
            .for_each(|(output, input)| self.picture(input, output));
    }

    fn padded_width(&self) -> usize {
        self.picture.1 + self.padding.left + self.padding.right
    }

    fn output_width(&self) -> usize {
        self.padded_width() + 1 - self.kernels.window.side
    }

    fn output_height(&self) -> usize {
        self.picture.0 + self.padding.top + self.padding.bottom + 1 - self.kernels.window.side
    }

    /// The picture with zeros around it, and one row more for the dropped columns of the last row.
    fn padded(&self, input: &[f32]) -> Buffer {
        let (height, width) = self.picture;
        let (padded_width, Padding { top, left, .. }) = (self.padded_width(), self.padding);
        let plane = self.plane();
        let mut padded = Buffer::any(self.inputs * plane);
        padded.par_chunks_mut(plane).zip(input.par_chunks(height * width)).for_each(|(padded, input)| {
            let (above, rest) = padded.split_at_mut(top * padded_width);
            let (rows, below) = rest.split_at_mut(height * padded_width);
            above.fill(0.0);
            below.fill(0.0);
            for (padded, row) in rows.chunks_mut(padded_width).zip(input.chunks(width)) {
                padded[..left].fill(0.0);
                padded[left..][..width].copy_from_slice(row);
                padded[left + width..].fill(0.0);
            }
        });
        padded
    }

    /// Elements of one padded channel.
    fn plane(&self) -> usize {
        let slack = usize::from(self.kernels.window.side > 1);
        (self.picture.0 + self.padding.top + self.padding.bottom + slack) * self.padded_width()
    }

    fn picture(&self, input: &[f32], output: &mut [f32]) {
        let copy;
        let padded = if self.kernels.window.side == 1 && self.padding == Padding::default() {
            input
        } else {
            copy = self.padded(input);
            &copy
        };
        let (height, width) = (self.output_height(), self.output_width());
        let rows = (TILE_ELEMENTS / (self.outputs * self.padded_width())).clamp(1, height);
        let output = DisjointSlice::new(output);
        (0..height.div_ceil(rows)).into_par_iter().for_each(|tile| {
            let first = tile * rows;
            let rows = rows.min(height - first);
            let sums = self.tile(padded, first, rows);
            for (channel, sums) in sums.chunks(rows * self.padded_width()).enumerate() {
                // SAFETY: tiles cover different rows of each channel.
                let output = unsafe { output.range((channel * height + first) * width, rows * width) };
                let bias = self.bias.map_or(0.0, |bias| bias[channel]);
                for (output, sums) in output.chunks_mut(width).zip(sums.chunks(self.padded_width())) {
                    for (y, sum) in output.iter_mut().zip(sums) {
                        *y = sum + bias;
                    }
                }
            }
        });
    }

    /// `[outputs, rows · padded width]`: the sums of `rows` rows from `first` on.
    fn tile(&self, padded: &[f32], first: usize, rows: usize) -> Buffer {
        let side = self.kernels.window.side;
        let (width, plane) = (self.padded_width(), self.plane());
        let pairs = self.inputs * self.outputs;
        let pixels = rows * width;
        let mut sums = Buffer::any(self.outputs * pixels);
        for tap in 0..side * side {
            let start = (first + tap / side) * width + tap % side;
            let kernel = if self.reversed {
                let kernel = &self.kernels.weight[(side * side - 1 - tap) * pairs..][..pairs];
                Matrix::dense(kernel, self.inputs, self.outputs).transposed()
            } else {
                Matrix::dense(&self.kernels.weight[tap * pairs..][..pairs], self.outputs, self.inputs)
            };
            multiply(
                &mut MatrixMut::dense(&mut sums, self.outputs, pixels),
                kernel,
                Matrix::new(&padded[start..], self.inputs, pixels, plane, 1),
                Products { accumulate: tap > 0, parallel: false, scale: 1.0 },
            );
        }
        sums
    }
}
