//! The convolution on a device: with stride 1 a convolution in both directions, backwards with kernels rotated by 180°;
//! with a larger stride, backwards a product whose numbers are gathered at their original pixels.

use candle_core::Result;

use super::unfolding::{MOST, Unfolding};
use crate::frozen::cuda::accelerator::{Buffer, Factor, Product, blocks_of_rows, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{Convolution, Padding, Window};

pub(crate) struct ConvolutionOnDevice {
    /// `[outputs, inputs · side²]`
    kernels: Buffer,
    /// `[inputs, outputs · side²]`, if the stride is 1
    turned: Option<Buffer>,
    bias: Buffer,
    inputs: usize,
    outputs: usize,
    window: Window,
}

impl ConvolutionOnDevice {
    pub fn new(layer: &Convolution, on: &dyn Accelerator) -> Result<Self> {
        let (inputs, outputs, window) = (layer.inputs, layer.outputs, layer.window);
        let taps = window.side * window.side;
        let count = outputs * inputs * taps;
        let turned = || Unfolding::turned(&layer.kernels(), outputs, inputs, taps);
        Ok(Self {
            kernels: on.upload_made(count, &|| layer.kernels())?,
            turned: (window.stride == 1).then(|| on.upload_made(count, &turned)).transpose()?,
            bias: on.upload(bytemuck::cast_slice(&layer.bias))?,
            inputs,
            outputs,
            window,
        })
    }

    fn output(&self, shape: &[usize]) -> (usize, usize) {
        self.window.output_size(shape[2], shape[3]).unwrap_or_default()
    }
}

impl Resident for ConvolutionOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], input: &Slice, output: &Slice) -> Result<()> {
        let picture = (shape[2], shape[3]);
        Unfolding { channels: self.inputs, picture, output: self.output(shape), window: self.window }.convolve(
            on,
            (&self.kernels, self.outputs),
            Some(&self.bias),
            input,
            output,
        )
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (picture, output) = ((shape[2], shape[3]), self.output(shape));
        if let Some(turned) = &self.turned {
            let Padding { top, left, .. } = self.window.padding;
            let reach = self.window.side - 1;
            // No model has a padding wider than the kernel's reach.
            let padding =
                Padding { top: reach.saturating_sub(top), left: reach.saturating_sub(left), ..Padding::default() };
            let window = Window { padding, ..self.window };
            let back = Unfolding { channels: self.outputs, picture: output, output: picture, window };
            return back.convolve(on, (turned, self.inputs), None, dy, dx);
        }
        let unfolding = Unfolding { channels: self.inputs, picture, output, window: self.window };
        let (depth, positions) = (unfolding.depth(), output.0 * output.1);
        let batch = shape[0];
        let most = (MOST / (depth * positions)).clamp(1, batch);
        let unfolded = on.allocate(most * depth * positions)?;
        let (height, width) = (int(picture.0)?, int(picture.1)?);
        let Window { side, stride, padding } = self.window;
        let (side, stride, top, left) = (int(side)?, int(stride)?, int(padding.top)?, int(padding.left)?);
        let (rows, columns) = (int(output.0)?, int(output.1)?);
        for first in (0..batch).step_by(most) {
            let count = most.min(batch - first);
            on.multiply(&Product {
                rows: depth,
                columns: positions,
                depth: self.outputs,
                count,
                left: Factor::new(self.kernels.at(0), depth).transposed(),
                right: Factor::new(dy.at(first * self.outputs * positions), positions).each(self.outputs * positions),
                destination: Factor::new(unfolded.at(0), positions).each(depth * positions),
                scale: 1.0,
                accumulate: false,
            })?;
            let dx = dx.at(first * self.inputs * picture.0 * picture.1);
            let grid = blocks_of_rows(count * self.inputs, picture.0 * picture.1);
            launch!(
                on,
                "convolution",
                "fold",
                grid,
                &unfolded,
                dx,
                height,
                width,
                side,
                stride,
                top,
                left,
                rows,
                columns,
            )?;
        }
        Ok(())
    }
}
