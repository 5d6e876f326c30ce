//! Conversion of pictures to sequences of tokens by copies and sums, for the vision transformer (Dosovitskiy et al.,
//! 2021) and CLIP's attention pool (Radford et al., 2021).

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::cuda::layers::{ClassTokenOnDevice, MeanTokenOnDevice};
use crate::frozen::{Layer, on_gpu, unexpected_shape};

/// Cuts `[batch, channels, height, width]` into squares: `[batch, squares, channels·side²]`, the
/// squares row by row, each with its channels outermost (the order of a convolution's kernel).
#[derive(Clone, Copy, Debug)]
pub struct Patches {
    /// Side of a square, in pixels
    pub side: usize,
}

/// Puts the class token before the others and adds the position embedding:
/// `[batch, tokens, width]` to `[batch, tokens + 1, width]`.
#[derive(Clone, Debug)]
pub struct ClassToken {
    pub(in crate::frozen) class: Vec<f32>,
    pub(in crate::frozen) positions: Vec<f32>,
}

/// Turns `[batch, channels, height, width]` into tokens, puts their mean before them and adds the
/// position embedding: `[batch, height·width + 1, channels]` (CLIP's attention pool).
#[derive(Clone, Debug)]
pub struct MeanToken {
    pub(in crate::frozen) positions: Vec<f32>,
    channels: usize,
}

/// The first token: `[batch, tokens, width]` to `[batch, width]`.
#[derive(Clone, Copy, Debug)]
pub struct FirstToken;

impl Patches {
    /// Calls `copy(start in the tokens, start in the picture)` for each run of `side` pixels.
    fn for_each_run(self, shape: &[usize], mut copy: impl FnMut(usize, usize)) {
        let (channels, height, width, side) = (shape[1], shape[2], shape[3], self.side);
        let columns = width / side;
        for channel in 0..channels {
            for y in 0..height {
                for column in 0..columns {
                    let square = y / side * columns + column;
                    let token = ((square * channels + channel) * side + y % side) * side;
                    copy(token, (channel * height + y) * width + column * side);
                }
            }
        }
    }
}

impl ClassToken {
    /// Creates the layer from the class token's embedding `[width]` and the positions' `[tokens + 1, width]`.
    #[must_use]
    pub fn new(class: Vec<f32>, positions: Vec<f32>) -> Self {
        Self { class, positions }
    }
}

impl MeanToken {
    /// Creates the layer from the positions' embedding `[tokens + 1, channels]`.
    #[must_use]
    pub fn new(positions: Vec<f32>, channels: usize) -> Self {
        Self { positions, channels }
    }
}

impl Layer for Patches {
    fn name(&self) -> &'static str {
        "patches"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        let side = self.side;
        match *input_shape {
            [batch, channels, height, width] if height.is_multiple_of(side) && width.is_multiple_of(side) => {
                Ok(vec![batch, height / side * (width / side), channels * side * side])
            }
            _ => unexpected_shape("patches", &format!("sides that are multiples of {side}"), input_shape),
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let size = shape[1] * shape[2] * shape[3];
        output.par_chunks_mut(size).zip(input.par_chunks(size)).for_each(|(output, input)| {
            self.for_each_run(shape, |token, pixel| {
                output[token..][..self.side].copy_from_slice(&input[pixel..][..self.side]);
            });
        });
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let size = shape[1] * shape[2] * shape[3];
        input_gradient.par_chunks_mut(size).zip(output_gradient.par_chunks(size)).for_each(|(dx, dy)| {
            self.for_each_run(shape, |token, pixel| {
                dx[pixel..][..self.side].copy_from_slice(&dy[token..][..self.side]);
            });
        });
    }

    on_gpu!(|layer, _on| *layer);
}

impl Layer for ClassToken {
    fn name(&self) -> &'static str {
        "class token"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        let width = self.class.len();
        let tokens = self.positions.len() / width;
        match *input_shape {
            [batch, count, last] if last == width && count + 1 == tokens => Ok(vec![batch, tokens, width]),
            _ => unexpected_shape("class token", &format!("[batch, {}, {width}]", tokens - 1), input_shape),
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let width = shape[2];
        let pictures = output.chunks_mut(self.positions.len()).zip(input.chunks(shape[1] * width));
        for (output, input) in pictures {
            output.copy_from_slice(&self.positions);
            let tokens = self.class.iter().chain(input);
            for (y, x) in output.iter_mut().zip(tokens) {
                *y += x;
            }
        }
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let size = shape[1] * shape[2];
        for (dx, dy) in input_gradient.chunks_mut(size).zip(output_gradient.chunks(self.positions.len())) {
            dx.copy_from_slice(&dy[shape[2]..]);
        }
    }

    on_gpu!(|layer, on| ClassTokenOnDevice::new(layer, on)?);
}

impl Layer for MeanToken {
    fn name(&self) -> &'static str {
        "mean token"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        let channels = self.channels;
        let tokens = self.positions.len() / channels;
        match *input_shape {
            [batch, count, height, width] if count == channels && height * width + 1 == tokens => {
                Ok(vec![batch, tokens, channels])
            }
            _ => unexpected_shape(
                "the attention pool",
                &format!("{channels} channels of {} pixels", tokens - 1),
                input_shape,
            ),
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let (channels, area) = (shape[1], shape[2] * shape[3]);
        let pictures = output.chunks_mut(self.positions.len()).zip(input.chunks(channels * area));
        for (output, input) in pictures {
            output.copy_from_slice(&self.positions);
            for (channel, values) in input.chunks(area).enumerate() {
                output[channel] += values.iter().sum::<f32>() / area as f32;
                for (pixel, x) in values.iter().enumerate() {
                    output[(pixel + 1) * channels + channel] += x;
                }
            }
        }
    }

    fn needs_input(&self) -> bool {
        false
    }

    #[allow(clippy::cast_precision_loss)]
    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let (channels, area) = (shape[1], shape[2] * shape[3]);
        let pictures = input_gradient.chunks_mut(channels * area).zip(output_gradient.chunks(self.positions.len()));
        for (dx, dy) in pictures {
            for (channel, dx) in dx.chunks_mut(area).enumerate() {
                for (pixel, dx) in dx.iter_mut().enumerate() {
                    *dx = dy[channel] / area as f32 + dy[(pixel + 1) * channels + channel];
                }
            }
        }
    }

    on_gpu!(|layer, on| MeanTokenOnDevice::new(layer, on)?);
}

impl Layer for FirstToken {
    fn name(&self) -> &'static str {
        "first token"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, tokens, width] if tokens > 0 => Ok(vec![batch, width]),
            _ => unexpected_shape("first token", "[batch, tokens, width]", input_shape),
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        for (output, input) in output.chunks_mut(shape[2]).zip(input.chunks(shape[1] * shape[2])) {
            output.copy_from_slice(&input[..shape[2]]);
        }
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        for (dx, dy) in input_gradient.chunks_mut(shape[1] * shape[2]).zip(output_gradient.chunks(shape[2])) {
            dx[..shape[2]].copy_from_slice(dy);
        }
    }

    on_gpu!(|layer, _on| *layer);
}
