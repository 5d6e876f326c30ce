//! Retouches a sampled cutout: transforms colors, adds noise, and erases a rectangle.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::arithmetic::vector::vectorized;
use crate::frozen::cuda::layers::RetouchOnDevice;
use crate::frozen::{Layer, on_gpu, unexpected_shape};

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// First column
    pub left: usize,
    /// First row
    pub top: usize,
    /// Number of columns
    pub width: usize,
    /// Number of rows
    pub height: usize,
}

/// The retouching of one picture of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Touch {
    /// Matrix that multiplies each pixel's (red, green, blue), row by row
    pub colours: [f32; 9],
    /// Standard deviation of the added noise
    pub noise: f32,
    /// Seed of the noise
    pub noise_seed: u64,
    /// Rectangle that is painted over
    pub erased: Option<Rectangle>,
    /// Value that it is painted with
    pub fill: f32,
}

impl Touch {
    /// The retouching that changes nothing.
    pub const NONE: Self = Self {
        colours: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        noise: 0.0,
        noise_seed: 0,
        erased: None,
        fill: 0.0,
    };
}

/// Retouches `[batch, 3, height, width]`, each picture differently. Noise is recomputed from its seed, not kept.
#[derive(Clone, Debug)]
pub struct Retouch(pub(in crate::frozen) Vec<Touch>);

impl Retouch {
    /// Creates the layer from one touch for each picture of a batch.
    #[must_use]
    pub fn new(touches: Vec<Touch>) -> Self {
        Self(touches)
    }
}

/// The random number for an index, with mean 0 and deviation 1: the sum of four uniform numbers of 16 bits cut
/// from a splitmix64 hash (Steele et al., 2014), whose variance is 4/12.
#[inline(always)]
#[allow(clippy::cast_precision_loss)]
fn noise(seed: u64, index: u64) -> f32 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let sum = (z & 0xFFFF) + (z >> 16 & 0xFFFF) + (z >> 32 & 0xFFFF) + (z >> 48);
    (sum as f32 * (1.0 / 65535.0) - 2.0) * 1.732_050_8
}

impl Rectangle {
    /// The runs of pixels in a plane of a given width.
    fn runs(self, plane_width: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        (self.top..self.top + self.height).map(move |row| {
            let start = row * plane_width + self.left;
            start..start + self.width
        })
    }
}

impl Retouch {
    /// Multiplies each pixel of `[3, area]` by a matrix.
    fn turn(colours: &[f32; 9], input: &[f32], output: &mut [f32]) {
        let area = input.len() / 3;
        let [red, green, blue] = [&input[..area], &input[area..2 * area], &input[2 * area..]];
        for (row, output) in colours.chunks_exact(3).zip(output.chunks_mut(area)) {
            vectorized(
                #[inline(always)]
                || {
                    for (((y, r), g), b) in output.iter_mut().zip(red).zip(green).zip(blue) {
                        *y = row[0] * r + row[1] * g + row[2] * b;
                    }
                },
            );
        }
    }
}

impl Layer for Retouch {
    fn name(&self) -> &'static str {
        "retouch"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, 3, height, width]
                if batch == self.0.len()
                    && self
                        .0
                        .iter()
                        .filter_map(|touch| touch.erased)
                        .all(|erased| erased.left + erased.width <= width && erased.top + erased.height <= height) =>
            {
                Ok(input_shape.to_vec())
            }
            _ => unexpected_shape("retouch", &format!("[{}, 3, height, width]", self.0.len()), input_shape),
        }
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let area = shape[2] * shape[3];
        output.par_chunks_mut(3 * area).zip(input.par_chunks(3 * area)).zip(&self.0).for_each(
            |((output, input), touch)| {
                Self::turn(&touch.colours, input, output);
                if touch.noise > 0.0 {
                    vectorized(
                        #[inline(always)]
                        || {
                            for (index, y) in output.iter_mut().enumerate() {
                                *y += touch.noise * noise(touch.noise_seed, index as u64);
                            }
                        },
                    );
                }
                for run in touch.erased.into_iter().flat_map(|erased| erased.runs(shape[3])) {
                    for channel in output.chunks_mut(area) {
                        channel[run.clone()].fill(touch.fill);
                    }
                }
            },
        );
    }

    fn needs_input(&self) -> bool {
        false
    }

    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let area = shape[2] * shape[3];
        let pictures = input_gradient.par_chunks_mut(3 * area).zip(output_gradient.par_chunks(3 * area));
        pictures.zip(&self.0).for_each(|((dx, dy), touch)| {
            let m = &touch.colours;
            Self::turn(&[m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]], dy, dx);
            for run in touch.erased.into_iter().flat_map(|erased| erased.runs(shape[3])) {
                for channel in dx.chunks_mut(area) {
                    channel[run.clone()].fill(0.0);
                }
            }
        });
    }

    on_gpu!(|layer, on| RetouchOnDevice::new(layer, on)?);
}
