//! The convolution: its weights, and the choice of an algorithm for each shape. `pointwise.rs`, `shifted.rs`,
//! `unfolded.rs` and `winograd/mod.rs` describe the algorithms, their memory and their sources.

use std::sync::OnceLock;

use candle_core::Result;

use crate::frozen::arithmetic::panel::Left;
use crate::frozen::arithmetic::processor::has_avx2;
use crate::frozen::arithmetic::winograd::Evaluated;
use crate::frozen::arithmetic::{pointwise, shifted, unfolded, winograd};
use crate::frozen::cuda::layers::ConvolutionOnDevice;
use crate::frozen::{Layer, Rim, THREADS, on_gpu, unexpected_shape};

/// Zeros added at each side of a picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
    /// The same padding on all four sides.
    #[must_use]
    pub const fn uniform(pixels: usize) -> Self {
        Self { top: pixels, bottom: pixels, left: pixels, right: pixels }
    }
}

/// The geometry of a convolution: side and stride of the kernel, and the zeros around the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Side of the kernel, in pixels
    pub side: usize,
    /// Pixels between neighboring positions of the kernel
    pub stride: usize,
    /// Zeros around the picture
    pub padding: Padding,
}

impl Window {
    /// The window of a kernel with odd side that keeps the picture's size.
    #[must_use]
    pub const fn same(side: usize) -> Self {
        Self { side, stride: 1, padding: Padding::uniform(side / 2) }
    }

    /// Height and width of the output; none if the picture is smaller than the kernel.
    pub(in crate::frozen) fn output_size(&self, height: usize, width: usize) -> Option<(usize, usize)> {
        let height = (height + self.padding.top + self.padding.bottom).checked_sub(self.side)?;
        let width = (width + self.padding.left + self.padding.right).checked_sub(self.side)?;
        Some((height / self.stride + 1, width / self.stride + 1))
    }
}

/// The algorithms that may compute a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithms {
    /// Plain sums: over shifted views of the picture if the stride is 1, otherwise over unfolded pictures
    Sums,
    /// Winograd's F(4x4, 3x3) for kernels of side 3 that keep the picture's size; its rounding errors are two to four
    /// times those of sums
    Winograd,
    /// Winograd's for the shapes for which it is faster
    ByShape,
}

/// A convolution of `[batch, inputs, height, width]` with square kernels.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Stride 1: `[side², outputs, inputs]`; else `[outputs, inputs, side²]`.
    pub(in crate::frozen) weight: Vec<f32>,
    pub(in crate::frozen) bias: Vec<f32>,
    pub(in crate::frozen) inputs: usize,
    pub(in crate::frozen) outputs: usize,
    pub(in crate::frozen) window: Window,
    algorithms: Algorithms,
    /// The kernels as Winograd's algorithm reads them, once it is chosen
    evaluated: OnceLock<Evaluated>,
}

/// Minimum of channels on each side, and of pixels, for which Winograd's algorithm is faster.
const WINOGRAD_CHANNELS: usize = 32;
const WINOGRAD_PIXELS: usize = 64 * 64;
/// The same on processors with AVX2 or AVX-512: minimum of channels on one side and on the other, and of pixels.
const WINOGRAD_CHANNELS_OF_AVX2: [usize; 2] = [3, 16];
const WINOGRAD_PIXELS_OF_AVX2: usize = 16 * 16;
/// Maximum of pairs of channels of small kernels; others take long to read and, evaluated, much memory.
const SMALL: usize = 128 * 128;

