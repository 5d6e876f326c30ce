//! A part of the plane that copies of a picture cover, and the middle of a picture. Together, they let a layer that sees
//! zeros around a picture see its copies instead.

use candle_core::Result;
use rayon::prelude::*;

use super::convolution::Padding;
use crate::frozen::{Layer, on_gpu, unexpected_shape};
use crate::picture::Tile;

/// How a layer sees beyond the edges of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rim {
    /// What its input needs around the picture for all pixels of the picture's output to see no zeros
    pub wider: Padding,
    /// What its output then has around that of the picture
    pub cut: Padding,
}

/// `[batch, channels, height, width]` to the same with more rows and columns: a part of the plane of copies of each picture.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    pub(in crate::frozen) tile: Tile,
    /// Columns and rows before the first pixel of a picture
    pub(in crate::frozen) before: (usize, usize),
    /// Columns and rows that are added
    pub(in crate::frozen) added: (usize, usize),
}

impl Repeat {
    /// Pictures with copies of their pixels around them, at the edges that continue each other.
    #[must_use]
    pub fn around(tile: Tile, wider: Padding) -> Self {
        let (across, down) = (wider.left + wider.right, wider.top + wider.bottom);
        Self::of(tile, (wider.left, wider.top), (across, down))
    }

    /// Pictures that move by so many columns to the right and rows down; what leaves at an edge enters at the opposite one.
    /// Edges that do not continue each other stay where they are.
    #[must_use]
    pub fn moved(tile: Tile, by: (usize, usize)) -> Self {
        Self::of(tile, by, (0, 0))
    }

    fn of(tile: Tile, before: (usize, usize), added: (usize, usize)) -> Self {
        let only = |(across, down): (usize, usize)| {
            (if tile.wraps_across() { across } else { 0 }, if tile.wraps_down() { down } else { 0 })
        };
        Self { tile, before: only(before), added: only(added) }
    }

    /// Calls `each(start in the part, start in the picture, length)` for every row of every copy, row by row.
    fn for_each_run(&self, (height, width): (usize, usize), mut each: impl FnMut(usize, usize, usize)) {
        let (rows, columns) = (height + self.added.1, width + self.added.0);
        let (signed_height, signed_width) = (height.cast_signed(), width.cast_signed());
        let drop = self.tile.drop_of(height).cast_signed();
        for row in 0..rows {
            let mut column = 0;
            while column < columns {
                let x = column.cast_signed() - self.before.0.cast_signed();
                let y = row.cast_signed() - self.before.1.cast_signed() + x.div_euclid(signed_width) * drop;
                let (x, y) = (x.rem_euclid(signed_width).cast_unsigned(), y.rem_euclid(signed_height).cast_unsigned());
                let length = (width - x).min(columns - column);
                each(row * columns + column, y * width + x, length);
                column += length;
            }
        }
    }
}

impl Layer for Repeat {
    fn name(&self) -> &'static str {
        "repeat"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, channels, height, width] if height * width > 0 => {
                Ok(vec![batch, channels, height + self.added.1, width + self.added.0])
            }
            _ => unexpected_shape("repeat", "[batch, channels, height, width]", input_shape),
        }
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let size = (shape[2], shape[3]);
        let area = (size.0 + self.added.1) * (size.1 + self.added.0);
        output.par_chunks_mut(area).zip(input.par_chunks(size.0 * size.1)).for_each(|(output, input)| {
            self.for_each_run(size, |to, from, length| {
                output[to..to + length].copy_from_slice(&input[from..from + length]);
            });
        });
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let size = (shape[2], shape[3]);
        let area = (size.0 + self.added.1) * (size.1 + self.added.0);
        input_gradient.par_chunks_mut(size.0 * size.1).zip(output_gradient.par_chunks(area)).for_each(|(dx, dy)| {
            dx.fill(0.0);
            self.for_each_run(size, |from, to, length| {
                for (sum, term) in dx[to..to + length].iter_mut().zip(&dy[from..from + length]) {
                    *sum += term;
                }
            });
        });
    }

    on_gpu!(|layer, _on| *layer);
}

/// `[batch, channels, height, width]` without its outer rows and columns.
#[derive(Clone, Copy, Debug)]
pub struct Middle {
    /// What is left out
    pub(in crate::frozen) cut: Padding,
}

impl Middle {
    /// The middle of pictures that [`Repeat::around`] made wider, after a layer.
    #[must_use]
    pub fn of(tile: Tile, cut: Padding) -> Self {
        let Padding { top, bottom, left, right } = cut;
        let (left, right) = if tile.wraps_across() { (left, right) } else { (0, 0) };
        let (top, bottom) = if tile.wraps_down() { (top, bottom) } else { (0, 0) };
        Self { cut: Padding { top, bottom, left, right } }
    }
}

impl Layer for Middle {
    fn name(&self) -> &'static str {
        "middle"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        let Padding { top, bottom, left, right } = self.cut;
        if let [batch, channels, height, width] = *input_shape
            && height > top + bottom
            && width > left + right
        {
            return Ok(vec![batch, channels, height - top - bottom, width - left - right]);
        }
        let expected = format!("[batch, channels, more than {}, more than {}]", top + bottom, left + right);
        unexpected_shape("middle", &expected, input_shape)
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let (height, width) = (shape[2], shape[3]);
        let Padding { top, bottom, left, right } = self.cut;
        let (rows, columns) = (height - top - bottom, width - left - right);
        output.par_chunks_mut(rows * columns).zip(input.par_chunks(height * width)).for_each(|(output, input)| {
            for (output, row) in output.chunks_mut(columns).zip(input[top * width..].chunks(width)) {
                output.copy_from_slice(&row[left..left + columns]);
            }
        });
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let (height, width) = (shape[2], shape[3]);
        let Padding { top, bottom, left, right } = self.cut;
        let (rows, columns) = (height - top - bottom, width - left - right);
        let planes = input_gradient.par_chunks_mut(height * width).zip(output_gradient.par_chunks(rows * columns));
        planes.for_each(|(dx, dy)| {
            dx.fill(0.0);
            for (dx, dy) in dx[top * width..].chunks_mut(width).zip(dy.chunks(columns)) {
                dx[left..left + columns].copy_from_slice(dy);
            }
        });
    }

    on_gpu!(|layer, _on| *layer);
}
