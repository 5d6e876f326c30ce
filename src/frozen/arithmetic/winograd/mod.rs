//! Convolutions by 3x3 kernels with fewer products: Winograd's minimal filtering F(4x4, 3x3).
//!
//! A tile of 4x4 results is a polynomial product modulo polynomials of degree one, after Toom and Cook: picture
//! and kernel are evaluated at six points along each side, multiplied there, and interpolated (Winograd,
//! Arithmetic complexity of computations, 1980; Lavin and Gray, Fast algorithms for convolutional neural
//! networks, 2016). Six by six products per pair of channels give 16 results, instead of 144. Rounding
//! errors are two to four times those of plain sums; the points that round least are from Barabasz et al.,
//! Error analysis and improving the accuracy of Winograd convolution for deep neural networks, 2020.
//!
//! The gradient of the picture is a convolution with the kernels rotated by 180°. Reading a convolution from the
//! end rotates its kernels, so both directions use the same evaluated kernels.
//!
//! A picture that is doubled by repeating its pixels is zero at the point −1, and so are sums of its neighboring
//! results: five by five products remain.
//!
//! Memory: evaluated kernels, four times as large as the kernels (2.8 times for doubled pictures), and for each
//! block of 64 tiles being processed the evaluated picture and its products, 36 · 64 · (inputs + outputs) numbers.

mod phases;
mod points;
mod route;
mod tiles;
mod transform;

use std::marker::PhantomData;

use pulp::Arch;
use rayon::prelude::*;

use super::disjoint::DisjointSlice;
use super::panel::{Left, WIDTH, multiply_panel};
use crate::frozen::network::buffer::Buffer;
use points::{DOUBLED, PLAIN, TILE};
use route::{Backward, DoubledBackward, DoubledForward, Forward, Route};
use tiles::{Segment, Tiles};
use transform::{Evaluation, Interpolation, Lines, Scratch};

/// Elements of a cache line. Rows whose length is a power of two share the same cache lines; one more line
/// separates them.
const APART: usize = 16;
/// Channels handled by one task.
const CHANNELS: usize = 8;
/// Products computed by one task.
const PRODUCTS: usize = 3;
/// Panels of tiles processed together: evaluated kernels are read once for all of them.
const PANELS: usize = 2;

/// Size of the evaluated kernels.
pub fn evaluated_size(inputs: usize, outputs: usize, doubled: bool) -> usize {
    products(doubled) * outputs * row_of(inputs)
}

/// Elements that a thread holds for its tiles: the evaluated picture and the products.
pub fn working_size(inputs: usize, outputs: usize, doubled: bool) -> usize {
    products(doubled) * (apart(PANELS, inputs) + apart(PANELS, outputs))
}

/// Products per tile and pair of channels.
fn products(doubled: bool) -> usize {
    let points = if doubled { &DOUBLED } else { &PLAIN };
    points.count * points.count
}

fn row_of(inputs: usize) -> usize {
    inputs.next_multiple_of(APART) + APART
}

/// Kernels evaluated at the points.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// `[products, outputs, row]`; only the first `inputs` of a row are used
    weight: Vec<f32>,
    inputs: usize,
    outputs: usize,
    row: usize,
    doubled: bool,
}

impl Evaluated {
    /// Evaluates kernels; `kernel(output, input)` returns the nine taps, row by row. `doubled` is for
    /// pictures that are doubled.
    pub fn new(kernel: impl Fn(usize, usize) -> [f32; 9] + Sync, inputs: usize, outputs: usize, doubled: bool) -> Self {
        let points = if doubled { &DOUBLED } else { &PLAIN };
        let row = row_of(inputs);
        let mut weight = vec![0.0; evaluated_size(inputs, outputs, doubled)];
        let places = DisjointSlice::new(&mut weight);
        (0..outputs).into_par_iter().for_each(|output| {
            for input in 0..inputs {
                let taps = kernel(output, input);
                for (product, value) in points.evaluate(&taps).enumerate() {
                    // SAFETY: each output has its own places.
                    unsafe { places.range((product * outputs + output) * row + input, 1)[0] = value };
                }
            }
        });
        Self { weight, inputs, outputs, row, doubled }
    }

    /// `[batch, inputs, h, w]` to `[batch, outputs, h, w]`, or to `[batch, outputs, 2h, 2w]` for doubled pictures.
    pub fn forward(&self, size: (usize, usize), bias: &[f32], input: &[f32], output: &mut [f32]) {
        if self.doubled {
            self.run::<DoubledForward>((2 * size.0, 2 * size.1), Some(bias), input, output);
        } else {
            self.run::<Forward>(size, Some(bias), input, output);
        }
    }