impl Convolution {
    /// Creates the layer from `weight` `[outputs, inputs, side, side]` and `bias` `[outputs]`.
    ///
    /// # Panics
    /// If the lengths do not match the dimensions.
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
        Self { weight, bias, inputs, outputs, window, algorithms: Algorithms::Sums, evaluated: OnceLock::new() }
    }

    /// The same layer with other algorithms; the default is [`Algorithms::Sums`].
    #[must_use]
    pub fn by(self, algorithms: Algorithms) -> Self {
        Self { algorithms, ..self }
    }

    /// The evaluated kernels, if Winograd's algorithm is used for a picture of this height and width.
    fn winograd(&self, picture: (usize, usize)) -> Option<&Evaluated> {
        self.is_by_winograd(picture).then(|| self.evaluated())
    }

    fn is_by_winograd(&self, picture: (usize, usize)) -> bool {
        self.would_be_by_winograd(picture, has_avx2())
    }

    /// Like `is_by_winograd`, for a processor that has AVX2, or for any other.
    fn would_be_by_winograd(&self, (height, width): (usize, usize), avx2: bool) -> bool {
        let (channels, pixels) = (self.inputs.min(self.outputs), height * width);
        let for_all = channels >= WINOGRAD_CHANNELS && pixels >= WINOGRAD_PIXELS;
        let [fewest, most] = WINOGRAD_CHANNELS_OF_AVX2;
        let for_avx2 = channels >= fewest
            && self.inputs.max(self.outputs) >= most
            && pixels >= WINOGRAD_PIXELS_OF_AVX2
            && self.inputs * self.outputs <= SMALL;
        let chosen = match self.algorithms {
            Algorithms::Sums => false,
            Algorithms::Winograd => true,
            Algorithms::ByShape => for_all || avx2 && for_avx2,
        };
        chosen && self.window == Window::same(3)
    }

    /// Whether Winograd's algorithm is used on any processor: estimates of memory must not depend on the machine.
    fn may_be_by_winograd(&self, picture: (usize, usize)) -> bool {
        [true, false].into_iter().any(|avx2| self.would_be_by_winograd(picture, avx2))
    }

    /// Whether each pixel is multiplied with small kernels by `pointwise.rs`.
    fn is_pointwise(&self) -> bool {
        self.window == Window::same(1) && self.inputs * self.outputs <= SMALL && has_avx2()
    }

    /// The original kernels, `[outputs, inputs, side²]`.
    pub(in crate::frozen) fn kernels(&self) -> Vec<f32> {
        let (taps, pairs) = (self.window.side * self.window.side, self.outputs * self.inputs);
        let by_tap = self.window.stride == 1 && taps > 1;
        let place = |index: usize| if by_tap { index % taps * pairs + index / taps } else { index };
        (0..self.weight.len()).map(|index| self.weight[place(index)]).collect()
    }

    fn evaluated(&self) -> &Evaluated {
        self.evaluated.get_or_init(|| {
            let pairs = self.outputs * self.inputs;
            let taps =
                |output, input| std::array::from_fn(|tap| self.weight[tap * pairs + output * self.inputs + input]);
            Evaluated::new(taps, self.inputs, self.outputs, false)
        })
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

    fn rim(&self) -> Option<Rim> {
        let Window { stride, padding: Padding { top, bottom, left, right }, .. } = self.window;
        // Outputs are at multiples of the stride.
        let each = |of: fn(usize, usize) -> usize| Padding {
            top: of(top, stride),
            bottom: of(bottom, stride),
            left: of(left, stride),
            right: of(right, stride),
        };
        let rim = Rim { wider: each(usize::next_multiple_of), cut: each(usize::div_ceil) };
        (self.window.padding != Padding::default()).then_some(rim)
    }

    fn working_memory(&self, read: &[usize]) -> usize {
        let by_winograd = [true, false].map(|avx2| self.would_be_by_winograd((read[2], read[3]), avx2));
        let needed = |by_winograd: bool| {
            if by_winograd {
                THREADS * winograd::working_size(self.inputs, self.outputs, false)
            } else {
                // A padded copy.
                read.iter().product()
            }
        };
        by_winograd.map(needed).into_iter().max().unwrap_or_default()
    }

    fn lasting_memory(&self, shape: &[usize]) -> usize {
        let lasts = self.may_be_by_winograd((shape[2], shape[3]));
        if lasts { winograd::evaluated_size(self.inputs, self.outputs, false) } else { 0 }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let picture = (shape[2], shape[3]);
        if let Some(kernels) = self.winograd(picture) {
            kernels.forward(picture, &self.bias, input, output);
        } else if self.is_pointwise() {
            let (rows, depth) = (self.outputs, self.inputs);
            let left = Left { values: &self.weight, rows, depth, row_stride: depth, depth_stride: 1 };
            pointwise::multiply(left, Some(&self.bias), picture.0 * picture.1, input, output);
        } else if self.window.stride == 1 {
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
        if let Some(kernels) = self.winograd(picture) {
            kernels.backward(picture, output_gradient, input_gradient);
        } else if self.is_pointwise() {
            let (rows, depth) = (self.inputs, self.outputs);
            let left = Left { values: &self.weight, rows, depth, row_stride: 1, depth_stride: rows };
            pointwise::multiply(left, None, picture.0 * picture.1, output_gradient, input_gradient);
        } else if self.window.stride == 1 {
            shifted::backward(self, picture, output_gradient, input_gradient);
        } else {
            unfolded::backward(self, picture, output_gradient, input_gradient);
        }
    }

    on_gpu!(|layer, on| ConvolutionOnDevice::new(layer, on)?);
}
