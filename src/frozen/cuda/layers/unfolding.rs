//! Convolutions by the device's own algorithm, or otherwise as products with unfolded pictures, for a part of the
//! output at a time. `Convolution` and `DoublingConvolution` use them in both directions.

use candle_core::Result;

use crate::frozen::Window;
use crate::frozen::cuda::accelerator::{
    Buffer, ConvolutionShape, Convolve, Factor, Place, Product, blocks_of_rows, int,
};
use crate::frozen::cuda::{Accelerator, Slice, launch};

/// Maximum numbers of an unfolded part: 64 MiB. A constant bound on the memory.
pub const MOST: usize = 1 << 24;

/// The sizes of unfolding pictures `[batch, channels, height, width]`.
#[derive(Clone, Copy)]
pub struct Unfolding {
    /// Channels of the pictures
    pub channels: usize,
    /// Height and width of the pictures
    pub picture: (usize, usize),
    /// Height and width of the output
    pub output: (usize, usize),
    /// Side and stride of the kernel, and the zeros above and on the left
    pub window: Window,
}

/// Some rows of the output of some pictures.
#[derive(Clone, Copy)]
struct Part {
    /// The first picture
    picture: usize,
    /// Number of pictures
    pictures: usize,
    /// The first row of each picture
    row: usize,
    /// Number of rows
    rows: usize,
}

impl Unfolding {
    /// Rows of the unfolded matrix.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.channels * self.window.side * self.window.side
    }

    /// The shape of a convolution of `batch` pictures to `outputs` channels.
    #[must_use]
    pub const fn shape(&self, batch: usize, outputs: usize) -> ConvolutionShape {
        let Self { channels, picture, output, window } = *self;
        ConvolutionShape { batch, channels, outputs, picture, output, window }
    }

    /// Whether unfolding leaves pictures unchanged.
    fn is_itself(&self) -> bool {
        self.window == Window::same(1)
    }

    /// The parts of the output: several whole pictures if they fit, otherwise rows of one picture.
    fn parts(&self, batch: usize) -> impl Iterator<Item = Part> + use<> {
        let (height, row) = (self.output.0, self.depth() * self.output.1);
        let pictures = if self.is_itself() { batch } else { (MOST / (row * height)).clamp(1, batch) };
        let rows = if self.is_itself() { height } else { (MOST / row).clamp(1, height) };
        let parts = move |picture| {
            let pictures = pictures.min(batch - picture);
            (0..height).step_by(rows).map(move |row| Part { picture, pictures, row, rows: rows.min(height - row) })
        };
        (0..batch).step_by(pictures).flat_map(parts)
    }

    /// The unfolded part `[pictures, depth, rows · width]`.
    fn unfold(&self, on: &dyn Accelerator, input: Place, part: Part) -> Result<Buffer> {
        let (planes, size) = (part.pictures * self.depth(), part.rows * self.output.1);
        let unfolded = on.allocate(planes * size)?;
        let (height, width) = (int(self.picture.0)?, int(self.picture.1)?);
        let Window { side, stride, padding } = self.window;
        let (side, stride, top, left) = (int(side)?, int(stride)?, int(padding.top)?, int(padding.left)?);
        let (first, rows, columns) = (int(part.row)?, int(part.rows)?, int(self.output.1)?);
        launch!(
            on,
            "convolution",
            "unfold",
            blocks_of_rows(planes, size),
            input,
            &unfolded,
            height,
            width,
            side,
            stride,
            top,
            left,
            first,
            rows,
            columns,
        )?;
        Ok(unfolded)
    }

    /// Computes the convolution with kernels `[outputs, depth]`; the bias, if any, has one number per output channel.
    ///
    /// # Errors
    /// If the device fails.
    pub fn convolve(
        &self,
        on: &dyn Accelerator,
        (kernels, outputs): (&Slice, usize),
        bias: Option<&Slice>,
        input: &Slice,
        output: &Slice,
    ) -> Result<()> {
        let (plane, area) = (self.picture.0 * self.picture.1, self.output.0 * self.output.1);
        let batch = input.len() / (self.channels * plane);
        if let Some(bias) = bias {
            let grid = blocks_of_rows(batch * outputs, area);
            launch!(on, "elements", "fill_channels", grid, output, bias, int(outputs)?, int(area)?)?;
        }
        let convolution = Convolve {
            shape: self.shape(batch, outputs),
            kernels: kernels.at(0),
            input: input.at(0),
            output: output.at(0),
            accumulate: bias.is_some(),
        };
        if !self.is_itself() && on.convolve(&convolution)? {
            return Ok(());
        }
        for part in self.parts(batch) {
            let pictures = input.at(part.picture * self.channels * plane);
            let unfolded = if self.is_itself() { None } else { Some(self.unfold(on, pictures, part)?) };
            let columns = part.rows * self.output.1;
            on.multiply(&Product {
                rows: outputs,
                columns,
                depth: self.depth(),
                count: part.pictures,
                left: Factor::new(kernels.at(0), self.depth()),
                right: Factor::new(unfolded.as_ref().map_or(pictures, |unfolded| unfolded.at(0)), columns)
                    .each(self.depth() * columns),
                destination: Factor::new(output.at(part.picture * outputs * area + part.row * self.output.1), area)
                    .each(outputs * area),
                scale: 1.0,
                accumulate: bias.is_some(),
            })?;
        }
        Ok(())
    }

    /// Converts kernels `[outputs, channels, side²]` to those of the backward pass: `[channels, outputs, side²]`,
    /// rotated by 180°.
    #[must_use]
    pub fn turned(kernels: &[f32], outputs: usize, channels: usize, taps: usize) -> Vec<f32> {
        let mut turned = Vec::with_capacity(kernels.len());
        for channel in 0..channels {
            for output in 0..outputs {
                turned.extend(kernels[(output * channels + channel) * taps..][..taps].iter().rev());
            }
        }
        turned
    }
}
