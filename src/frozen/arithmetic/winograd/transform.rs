//! Evaluates pictures at the points, and interpolates products to results.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::points::{SEEN, TILE};
use super::route::Route;
use super::tiles::Segment;
use crate::frozen::arithmetic::disjoint::DisjointSlice;
use crate::frozen::arithmetic::panel::WIDTH;

/// Room for a number of each tile of a block and of the next tile.
const ROOM: usize = WIDTH + 16;

/// Numbers of a row of tiles, [position in a tile's step][tile].
type Phases = [[f32; ROOM]; TILE];

/// Intermediate lines between the two matrix products.
pub struct Scratch {
    line: [f32; TILE * ROOM],
    rows: [Phases; SEEN],
    lines: [Phases; SEEN],
    values: [[f32; WIDTH]; SEEN],
}

impl Scratch {
    pub fn new() -> Box<Self> {
        let phases = [[[0.0; ROOM]; TILE]; SEEN];
        Box::new(Self { line: [0.0; TILE * ROOM], rows: phases, lines: phases, values: [[0.0; WIDTH]; SEEN] })
    }

    /// Sorts a segment's part of a row by the position in a tile's step, with zeros outside the picture.
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
pub struct Evaluation<'a, R, Place> {
    pub scratch: &'a mut Scratch,
    pub segment: &'a Segment,
    pub plane: &'a [f32],
    /// The plane's height and width
    pub size: (usize, usize),
    /// The destination of a product's numbers
    pub place: Place,
    pub route: PhantomData<R>,
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
pub struct Interpolation<'a, R> {
    pub segment: &'a Segment,
    /// The segment's numbers of the first product
    pub products: &'a [f32],
    /// Distance from one product to the next
    pub apart: usize,
    pub channel: usize,
    pub bias: f32,
    /// Height and width of the results
    pub size: (usize, usize),
    pub output: &'a DisjointSlice<'a>,
    pub route: PhantomData<R>,
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
                    // The numbers past the segment are from other tiles and are not used.
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
                // SAFETY: tiles do not overlap, and each channel has its own plane.
                let row = unsafe { self.output.range((channel * height + y) * width + x, length) };
                interleave::<R>(&results, row);
            }
        }
    }
}

/// Takes the tiles' results in turn; the last tile may reach past the row.
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
