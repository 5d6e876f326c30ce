//! Convolutions by 3x3 kernels in few products: Winograd's minimal filtering F(4x4, 3x3).
//!
//! A tile of 4x4 results is a polynomial product modulo polynomials of degree one, after Toom and Cook: picture
//! and kernel are evaluated at six points along each side, multiplied there, and interpolated (Winograd,
//! Arithmetic complexity of computations, 1980; Lavin and Gray, Fast algorithms for convolutional neural
//! networks, 2016). Six by six products a pair of channels stand for 16 results, in place of 144. Rounding
//! costs two to four times that of plain sums; which points round least is from Barabasz et al., Error analysis
//! and improving the accuracy of Winograd convolution for deep neural networks, 2020.
//!
//! The gradient of the picture is a convolution with the kernels turned by 180°. A convolution read from the
//! end is one with turned kernels, so both directions use the same evaluated kernels.
//!
//! A picture that is doubled by repeating its pixels is zero at the point −1, and so are sums of its neighbouring
//! results: five by five products remain.
//!
//! Memory: evaluated kernels four times as large as the kernels (2.8 times for doubled pictures), and for each
//! block of 64 tiles in work the evaluated picture and its products, 36 · 64 · (inputs + outputs) numbers.

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::buffer::Buffer;
use super::disjoint::DisjointSlice;
use super::panel::{Left, WIDTH, multiply_panel};
use super::points::{DOUBLED, PLAIN, Points, SEEN, TILE};

/// Elements of a cache line. Rows of a power of two fall on the same lines of a cache; one line more sets
/// them apart.
const APART: usize = 16;
/// Channels handled by one task.
const CHANNELS: usize = 8;
/// Panels of tiles in work together: evaluated kernels are read once for all of them.
const PANELS: usize = 2;
/// Room for a number of each tile of a block and of the tile behind.
const ROOM: usize = WIDTH + 16;

/// Numbers of a row of tiles, [place in a tile's step][tile].
type Phases = [[f32; ROOM]; TILE];

/// Kernels at the points.
#[derive(Clone, Debug)]
pub(super) struct Evaluated {
    /// `[products, outputs, row]`, of a row the first `inputs`
    weight: Vec<f32>,
    inputs: usize,
    outputs: usize,
    row: usize,
    doubled: bool,
}

impl Evaluated {
    /// `kernel(output, input)` gives the nine taps, row by row. For pictures that are read as they are, or
    /// doubled.
    pub(super) fn new(
        kernel: impl Fn(usize, usize) -> [f32; 9] + Sync,
        inputs: usize,
        outputs: usize,
        doubled: bool,
    ) -> Self {
        let points = if doubled { &DOUBLED } else { &PLAIN };
        let row = inputs.next_multiple_of(APART) + APART;
        let mut weight = vec![0.0; points.count * points.count * outputs * row];
        let places = DisjointSlice::new(&mut weight);
        (0..outputs).into_par_iter().for_each(|output| {
            for input in 0..inputs {
                let taps = kernel(output, input);
                for (product, value) in points.evaluate(&taps).into_iter().enumerate() {
                    // SAFETY: each output has its own places.
                    unsafe { places.range((product * outputs + output) * row + input, 1)[0] = value };
                }
            }
        });
        Self { weight, inputs, outputs, row, doubled }
    }

    /// `[batch, inputs, h, w]` to `[batch, outputs, h, w]`, or of doubled pictures `[batch, outputs, 2h, 2w]`.
    pub(super) fn forward(&self, size: (usize, usize), bias: &[f32], input: &[f32], output: &mut [f32]) {
        if self.doubled {
            self.run::<DoubledForward>((2 * size.0, 2 * size.1), Some(bias), input, output);
        } else {
            self.run::<Forward>(size, Some(bias), input, output);
        }
    }

