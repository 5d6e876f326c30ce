//! Convolutions of stride 1 as accumulating products over shifted views of a padded picture.
//!
//! With zeros around it, a picture of width w is a row of pixels in which the neighbor (dy, dx) of
//! every pixel is at the same distance dy·w + dx. So each tap of the kernel is one product
//! `[outputs, inputs] · [inputs, pixels]` over a view of the padded picture, and the taps' products
//! add up in place; nothing is unfolded. The padded columns of the result are computed and dropped.
//! The gradient of the input is the same sum with the kernel turned by 180° and its matrices
//! transposed. Work runs over tiles of a few rows whose sums stay in the cache.
//! Similar to the sums of products in Anderson et al., Low-memory GEMM-based convolution algorithms for deep neural
//! networks, 2017.
//! Memory: a padded copy of each picture being processed, and one tile per thread.

use std::ops::Range;

use rayon::prelude::*;

use super::disjoint::DisjointSlice;
use crate::frozen::layers::convolution::{Convolution, Padding};
use crate::frozen::network::buffer::Buffer;
use crate::frozen::{Matrix, MatrixMut, Products, multiply};

/// Elements of a tile's sums: half a megabyte, which fits into a core's second-level cache.
const TILE_ELEMENTS: usize = 1 << 17;
/// A multiple of tiles that divides evenly among the cores of most machines.
const EVEN: usize = 4;
/// Channels of a block are a multiple of this.
const BLOCK_CHANNELS: usize = 16;

/// One direction of the convolution, as sums over taps.
struct Pass<'a> {
    kernels: &'a Convolution,
    /// Whether this is the gradient's direction: taps reversed, matrices transposed
    reversed: bool,
    bias: Option<&'a [f32]>,
    inputs: usize,
    outputs: usize,
    /// Height and width of the input
    picture: (usize, usize),
    padding: Padding,
}

pub(in crate::frozen) fn forward(kernels: &Convolution, picture: (usize, usize), input: &[f32], output: &mut [f32]) {
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

pub(in crate::frozen) fn backward(
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
        // No model has a padding wider than the kernel's reach.
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

    /// The picture with zeros around it, and one more row for the dropped columns of the last row.
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
        let tiles = Tiles::new(self.outputs, height, self.padded_width());
        let output = DisjointSlice::new(output);
        (0..tiles.count()).into_par_iter().for_each(|index| {
            let tile = tiles.tile(index);
            let sums = self.tile(padded, &tile);
            for (channel, sums) in tile.channels.clone().zip(sums.chunks(tile.rows.len() * self.padded_width())) {
                // SAFETY: tiles cover different rows or different channels.
                let output =
                    unsafe { output.range((channel * height + tile.rows.start) * width, tile.rows.len() * width) };
                let bias = self.bias.map_or(0.0, |bias| bias[channel]);
                for (output, sums) in output.chunks_mut(width).zip(sums.chunks(self.padded_width())) {
                    for (y, sum) in output.iter_mut().zip(sums) {
                        *y = sum + bias;
                    }
                }
            }
        });
    }

    /// `[channels, rows · padded width]`: the sums of a tile.
    fn tile(&self, padded: &[f32], tile: &Tile) -> Buffer {
        let side = self.kernels.window.side;
        let (width, plane) = (self.padded_width(), self.plane());
        let pairs = self.inputs * self.outputs;
        let (channels, pixels) = (tile.channels.len(), tile.rows.len() * width);
        let mut sums = Buffer::any(channels * pixels);
        for tap in 0..side * side {
            let start = (tile.rows.start + tap / side) * width + tap % side;
            let kernel = if self.reversed {
                let kernel = &self.kernels.weight[(side * side - 1 - tap) * pairs..][..pairs];
                Matrix::new(&kernel[tile.channels.start..], channels, self.inputs, 1, self.outputs)
            } else {
                let kernel = &self.kernels.weight[tap * pairs..][..pairs];
                Matrix::dense(&kernel[tile.channels.start * self.inputs..], channels, self.inputs)
            };
            multiply(
                &mut MatrixMut::dense(&mut sums, channels, pixels),
                kernel,
                Matrix::new(&padded[start..], self.inputs, pixels, plane, 1),
                Products { accumulate: tap > 0, parallel: false, scale: 1.0 },
            );
        }
        sums
    }
}

/// How a result is cut: into bands of rows and, if these are few, also into blocks of channels. This
/// depends only on the shape.
struct Tiles {
    channels: usize,
    height: usize,
    block: usize,
    rows: usize,
}

/// Rows of some channels.
struct Tile {
    channels: Range<usize>,
    rows: Range<usize>,
}

impl Tiles {
    fn new(channels: usize, height: usize, width: usize) -> Self {
        let most = (TILE_ELEMENTS / (channels * width)).clamp(1, height);
        // Bands of equal size whose number divides evenly among cores.
        let bands = height.div_ceil(most);
        let bands = if bands < EVEN { bands } else { bands.next_multiple_of(EVEN).min(height) };
        let blocks = if bands < EVEN { EVEN.div_ceil(bands) } else { 1 };
        let block = channels.div_ceil(blocks).next_multiple_of(BLOCK_CHANNELS).min(channels);
        Self { channels, height, block, rows: height.div_ceil(bands) }
    }

    fn bands(&self) -> usize {
        self.height.div_ceil(self.rows)
    }

    fn count(&self) -> usize {
        self.bands() * self.channels.div_ceil(self.block)
    }

    fn tile(&self, index: usize) -> Tile {
        let part = |index: usize, size: usize, all: usize| index * size..((index + 1) * size).min(all);
        let (block, band) = (index / self.bands(), index % self.bands());
        Tile { channels: part(block, self.block, self.channels), rows: part(band, self.rows, self.height) }
    }
}
