//! The loss that keeps details: the mean difference between neighboring pixels, below zero (`--sharp` in aphantasia's
//! `clip_fft.py`).

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::Layer;
use crate::picture::Size;

/// -weight · (mean |difference across| + mean |difference down|) of a picture `[1, 3, height, width]`: one number `[]`.
pub(super) struct Sharpness {
    size: Size,
    weight: f64,
}

impl Sharpness {
    pub(super) fn new(size: Size, weight: f64) -> Self {
        Self { size, weight }
    }

    /// The negative weight of each difference, across and down; 0 where there are no neighbors.
    #[allow(clippy::cast_precision_loss)]
    fn shares(&self) -> [f64; 2] {
        let Size { width, height } = self.size;
        let share = |pairs: usize| if pairs > 0 { -self.weight / (3 * pairs) as f64 } else { 0.0 };
        [share((width - 1) * height), share(width * (height - 1))]
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
        let Size { width, height } = self.size;
        let [across, down] = self.shares();
        let apart = |one: &[f32], other: &[f32]| -> f64 {
            one.iter().zip(other).map(|(one, other)| f64::from((one - other).abs())).sum()
        };
        let rows = input.par_chunks(width).enumerate().map(|(row, values)| {
            let next: &[f32] = if (row + 1) % height > 0 { &input[(row + 1) * width..][..width] } else { &[] };
            across * apart(values, &values[1..]) + down * apart(values, next)
        });
        // Gathered in order before they are summed.
        output[0] = rows.collect::<Vec<f64>>().into_iter().sum::<f64>() as f32;
    }

    #[allow(clippy::cast_possible_truncation)]
    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let Size { width, height } = self.size;
        let [across, down] = self.shares().map(|share| share as f32 * output_gradient[0]);
        // Equal neighbors have no direction.
        let sign = |value: f32| if value == 0.0 { 0.0 } else { value.signum() };
        input_gradient.par_chunks_mut(width).enumerate().for_each(|(row, gradient)| {
            let line = |row: usize| &input[row * width..][..width];
            let values = line(row);
            let above = (row % height > 0).then(|| line(row - 1));
            let below = ((row + 1) % height > 0).then(|| line(row + 1));
            for (column, gradient) in gradient.iter_mut().enumerate() {
                let from = |other: Option<f32>| other.map_or(0.0, |other| sign(values[column] - other));
                let beside =
                    from(column.checked_sub(1).map(|left| values[left])) + from(values.get(column + 1).copied());
                let over = from(above.map(|line| line[column])) + from(below.map(|line| line[column]));
                *gradient = across * beside + down * over;
            }
        });
    }
}