    /// The gradient of the input, of which `size` is height and width.
    pub(super) fn backward(&self, size: (usize, usize), output_gradient: &[f32], input_gradient: &mut [f32]) {
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
                let evaluated = self.evaluate::<R>(depth, source, panels.len(), &segments, input);
                let products = self.multiply::<R>(depth, rows, panels.len(), &evaluated);
                drop(evaluated);
                (0..rows).into_par_iter().with_min_len(CHANNELS).for_each(|channel| {
                    let bias = bias.map_or(0.0, |bias| bias[channel]);
                    for segment in &segments {
                        let start = (segment.panel * rows + channel) * WIDTH + segment.column;
                        let (products, apart) = (&products[start..], panels.len() * rows * WIDTH);
                        let (size, output, route) = (target, &output, PhantomData::<R>);
                        let interpolation =
                            Interpolation { segment, products, apart, channel, bias, size, output, route };
                        Arch::new().dispatch(interpolation);
                    }
                });
            });
        });
    }

    /// `[products, panels, depth, WIDTH]`: the picture at the points.
    fn evaluate<R: Route>(
        &self,
        depth: usize,
        size: (usize, usize),
        panels: usize,
        segments: &[Segment],
        input: &[f32],
    ) -> Buffer {
        let mut evaluated = Buffer::any(R::PRODUCTS * panels * depth * WIDTH);
        let places = DisjointSlice::new(&mut evaluated);
        (0..depth).into_par_iter().with_min_len(CHANNELS).for_each_init(Scratch::new, |scratch, channel| {
            let plane = &input[channel * size.0 * size.1..][..size.0 * size.1];
            for segment in segments {
                let place = |product: usize| {
                    let start = ((product * panels + segment.panel) * depth + channel) * WIDTH + segment.column;
                    // SAFETY: each channel has its own rows, and each segment its own columns.
                    unsafe { places.range(start, segment.count) }
                };
                let route = PhantomData::<R>;
                Arch::new().dispatch(Evaluation { scratch, segment, plane, size, place, route });
            }
        });
        evaluated
    }

    /// `[products, panels, rows, WIDTH]`
    fn multiply<R: Route>(&self, depth: usize, rows: usize, panels: usize, evaluated: &[f32]) -> Buffer {
        let size = R::PRODUCTS * panels * rows * WIDTH;
        // Vectors of the last segment may reach past the last row.
        let mut products = Buffer::any(size + WIDTH);
        products[size..].fill(0.0);
        let (row_stride, depth_stride) = if R::BACK { (1, self.row) } else { (self.row, 1) };
        let each = products[..size].par_chunks_mut(panels * rows * WIDTH);
        let each = each.zip(evaluated.par_chunks(panels * depth * WIDTH));
        each.zip(self.weight.par_chunks(self.outputs * self.row)).for_each(|((product, evaluated), values)| {
            for (product, evaluated) in product.chunks_mut(rows * WIDTH).zip(evaluated.chunks(depth * WIDTH)) {
                multiply_panel(product, Left { values, rows, depth, row_stride, depth_stride }, evaluated);
            }
        });
        products
    }
}

/// One way through: what a tile reads and what it writes.
trait Route {
    const POINTS: Points;
    /// A tile's products of a pair of channels
    const PRODUCTS: usize = Self::POINTS.count * Self::POINTS.count;
    /// The gradient's way: read from the end
    const BACK: bool;
    /// Pixels that a tile sees
    const SEEN: usize;
    /// Pixels from one tile to the next
    const STEP: usize;
    /// Results of a tile
    const RESULTS: usize;
    /// [point][pixel]
    const PICTURE: [[f32; SEEN]; SEEN];
    /// [result][point]
    const INTERPOLATION: [[f32; SEEN]; TILE];
}

struct Forward;
struct Backward;
/// Reads each pixel of the small picture once, for the two that it becomes.
struct DoubledForward;
/// Writes the sums of the pixels that became of one.
struct DoubledBackward;

impl Route for Forward {
    const POINTS: Points = PLAIN;
    const BACK: bool = false;
    const SEEN: usize = SEEN;
    const STEP: usize = TILE;
    const RESULTS: usize = TILE;
    const PICTURE: [[f32; SEEN]; SEEN] = PLAIN.picture;
    const INTERPOLATION: [[f32; SEEN]; TILE] = PLAIN.results;
}

impl Route for Backward {
    const POINTS: Points = PLAIN;
    const BACK: bool = true;
    const SEEN: usize = SEEN;
    const STEP: usize = TILE;
    const RESULTS: usize = TILE;
    const PICTURE: [[f32; SEEN]; SEEN] = PLAIN.reversed().picture;
    const INTERPOLATION: [[f32; SEEN]; TILE] = PLAIN.reversed().results;
}

impl Route for DoubledForward {
    const POINTS: Points = DOUBLED;
    const BACK: bool = false;
    const SEEN: usize = 4;
    const STEP: usize = TILE / 2;
    const RESULTS: usize = TILE;
    const PICTURE: [[f32; SEEN]; SEEN] = DOUBLED.of_pairs().picture;
    const INTERPOLATION: [[f32; SEEN]; TILE] = DOUBLED.results;
}

