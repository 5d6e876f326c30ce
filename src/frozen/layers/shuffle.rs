//! Moves pixels between channels and space (Shi et al., Real-time single image and video super-resolution using an
//! efficient sub-pixel convolutional neural network, 2016), in the order of `PyTorch`'s `PixelShuffle`.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::{Layer, on_gpu, unexpected_shape};

/// `[batch, channels · side², h, w]` to `[batch, channels, side · h, side · w]`: the channels of a pixel become a square.
#[derive(Clone, Copy, Debug)]
pub struct PixelShuffle {
    /// Side of a square, in pixels
    pub side: usize,
}

/// `[batch, channels, side · h, side · w]` to `[batch, channels · side², h, w]`: the reverse of [`PixelShuffle`].
#[derive(Clone, Copy, Debug)]
pub struct PixelUnshuffle {
    /// Side of a square, in pixels
    pub side: usize,
}

/// Spreads planes `[planes · side², height, width]` over squares `[planes, side · height, side · width]`.
fn spread(side: usize, (height, width): (usize, usize), from: &[f32], to: &mut [f32]) {
    let area = height * width;
    let squares = side * side;
    to.par_chunks_mut(squares * area).zip(from.par_chunks(squares * area)).for_each(|(to, from)| {
        for (row, to) in to.chunks_mut(side * width).enumerate() {
            for column in 0..side {
                let from = &from[(row % side * side + column) * area + row / side * width..][..width];
                for (to, from) in to[column..].iter_mut().step_by(side).zip(from) {
                    *to = *from;
                }
            }
        }
    });
}

/// Gathers what [`spread`] spreads.
fn gather(side: usize, (height, width): (usize, usize), from: &[f32], to: &mut [f32]) {
    let area = height * width;
    let squares = side * side;
    to.par_chunks_mut(area).enumerate().for_each(|(plane, to)| {
        let (square, place) = (plane / squares, plane % squares);
        let from = &from[square * squares * area..][..squares * area];
        for (row, to) in to.chunks_mut(width).enumerate() {
            let from = &from[(row * side + place / side) * side * width..][..side * width];
            for (to, from) in to.iter_mut().zip(from[place % side..].iter().step_by(side)) {
                *to = *from;
            }
        }
    });
}

impl Layer for PixelShuffle {
    fn name(&self) -> &'static str {
        "pixel shuffle"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        let squares = self.side * self.side;
        match *input_shape {
            [batch, channels, height, width] if channels > 0 && channels.is_multiple_of(squares) => {
                Ok(vec![batch, channels / squares, self.side * height, self.side * width])
            }
            _ => {
                let expected = format!("[batch, a multiple of {squares}, height, width]");
                unexpected_shape("a pixel shuffle", &expected, input_shape)
            }
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        spread(self.side, (shape[2], shape[3]), input, output);
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        gather(self.side, (shape[2], shape[3]), output_gradient, input_gradient);
    }

    on_gpu!(|layer, _on| *layer);
}

impl Layer for PixelUnshuffle {
    fn name(&self) -> &'static str {
        "pixel unshuffle"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, channels, height, width]
                if height.is_multiple_of(self.side) && width.is_multiple_of(self.side) && height * width > 0 =>
            {
                Ok(vec![batch, channels * self.side * self.side, height / self.side, width / self.side])
            }
            _ => {
                let expected = format!("[batch, channels, height, width] with multiples of {} as sides", self.side);
                unexpected_shape("a pixel unshuffle", &expected, input_shape)
            }
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        gather(self.side, (shape[2] / self.side, shape[3] / self.side), input, output);
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        spread(self.side, (shape[2] / self.side, shape[3] / self.side), output_gradient, input_gradient);
    }

    on_gpu!(|layer, _on| *layer);
}
