//! A picture doubled by repeating its pixels and then convolved with 3x3 kernels, in one step.
//!
//! In a doubled picture two of three neighbouring pixels are the same, so each of the four positions of
//! a pixel's block is a 2x2 convolution of the small picture, whose kernels are sums of the 3x3 kernel's
//! taps: sixteen products a small pixel in place of thirty-six. Memory: two pictures of the small size.

use candle_core::Result;
use rayon::prelude::*;

use super::buffer::Buffer;
use super::{Convolution, Layer, Padding, Window, unexpected_shape};

/// `[batch, inputs, h, w]` to `[batch, outputs, 2h, 2w]`: [`super::Upsample`], then a convolution that
/// keeps the size.
#[derive(Clone, Debug)]
pub struct DoublingConvolution {
    /// For the upper and lower row of a block its left and right pixel
    positions: [[Convolution; 2]; 2],
    inputs: usize,
    outputs: usize,
}

/// Which taps of three fall on the first and on the second of two pixels, for either position in a block.
const GROUPS: [[&[usize]; 2]; 2] = [[&[0], &[1, 2]], [&[0, 1], &[2]]];

impl DoublingConvolution {
    /// From `weight` `[outputs, inputs, 3, 3]` and `bias` `[outputs]`.
    ///
    /// # Panics
    /// Where the lengths do not fit the dimensions.
    #[must_use]
    pub fn new(weight: &[f32], bias: &[f32], inputs: usize, outputs: usize) -> Self {
        assert!(weight.len() == 9 * inputs * outputs && bias.len() == outputs);
        let position = |row: usize, column: usize| {
            let mut sums = Vec::with_capacity(4 * inputs * outputs);
            for kernel in weight.chunks(9) {
                for rows in GROUPS[row] {
                    for columns in GROUPS[column] {
                        let taps = rows.iter().flat_map(|y| columns.iter().map(move |x| kernel[3 * y + x]));
                        sums.push(taps.sum());
                    }
                }
            }
            let padding = Padding { top: 1 - row, bottom: row, left: 1 - column, right: column };
            Convolution::new(sums, bias.to_vec(), inputs, outputs, Window { side: 2, stride: 1, padding })
        };
        Self { positions: [0, 1].map(|row| [0, 1].map(|column| position(row, column))), inputs, outputs }
    }
}

impl Layer for DoublingConvolution {
    fn name(&self) -> &'static str {
        "doubling convolution"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, channels, height, width] if channels == self.inputs && height * width > 0 => {
                Ok(vec![batch, self.outputs, 2 * height, 2 * width])
            }
            _ => unexpected_shape(
                "a doubling convolution",
                &format!("[batch, {}, height, width]", self.inputs),
                input_shape,
            ),
        }
    }

    /// Those of the 3x3 convolution it stands for.
    fn operations(&self, shape: &[usize]) -> u64 {
        (2 * 9 * 4 * self.outputs * shape.iter().product::<usize>()) as u64
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let width = shape[3];
        let size = shape[0] * self.outputs * shape[2] * width;
        for (row, positions) in self.positions.iter().enumerate() {
            let [left, right] = [0, 1].map(|column| {
                let mut pixels = Buffer::any(size);
                positions[column].forward(shape, input, &mut pixels);
                pixels
            });
            let pairs = left.par_chunks(width).zip(right.par_chunks(width));
            output.par_chunks_mut(4 * width).zip(pairs).for_each(|(rows, (left, right))| {
                let row = rows[2 * row * width..][..2 * width].chunks_exact_mut(2);
                for ((pair, left), right) in row.zip(left).zip(right) {
                    pair.copy_from_slice(&[*left, *right]);
                }
            });
        }
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let width = shape[3];
        let mut pixels = Buffer::any(shape[0] * self.outputs * shape[2] * width);
        let mut share = Buffer::any(input_gradient.len());
        for (row, positions) in self.positions.iter().enumerate() {
            for (column, position) in positions.iter().enumerate() {
                pixels.par_chunks_mut(width).zip(output_gradient.par_chunks(4 * width)).for_each(|(pixels, rows)| {
                    let pairs = rows[2 * row * width..][..2 * width].chunks_exact(2);
                    for (pixel, pair) in pixels.iter_mut().zip(pairs) {
                        *pixel = pair[column];
                    }
                });
                if (row, column) == (0, 0) {
                    position.backward(shape, &[], &pixels, input_gradient);
                    continue;
                }
                position.backward(shape, &[], &pixels, &mut share);
                input_gradient.par_chunks_mut(width).zip(share.par_chunks(width)).for_each(|(dx, share)| {
                    for (dx, share) in dx.iter_mut().zip(share) {
                        *dx += share;
                    }
                });
            }
        }
    }
}
