//! The convolution: its weights, and which algorithm serves which shape.

use candle_core::Result;

use super::{Layer, shifted, unexpected_shape, unfolded};

/// Zeros added at each side of a picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Rows above
    pub top: usize,
    /// Rows below
    pub bottom: usize,
    /// Columns on the left
    pub left: usize,
    /// Columns on the right
    pub right: usize,
}

impl Padding {
    /// The same on all four sides.
    #[must_use]
    pub const fn uniform(pixels: usize) -> Self {
        Self { top: pixels, bottom: pixels, left: pixels, right: pixels }
    }
}

/// What a kernel sees: its sides, its step and the zeros around the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Side of the kernel, in pixels
    pub side: usize,
    /// Pixels between neighbouring positions of the kernel
    pub stride: usize,
    /// Zeros around the picture
    pub padding: Padding,
}

impl Window {
    /// A kernel of odd side that keeps the picture's size.
    #[must_use]
    pub const fn same(side: usize) -> Self {
        Self { side, stride: 1, padding: Padding::uniform(side / 2) }
    }

    /// Height and width of the output, none where the picture is smaller than the kernel.
    pub(super) fn output_size(&self, height: usize, width: usize) -> Option<(usize, usize)> {
        let height = (height + self.padding.top + self.padding.bottom).checked_sub(self.side)?;
        let width = (width + self.padding.left + self.padding.right).checked_sub(self.side)?;
        Some((height / self.stride + 1, width / self.stride + 1))
    }
}

/// A convolution of `[batch, inputs, height, width]` with square kernels.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Stride 1: `[side², outputs, inputs]`; else `[outputs, inputs, side²]`.
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) window: Window,
}

/// Kernels with their bias, in the order the chosen algorithm reads.
impl Convolution {
    /// From `weight` `[outputs, inputs, side, side]` and `bias` `[outputs]`.
    ///
    /// # Panics
    /// Where the lengths do not fit the dimensions.
    #[must_use]
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, inputs: usize, outputs: usize, window: Window) -> Self {
        let taps = window.side * window.side;
        assert!(weight.len() == outputs * inputs * taps && bias.len() == outputs && window.stride > 0);
        let weight = if window.stride == 1 && taps > 1 {
            let pairs = outputs * inputs;
            let mut by_tap = vec![0.0; weight.len()];
            for (pair, kernel) in weight.chunks(taps).enumerate() {
                for (tap, value) in kernel.iter().enumerate() {
                    by_tap[tap * pairs + pair] = *value;
                }
            }
            by_tap
        } else {
            weight
        };
        Self { weight, bias, inputs, outputs, window }
    }
}

impl Layer for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        if let [batch, channels, height, width] = *input_shape
            && channels == self.inputs
            && let Some((height, width)) = self.window.output_size(height, width)
        {
            return Ok(vec![batch, self.outputs, height, width]);
        }
        let expected = format!("[batch, {}, height, width] of at least {} pixels", self.inputs, self.window.side);
        unexpected_shape("a convolution", &expected, input_shape)
    }

    fn operations(&self, shape: &[usize]) -> u64 {
        let (height, width) = self.window.output_size(shape[2], shape[3]).unwrap_or_default();
        (2 * shape[0] * self.inputs * self.outputs * self.window.side * self.window.side * height * width) as u64
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let picture = (shape[2], shape[3]);
        if self.window.stride == 1 {
            shifted::forward(self, picture, input, output);
        } else {
            unfolded::forward(self, picture, input, output);
        }
    }

    fn overwrites(&self) -> bool {
        self.window.stride == 1
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let picture = (shape[2], shape[3]);
        if self.window.stride == 1 {
            shifted::backward(self, picture, output_gradient, input_gradient);
        } else {
            unfolded::backward(self, picture, output_gradient, input_gradient);
        }
    }
}
