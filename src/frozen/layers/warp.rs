//! Samples a picture through 3x3 matrices: crop, zoom, perspective, rotation and shear in one step
//! (Jaderberg et al., Spatial transformer networks, 2015).
//!
//! The place of an output pixel is recomputed in each pass; backwards, its gradient is added to that of its
//! neighbors. Memory: backwards, one gradient of the picture for each eight views.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::cuda::layers::WarpOnDevice;
use crate::frozen::{Layer, on_gpu, unexpected_shape};

/// A projective map, row by row, from output to source coordinates. Both run from −1 to 1 with the
/// center of pixel i of n at (i + 0.5) / n · 2 − 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homography(pub [f64; 9]);

/// The area outside the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Border {
    /// A constant value in every channel
    Fill(f32),
    /// The nearest pixel of the edge
    Edge,
    /// The picture mirrored at its edges
    Reflection,
}

/// The filter for sampling a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The weighted mean of four neighbors: `grid_sample(align_corners=False)` of PyTorch
    Bilinear,
    /// The average of k x k bilinear samples spread evenly over each output pixel; k is the largest
    /// number of source pixels an output pixel spans, along either of its sides, at the center of
    /// the output, rounded up, 1 to 8.
    Area,
}

/// `[1, channels, height, width]` to `[views, channels, output height, output width]`.
#[derive(Clone, Debug)]
pub struct Warp {
    pub(in crate::frozen) views: Vec<View>,
    pub(in crate::frozen) size: (usize, usize),
    filter: Filter,
}

/// The view of the picture in one output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Map from output pixels to places in the picture
    pub matrix: Homography,
    /// The area outside the picture
    pub border: Border,
}

/// Cutouts whose gradients are summed in one buffer; buffers are then added in order.
pub(crate) const GRADIENT_GROUP: usize = 8;
const MOST_TAPS: usize = 8;
/// Positions this close to a pixel's center count as on it, so that the identity copies its bits.
const ON_PIXEL: f64 = 1e-6;

impl Homography {
    /// The map that changes nothing.
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);

    /// The map that applies `first` and then `self`.
    #[must_use]
    pub fn after(&self, first: &Self) -> Self {
        let mut product = [0.0; 9];
        for (index, cell) in product.iter_mut().enumerate() {
            *cell = (0..3).map(|k| self.0[index / 3 * 3 + k] * first.0[k * 3 + index % 3]).sum();
        }
        Self(product)
    }

    /// The inverse map, if it exists.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let adjugate = [
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ];
        let determinant = a * adjugate[0] + b * adjugate[3] + c * adjugate[6];
        (determinant.abs() > f64::MIN_POSITIVE).then(|| Self(adjugate.map(|cell| cell / determinant)))
    }

    /// The source coordinates of a point of the output.
    #[must_use]
    pub fn map(&self, x: f64, y: f64) -> (f64, f64) {
        let m = &self.0;
        let w = m[6] * x + m[7] * y + m[8];
        ((m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w)
    }
}

impl Warp {
    /// Creates the layer, which samples `size` (height, width) pixels for each view.
    #[must_use]
    pub fn new(views: Vec<View>, size: (usize, usize), filter: Filter) -> Self {
        Self { views, size, filter }
    }
}

/// The four neighbors of a sampled point: index in the plane and weight, and the weight outside.
struct Taps {
    inside: [(usize, f32); 4],
    outside: f32,
}

impl Warp {
    /// Taps along each side of an output pixel.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(in crate::frozen) fn taps(&self, matrix: &Homography, source: (usize, usize)) -> usize {
        if self.filter == Filter::Bilinear {
            return 1;
        }
        let (height, width) = (self.size.0 as f64, self.size.1 as f64);
        // The derivative of the map at the output's center, in pixels.
        let m = &matrix.0;
        let (x, y) = matrix.map(0.0, 0.0);
        let w = m[8];
        let to_source = (source.1 as f64 / 2.0, source.0 as f64 / 2.0);
        let span = |column: usize, step: f64| {
            let dx = (m[column] - x * m[6 + column]) / w * step * to_source.0;
            let dy = (m[3 + column] - y * m[6 + column]) / w * step * to_source.1;
            dx.hypot(dy)
        };
        let widest = span(0, 2.0 / width).max(span(1, 2.0 / height));
        ((widest - ON_PIXEL).ceil().max(1.0) as usize).min(MOST_TAPS)
    }

    /// Calls `visit(index of the output pixel, taps)` for every sample of one cutout.
    #[allow(clippy::cast_precision_loss)]
    fn for_each_sample(&self, view: &View, source: (usize, usize), taps: usize, mut visit: impl FnMut(usize, &Taps)) {
        let (height, width) = self.size;
        let along = |length: usize| -> Vec<f64> {
            let offset = |index: usize| (2 * index + 1) as f64 / (2.0 * taps as f64);
            let place = |index: usize| (index / taps) as f64 + offset(index % taps);
            (0..length * taps).map(|index| place(index) / length as f64 * 2.0 - 1.0).collect()
        };
        let (columns, rows) = (along(width), along(height));
        for (i, rows) in rows.chunks(taps).enumerate() {
            for (j, columns) in columns.chunks(taps).enumerate() {
                for &y in rows {
                    for &x in columns {
                        let (x, y) = view.matrix.map(x, y);
                        visit(i * width + j, &view.border.neighbours(x, y, source));
                    }
                }
            }
        }
    }
}