    /// The gradient of the input, whose height and width are `size`.
    pub fn backward(&self, size: (usize, usize), output_gradient: &[f32], input_gradient: &mut [f32]) {
        if self.doubled {
            self.run::<DoubledBackward>((2 * size.0, 2 * size.1), None, output_gradient, input_gradient);
        } else {
            self.run::<Backward>(size, None, output_gradient, input_gradient);
        }
    }

    fn run<R: Route>(&self, size: (usize, usize), bias: Option<&[f32]>, input: &[f32], output: &mut [f32]) {
        let (depth, rows) = if R::BACK { (self.outputs, self.inputs) } else { (self.inputs, self.outputs) };
        let halved = |step: usize| (size.0 * step / TILE, size.1 * step / TILE);
        let (source, target) = (halved(R::STEP), halved(R::RESULTS));
        let tiles = Tiles { down: size.0.div_ceil(TILE), across: size.1.div_ceil(TILE) };
        let pictures = output.par_chunks_mut(rows * target.0 * target.1);
        pictures.zip(input.par_chunks(depth * source.0 * source.1)).for_each(|(output, input)| {
            let output = DisjointSlice::new(output);
            (0..tiles.panels()).into_par_iter().step_by(PANELS).for_each(|first| {
                let panels: Vec<_> = (first..tiles.panels().min(first + PANELS)).collect();
                let segments: Vec<_> = panels.iter().flat_map(|panel| tiles.segments(*panel, first)).collect();
                let evaluated = evaluate::<R>(depth, source, panels.len(), &segments, input);
                let columns: Vec<_> = panels.iter().map(|panel| tiles.columns(*panel)).collect();
                let products = self.multiply::<R>(depth, rows, &columns, &evaluated);
                drop(evaluated);
                (0..rows).into_par_iter().with_min_len(CHANNELS).for_each_init(Lines::new, |lines, channel| {
                    let bias = bias.map_or(0.0, |bias| bias[channel]);
                    for segment in &segments {
                        let start = (segment.panel * rows + channel) * WIDTH + segment.column;
                        let (products, apart) = (&products[start..], apart(panels.len(), rows));
                        let (size, output, route) = (target, &output, PhantomData::<R>);
                        let interpolation =
                            Interpolation { lines, segment, products, apart, channel, bias, size, output, route };
                        Arch::new().dispatch(interpolation);
                    }
                });
            });
        });
    }

    /// `[products, panels, rows, WIDTH]`, with a gap after each product; `columns` are the tiles of each panel.
    fn multiply<R: Route>(&self, depth: usize, rows: usize, columns: &[usize], evaluated: &[f32]) -> Buffer {
        let (each, from) = (apart(columns.len(), rows), apart(columns.len(), depth));
        let size = R::PRODUCTS * each;
        // Vectors of the last segment may reach past the last row.
        let mut products = Buffer::any(size + WIDTH);
        products[size..].fill(0.0);
        let (row_stride, depth_stride) = if R::BACK { (1, self.row) } else { (self.row, 1) };
        let pairs = products[..size].par_chunks_mut(each).zip(evaluated.par_chunks(from));
        let tasks = pairs.zip(self.weight.par_chunks(self.outputs * self.row)).with_min_len(PRODUCTS);
        tasks.for_each(|((product, evaluated), values)| {
            let panels = product.chunks_exact_mut(rows * WIDTH).zip(evaluated.chunks_exact(depth * WIDTH));
            for ((product, evaluated), columns) in panels.zip(columns) {
                let left = Left { values, rows, depth, row_stride, depth_stride };
                multiply_panel(product, left, evaluated, *columns);
            }
        });
        products
    }
}

/// Distance from one product to the next, for panels of so many rows. A power of two would have all numbers of a tile share
/// the same cache lines.
fn apart(panels: usize, rows: usize) -> usize {
    panels * rows * WIDTH + APART
}

/// `[products, panels, depth, WIDTH]`, with a gap after each product: the picture at the points.
fn evaluate<R: Route>(
    depth: usize,
    size: (usize, usize),
    panels: usize,
    segments: &[Segment],
    input: &[f32],
) -> Buffer {
    let apart = apart(panels, depth);
    let mut evaluated = Buffer::any(R::PRODUCTS * apart);
    let places = DisjointSlice::new(&mut evaluated);
    (0..depth).into_par_iter().with_min_len(CHANNELS).for_each_init(Scratch::new, |scratch, channel| {
        let plane = &input[channel * size.0 * size.1..][..size.0 * size.1];
        for segment in segments {
            // Each channel has its own rows, and each segment its own columns.
            let start = (segment.panel * depth + channel) * WIDTH + segment.column;
            let (evaluated, route) = (&places, PhantomData::<R>);
            Arch::new().dispatch(Evaluation { scratch, segment, plane, size, evaluated, start, apart, route });
        }
    });
    evaluated
}