impl Route for DoubledBackward {
    const POINTS: Points = DOUBLED;
    const BACK: bool = true;
    const SEEN: usize = SEEN;
    const STEP: usize = TILE;
    const RESULTS: usize = TILE / 2;
    const PICTURE: [[f32; SEEN]; SEEN] = DOUBLED.reversed().picture;
    const INTERPOLATION: [[f32; SEEN]; TILE] = DOUBLED.reversed().to_pairs().results;
}

/// The grid of tiles, cut into panels of `WIDTH`, row by row.
struct Tiles {
    down: usize,
    across: usize,
}

/// Neighbouring tiles of one row, and their panel and first column in a block.
struct Segment {
    row: usize,
    first: usize,
    count: usize,
    panel: usize,
    column: usize,
}

impl Tiles {
    fn panels(&self) -> usize {
        (self.down * self.across).div_ceil(WIDTH)
    }

    /// Those of a panel of the block that begins with panel `first_panel`.
    fn segments(&self, panel: usize, first_panel: usize) -> Vec<Segment> {
        let tiles = panel * WIDTH..((panel + 1) * WIDTH).min(self.down * self.across);
        let mut segments = Vec::new();
        let mut tile = tiles.start;
        while tile < tiles.end {
            let first = tile % self.across;
            let count = (self.across - first).min(tiles.end - tile);
            let column = tile - tiles.start;
            segments.push(Segment { row: tile / self.across, first, count, panel: panel - first_panel, column });
            tile += count;
        }
        segments
    }
}

/// Lines on their way through the matrices.
struct Scratch {
    line: [f32; TILE * ROOM],
    rows: [Phases; SEEN],
    lines: [Phases; SEEN],
    values: [[f32; WIDTH]; SEEN],
}

impl Scratch {
    fn new() -> Box<Self> {
        let phases = [[[0.0; ROOM]; TILE]; SEEN];
        Box::new(Self { line: [0.0; TILE * ROOM], rows: phases, lines: phases, values: [[0.0; WIDTH]; SEEN] })
    }

    /// Sorts what a segment sees of a row by the place in a tile's step; zeros lie outside the picture.
    #[inline(always)]
    fn read<R: Route>(&mut self, segment: &Segment, row: &[f32], index: usize) {
        let start = segment.first * R::STEP;
        let length = (segment.count + 1) * R::STEP;
        // The line begins one pixel before the first tile.
        let end = row.len().min(start + length - 1);
        self.line[0] = if start > 0 && start <= row.len() { row[start - 1] } else { 0.0 };
        let seen = end.saturating_sub(start);
        self.line[1..][..seen].copy_from_slice(&row[end - seen..end]);
        self.line[1 + seen..length].fill(0.0);
        for (phase, values) in self.rows[index].iter_mut().enumerate().take(R::STEP) {
            for (value, step) in values.iter_mut().zip(self.line.chunks_exact(R::STEP)).take(segment.count + 1) {
                *value = step[phase];
            }
        }
    }
}

/// Evaluates one channel of a segment's tiles.
struct Evaluation<'a, R, Place> {
    scratch: &'a mut Scratch,
    segment: &'a Segment,
    plane: &'a [f32],
    size: (usize, usize),
    /// Where a product's numbers go
    place: Place,
    route: PhantomData<R>,
}

impl<'a, R: Route, Place: Fn(usize) -> &'a mut [f32]> WithSimd for Evaluation<'_, R, Place> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scratch, segment, plane, size: (height, width), .. } = self;
        for index in 0..R::SEEN {
            let y = (segment.row * R::STEP + index).wrapping_sub(1);
            let row = if y < height { &plane[y * width..][..width] } else { &[] };
            scratch.read::<R>(segment, row, index);
        }
        let vectors = (segment.count + 1).div_ceil(lanes::<S>());
        for phase in 0..R::STEP {
            for vector in 0..vectors {
                let mut seen = [simd.splat_f32s(0.0); SEEN];
                for (seen, row) in seen.iter_mut().zip(&scratch.rows).take(R::SEEN) {
                    *seen = S::as_simd_f32s(&row[phase]).0[vector];
                }
                for (line, factors) in scratch.lines.iter_mut().zip(&R::PICTURE).take(R::POINTS.count) {
                    S::as_mut_simd_f32s(&mut line[phase]).0[vector] = combine(simd, factors, &seen);
                }
            }
        }
        let vectors = segment.count.div_ceil(lanes::<S>());
        for (point, line) in scratch.lines.iter().enumerate().take(R::POINTS.count) {
            for vector in 0..vectors {
                let first = vector * lanes::<S>();
                let mut seen = [simd.splat_f32s(0.0); SEEN];
                for (index, seen) in seen.iter_mut().enumerate().take(R::SEEN) {
                    *seen = S::as_simd_f32s(&line[index % R::STEP][first + index / R::STEP..][..lanes::<S>()]).0[0];
                }
                for (values, factors) in scratch.values.iter_mut().zip(&R::PICTURE).take(R::POINTS.count) {
                    S::as_mut_simd_f32s(values).0[vector] = combine(simd, factors, &seen);
                }
            }
            for (across, values) in scratch.values.iter().enumerate().take(R::POINTS.count) {
                (self.place)(point * R::POINTS.count + across).copy_from_slice(&values[..segment.count]);
            }
        }
    }
}