impl Border {
    fn neighbours(self, x: f64, y: f64, (height, width): (usize, usize)) -> Taps {
        let (left, right_share) = self.locate(x, width);
        let (top, lower_share) = self.locate(y, height);
        let mut taps = Taps { inside: [(0, 0.0); 4], outside: 0.0 };
        for (corner, tap) in taps.inside.iter_mut().enumerate() {
            let (dx, dy) = ((corner % 2).cast_signed(), (corner / 2).cast_signed());
            let weight = if dx == 1 { right_share } else { 1.0 - right_share }
                * if dy == 1 { lower_share } else { 1.0 - lower_share };
            match (inside(left + dx, width), inside(top + dy, height)) {
                (Some(column), Some(row)) => *tap = (row * width + column, weight),
                _ => taps.outside += weight,
            }
        }
        taps
    }

    /// The pixel before a coordinate, and the weight of the pixel after it.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn locate(self, coordinate: f64, length: usize) -> (isize, f32) {
        let size = length as f64;
        let mut position = ((coordinate + 1.0) * size - 1.0) / 2.0;
        if !position.is_finite() {
            position = -2.0; // on the horizon: outside
        }
        match self {
            Border::Fill(_) => position = position.clamp(-2.0, size + 1.0),
            Border::Edge => position = position.clamp(0.0, size - 1.0),
            Border::Reflection => {
                let period = 2.0 * size;
                let shifted = position + 0.5;
                let within = (0.0..period).contains(&shifted);
                let folded = if within { shifted } else { shifted.rem_euclid(period) };
                let folded = if folded > size { period - folded } else { folded };
                position = (folded - 0.5).clamp(0.0, size - 1.0);
            }
        }
        // The floor, without a function call: a cast rounds toward zero.
        let mut before = position as isize;
        before -= isize::from(before as f64 > position);
        let mut share = position - before as f64;
        if share > 1.0 - ON_PIXEL {
            before += 1;
            share = 0.0;
        } else if share < ON_PIXEL {
            share = 0.0;
        }
        (before, share as f32)
    }
}

fn inside(index: isize, length: usize) -> Option<usize> {
    usize::try_from(index).ok().filter(|&index| index < length)
}

impl Layer for Warp {
    fn name(&self) -> &'static str {
        "warp"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [1, channels, height, width] if height * width > 0 => {
                Ok(vec![self.views.len(), channels, self.size.0, self.size.1])
            }
            _ => unexpected_shape("a warp", "[1, channels, height, width]", input_shape),
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let (channels, source) = (shape[1], (shape[2], shape[3]));
        let plane = source.0 * source.1;
        let pixels = self.size.0 * self.size.1;
        output.par_chunks_mut(channels * pixels).zip(&self.views).for_each(|(output, view)| {
            let fill = if let Border::Fill(value) = view.border { value } else { 0.0 };
            let taps = self.taps(&view.matrix, source);
            let share = 1.0 / (taps * taps) as f32;
            self.for_each_sample(view, source, taps, |pixel, taps| {
                for channel in 0..channels {
                    let input = &input[channel * plane..][..plane];
                    let mut value = 0.0;
                    for (index, weight) in taps.inside {
                        value += weight * input[index];
                    }
                    if taps.outside > 0.0 {
                        value += taps.outside * fill;
                    }
                    output[channel * pixels + pixel] += share * value;
                }
            });
        });
    }

    fn needs_input(&self) -> bool {
        false
    }

    #[allow(clippy::cast_precision_loss)]
    fn backward(&self, shape: &[usize], _: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let (channels, source) = (shape[1], (shape[2], shape[3]));
        let plane = source.0 * source.1;
        let pixels = self.size.0 * self.size.1;
        let groups =
            self.views.par_chunks(GRADIENT_GROUP).zip(output_gradient.par_chunks(GRADIENT_GROUP * channels * pixels));
        let partial: Vec<Vec<f32>> = groups
            .map(|(views, gradients)| {
                let mut partial = vec![0.0; channels * plane];
                for (view, gradient) in views.iter().zip(gradients.chunks(channels * pixels)) {
                    let taps = self.taps(&view.matrix, source);
                    let share = 1.0 / (taps * taps) as f32;
                    self.for_each_sample(view, source, taps, |pixel, taps| {
                        for channel in 0..channels {
                            let dy = share * gradient[channel * pixels + pixel];
                            let dx = &mut partial[channel * plane..][..plane];
                            for (index, weight) in taps.inside {
                                dx[index] += weight * dy;
                            }
                        }
                    });
                }
                partial
            })
            .collect();
        for partial in partial {
            for (dx, partial) in input_gradient.iter_mut().zip(partial) {
                *dx += partial;
            }
        }
    }

    on_gpu!(|layer, _on| WarpOnDevice::new(layer));
}
