//! Pooling: averages over squares, and mean and maximum over whole pictures.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::{Layer, on_gpu, unexpected_shape};

/// The average of each `side` x `side` square of `[batch, channels, height, width]`; leftovers at the
/// right and lower edge are dropped, like in PyTorch.
#[derive(Clone, Copy, Debug)]
pub struct AveragePool {
    /// Side of the squares, in pixels
    pub side: usize,
}

/// Mean and maximum of each channel: `[batch, channels, height, width]` to `[batch, 2·channels]`,
/// the means first. Of several maxima, the first gets the gradient.
#[derive(Clone, Copy, Debug)]
pub struct MeanMaxPool;

impl Layer for AveragePool {
    fn name(&self) -> &'static str {
        "average pool"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, channels, height, width] if height >= self.side && width >= self.side => {
                Ok(vec![batch, channels, height / self.side, width / self.side])
            }
            _ => unexpected_shape("average pool", "[batch, channels, height, width]", input_shape),
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let (side, height, width) = (self.side, shape[2], shape[3]);
        let (rows, columns) = (height / side, width / side);
        let factor = 1.0 / (side * side) as f32;
        let channels = output.par_chunks_mut(rows * columns).zip(input.par_chunks(height * width));
        channels.for_each(|(output, input)| {
            for (index, y) in output.iter_mut().enumerate() {
                let corner = (index / columns) * side * width + (index % columns) * side;
                let square = (0..side).flat_map(|row| &input[corner + row * width..][..side]);
                *y = square.sum::<f32>() * factor;
            }
        });
    }

    fn needs_input(&self) -> bool {
        false
    }

    #[allow(clippy::cast_precision_loss)]
    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let (side, height, width) = (self.side, shape[2], shape[3]);
        let (rows, columns) = (height / side, width / side);
        let factor = 1.0 / (side * side) as f32;
        let channels = input_gradient.par_chunks_mut(height * width).zip(output_gradient.par_chunks(rows * columns));
        channels.for_each(|(dx, dy)| {
            for (row, dx) in dx.chunks_mut(width).enumerate().take(rows * side) {
                let dy = &dy[row / side * columns..][..columns];
                for (dx, dy) in dx.chunks_exact_mut(side).zip(dy) {
                    dx.fill(dy * factor);
                }
            }
        });
    }

    on_gpu!(|layer, _on| *layer);
}

impl Layer for MeanMaxPool {
    fn name(&self) -> &'static str {
        "mean and maximum"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, channels, height, width] if height * width > 0 => Ok(vec![batch, 2 * channels]),
            _ => unexpected_shape("mean and maximum", "[batch, channels, height, width]", input_shape),
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let (channels, area) = (shape[1], shape[2] * shape[3]);
        for (output, input) in output.chunks_mut(2 * channels).zip(input.chunks(channels * area)) {
            for (channel, values) in input.chunks(area).enumerate() {
                output[channel] = values.iter().sum::<f32>() / area as f32;
                output[channels + channel] = values[index_of_maximum(values)];
            }
        }
    }

    fn needs_input(&self) -> bool {
        true
    }

    #[allow(clippy::cast_precision_loss)]
    fn backward(&self, shape: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let (channels, area) = (shape[1], shape[2] * shape[3]);
        let pictures = input_gradient.chunks_mut(channels * area).zip(input.chunks(channels * area));
        for ((dx, x), dy) in pictures.zip(output_gradient.chunks(2 * channels)) {
            for (channel, (dx, x)) in dx.chunks_mut(area).zip(x.chunks(area)).enumerate() {
                dx.fill(dy[channel] / area as f32);
                dx[index_of_maximum(x)] += dy[channels + channel];
            }
        }
    }

    on_gpu!(|layer, _on| *layer);
}

/// The index of the largest value; of equals, the first.
fn index_of_maximum(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
