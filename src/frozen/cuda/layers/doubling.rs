//! The doubling convolution on a device, without the doubled picture.
//!
//! A pixel of the output sees two by two pixels of the input, and which of its kernel's nine taps fall on each depends
//! on whether its row and its column are even. So the output is four convolutions with kernels of side 2, one for each
//! phase, which are computed as one, and the gradient of the input one convolution of stride 2 with kernels of side 4:
//! four ninths of the work.

use candle_core::Result;

use super::unfolding::Unfolding;
use crate::frozen::cuda::accelerator::{Buffer, blocks_of_rows, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{DoublingConvolution, Padding, Window};

pub(crate) struct DoublingOnDevice {
    /// `[2 · 2 · outputs, inputs · 2 · 2]`
    phases: Buffer,
    /// `[inputs, outputs · 4 · 4]`
    back: Buffer,
    bias: Buffer,
    inputs: usize,
    outputs: usize,
}

/// Along one side: which taps fall on the first and on the second of the pixels that a phase sees,
const SEEN: [[&[usize]; 2]; 2] = [[&[0], &[1, 2]], [&[0, 1], &[2]]];
/// and which taps a pixel of the input has on the four pixels of the output that see it.
const SEEN_BY: [&[usize]; 4] = [&[2], &[1, 2], &[0, 1], &[0]];

/// The sum of a 3x3 kernel's taps in some rows and columns.
fn taps(kernel: &[f32], rows: &[usize], columns: &[usize]) -> f32 {
    rows.iter().flat_map(|row| columns.iter().map(move |column| kernel[row * 3 + column])).sum()
}

impl DoublingOnDevice {
    pub fn new(layer: &DoublingConvolution, on: &dyn Accelerator) -> Result<Self> {
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let kernel = |output: usize, input: usize| &layer.weight[(output * inputs + input) * 9..][..9];
        let count = 16 * inputs * outputs;
        let phases = || {
            let mut phases = Vec::with_capacity(count);
            for phase in 0..4 {
                for pair in 0..outputs * inputs {
                    let kernel = kernel(pair / inputs, pair % inputs);
                    phases.extend((0..4).map(|i| taps(kernel, SEEN[phase / 2][i / 2], SEEN[phase % 2][i % 2])));
                }
            }
            phases
        };
        let back = || {
            let mut back = Vec::with_capacity(count);
            for pair in 0..inputs * outputs {
                let kernel = kernel(pair % outputs, pair / outputs);
                back.extend((0..16).map(|i| taps(kernel, SEEN_BY[i / 4], SEEN_BY[i % 4])));
            }
            back
        };
        Ok(Self {
            phases: on.upload_made(count, &phases)?,
            back: on.upload_made(count, &back)?,
            bias: on.upload(bytemuck::cast_slice(&layer.bias))?,
            inputs,
            outputs,
        })
    }
}

impl Resident for DoublingOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], input: &Slice, output: &Slice) -> Result<()> {
        let (batch, height, width) = (shape[0], shape[2], shape[3]);
        // One more row and one more column than a phase has: those of odd rows are a row further down in it.
        let window = Window { side: 2, stride: 1, padding: Padding::uniform(1) };
        let of_phases = (height + 1, width + 1);
        let unfolding = Unfolding { channels: self.inputs, picture: (height, width), output: of_phases, window };
        let phases = on.allocate(batch * 4 * self.outputs * of_phases.0 * of_phases.1)?;
        unfolding.convolve(on, (&self.phases, 4 * self.outputs), None, input, &phases)?;
        let grid = blocks_of_rows(batch * self.outputs, 4 * height * width);
        let (outputs, height, width) = (int(self.outputs)?, int(height)?, int(width)?);
        launch!(on, "convolution", "interleave", grid, &phases, &self.bias, output, outputs, height, width)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (height, width) = (shape[2], shape[3]);
        let window = Window { side: 4, stride: 2, padding: Padding::uniform(1) };
        let picture = (2 * height, 2 * width);
        Unfolding { channels: self.outputs, picture, output: (height, width), window }.convolve(
            on,
            (&self.back, self.inputs),
            None,
            dy,
            dx,
        )
    }
}
