//! The loss that keeps details: the mean difference between neighboring pixels, below zero (`--sharp` in aphantasia's
//! `clip_fft.py`).

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::cuda::layers::SharpnessOnDevice;
use crate::frozen::{Layer, on_gpu};
use crate::picture::{Size, Tile};

/// -weight · (mean |difference across| + mean |difference down|) of a picture `[1, 3, height, width]`: one number `[]`.
pub(super) struct Sharpness {
    size: Size,
    tile: Option<Tile>,
    weight: f64,
}

impl Sharpness {
    /// The loss of a picture, whose pixels at the edges are neighbors of its copies if it is tiled.
    pub(super) fn new(size: Size, tile: Option<Tile>, weight: f64) -> Self {
        Self { size, tile, weight }
    }

    /// The negative weight of each difference, across and down; 0 where there are no neighbors.
    #[allow(clippy::cast_precision_loss)]
    fn shares(&self) -> [f64; 2] {
        let Size { width, height } = self.size;
        let share = |pairs: usize| if pairs > 0 { -self.weight / (3 * pairs) as f64 } else { 0.0 };
        let last = |wraps: fn(Tile) -> bool| usize::from(!self.tile.is_some_and(wraps));
        [share((width - last(Tile::wraps_across)) * height), share(width * (height - last(Tile::wraps_down)))]
    }

    /// [`Self::shares`] in 32 bits.
    #[allow(clippy::cast_possible_truncation)]
    fn weights(&self) -> [f32; 2] {
        self.shares().map(|share| share as f32)
    }

    /// The row below a row of one of the planes, if it has one.
    fn below(&self, row: usize) -> Option<usize> {
        let height = self.size.height;
        if !(row + 1).is_multiple_of(height) {
            return Some(row + 1);
        }
        self.tile.is_some_and(Tile::wraps_down).then_some(row + 1 - height)
    }

    /// The row above a row of one of the planes, if it has one.
    fn above(&self, row: usize) -> Option<usize> {
        let height = self.size.height;
        if !row.is_multiple_of(height) {
            return Some(row - 1);
        }
        self.tile.is_some_and(Tile::wraps_down).then_some(row + height - 1)
    }

    /// The rows of the pixels on the right of the last one and on the left of the first one of a row, if there are any.
    fn beside(&self, row: usize) -> Option<[usize; 2]> {
        let tile = self.tile.filter(|tile| tile.wraps_across())?;
        let height = self.size.height;
        let (first, line, drop) = (row / height * height, row % height, tile.drop_of(height));
        Some([first + (line + drop) % height, first + (line + height - drop) % height])
    }
}

impl Layer for Sharpness {
    fn name(&self) -> &'static str {
        "sharpness"
    }

    fn output_shape(&self, _: &[usize]) -> Result<Vec<usize>> {
        Ok(Vec::new())
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        true
    }

    #[allow(clippy::cast_possible_truncation)]
    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        let width = self.size.width;
        let [across, down] = self.shares();
        let apart = |one: &[f32], other: &[f32]| -> f64 {
            one.iter().zip(other).map(|(one, other)| f64::from((one - other).abs())).sum()
        };
        let rows = input.par_chunks(width).enumerate().map(|(row, values)| {
            let next: &[f32] = self.below(row).map_or(&[][..], |below| &input[below * width..][..width]);
            let beside =
                self.beside(row).map_or(0.0, |[right, _]| apart(&values[width - 1..], &input[right * width..]));
            across * (apart(values, &values[1..]) + beside) + down * apart(values, next)
        });
        // Gathered in order before they are summed.
        output[0] = rows.collect::<Vec<f64>>().into_iter().sum::<f64>() as f32;
    }

    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let width = self.size.width;
        let [across, down] = self.weights().map(|weight| weight * output_gradient[0]);
        // Equal neighbors have no direction.
        let sign = |value: f32| if value == 0.0 { 0.0 } else { value.signum() };
        input_gradient.par_chunks_mut(width).enumerate().for_each(|(row, gradient)| {
            let line = |row: usize| &input[row * width..][..width];
            let values = line(row);
            let (above, below) = (self.above(row).map(line), self.below(row).map(line));
            let [right, left] = match self.beside(row) {
                Some([right, left]) => [Some(line(right)[0]), Some(line(left)[width - 1])],
                None => [None, None],
            };
            for (column, gradient) in gradient.iter_mut().enumerate() {
                let from = |other: Option<f32>| other.map_or(0.0, |other| sign(values[column] - other));
                let before = column.checked_sub(1).map(|left| values[left]).or(left);
                let after = values.get(column + 1).copied().or(right);
                let over = from(above.map(|line| line[column])) + from(below.map(|line| line[column]));
                *gradient = across * (from(before) + from(after)) + down * over;
            }
        });
    }

    on_gpu!(|layer, _on| SharpnessOnDevice { size: layer.size, tile: layer.tile, weights: layer.weights() });
}
