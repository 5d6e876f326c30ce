//! The doubling convolution on a device, without the doubled picture.
//!
//! An output pixel depends on two by two input pixels, and whether its row and column are even decides which of the
//! kernel's nine taps fall on each of them. So the output is four convolutions with kernels of side 2, one for each
//! phase, computed as one, and the gradient of the input is one convolution with stride 2 and kernels of side 4: four
//! ninths of the work.

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

/// Along one side: the taps that fall on the first and on the second input pixel of each phase,
const SEEN: [[&[usize]; 2]; 2] = [[&[0], &[1, 2]], [&[0, 1], &[2]]];
/// and the taps that connect an input pixel with each of its four output pixels.
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
        // One more row and one more column than a phase, since the phases of odd rows and columns are shifted by one.
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