/// Writes one channel of a segment's results.
struct Interpolation<'a, R> {
    segment: &'a Segment,
    /// The segment's numbers of the first product
    products: &'a [f32],
    /// From one product to the next
    apart: usize,
    channel: usize,
    bias: f32,
    size: (usize, usize),
    output: &'a DisjointSlice<'a>,
    route: PhantomData<R>,
}

impl<R: Route> WithSimd for Interpolation<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { segment, channel, size: (height, width), .. } = self;
        let vectors = segment.count.div_ceil(lanes::<S>());
        let mut lines = [[[0.0; WIDTH]; SEEN]; TILE];
        for across in 0..R::POINTS.count {
            for vector in 0..vectors {
                let mut values = [simd.splat_f32s(0.0); SEEN];
                for (point, values) in values.iter_mut().enumerate().take(R::POINTS.count) {
                    // Past the segment there are numbers of other tiles, which are not used.
                    let product = point * R::POINTS.count + across;
                    let start = product * self.apart + vector * lanes::<S>();
                    *values = S::as_simd_f32s(&self.products[start..start + lanes::<S>()]).0[0];
                }
                for (lines, factors) in lines.iter_mut().zip(&R::INTERPOLATION).take(R::RESULTS) {
                    S::as_mut_simd_f32s(&mut lines[across]).0[vector] = combine(simd, factors, &values);
                }
            }
        }
        for (index, line) in lines.iter().enumerate().take(R::RESULTS) {
            let mut results = [[0.0; WIDTH]; TILE];
            for vector in 0..vectors {
                let mut values = [simd.splat_f32s(0.0); SEEN];
                for (values, line) in values.iter_mut().zip(line).take(R::POINTS.count) {
                    *values = S::as_simd_f32s(line).0[vector];
                }
                for (results, factors) in results.iter_mut().zip(&R::INTERPOLATION).take(R::RESULTS) {
                    let sum = combine(simd, factors, &values);
                    S::as_mut_simd_f32s(results).0[vector] = simd.add_f32s(sum, simd.splat_f32s(self.bias));
                }
            }
            let (y, x) = (segment.row * R::RESULTS + index, segment.first * R::RESULTS);
            if y < height {
                let length = (segment.count * R::RESULTS).min(width - x);
                // SAFETY: tiles lie apart, and each channel has its own plane.
                let row = unsafe { self.output.range((channel * height + y) * width + x, length) };
                interleave::<R>(&results, row);
            }
        }
    }
}

/// Takes each tile's results in turn; the last tile may reach past the row.
#[inline(always)]
fn interleave<R: Route>(results: &[[f32; WIDTH]; TILE], row: &mut [f32]) {
    let mut tiles = row.chunks_exact_mut(R::RESULTS);
    let mut whole = 0;
    for (tile, pixels) in (&mut tiles).take(WIDTH).enumerate() {
        for (pixel, results) in pixels.iter_mut().zip(results) {
            *pixel = results[tile];
        }
        whole = tile + 1;
    }
    for (pixel, results) in tiles.into_remainder().iter_mut().zip(results) {
        *pixel = results[whole];
    }
}

fn lanes<S: Simd>() -> usize {
    size_of::<S::f32s>() / size_of::<f32>()
}

/// Σ factor · value, without the factors that are zero.
#[inline(always)]
fn combine<S: Simd>(simd: S, factors: &[f32; SEEN], values: &[S::f32s; SEEN]) -> S::f32s {
    let mut sum = simd.splat_f32s(0.0);
    for index in 0..SEEN {
        if factors[index] != 0.0 {
            sum = simd.mul_add_e_f32s(simd.splat_f32s(factors[index]), values[index], sum);
        }
    }
    sum
}
