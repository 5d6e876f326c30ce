//! Evaluates pictures at the points, and interpolates products to results.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::phases::{GROUP, mix, sorted};
use super::points::{SEEN, TILE};
use super::route::Route;
use super::tiles::Segment;
use crate::frozen::arithmetic::disjoint::DisjointSlice;
use crate::frozen::arithmetic::panel::WIDTH;

/// Room for a number of each tile of a segment and of the next tile.
const ROOM: usize = WIDTH + 16;
/// Tiles that are interpolated together: as many as the widest vectors have lanes.
const BLOCK: usize = 16;

/// A line of a segment, which begins one pixel before the first tile.
type Line = [f32; TILE * ROOM];

/// A row outside of the picture.
static OUTSIDE: Line = [0.0; TILE * ROOM];

/// Intermediate lines between the two matrix products.
pub struct Scratch {
    /// The picture evaluated from top to bottom, [point]
    lines: [Line; SEEN],
    /// The same, sorted: [point][place in a tile's step][tile]
    phases: [[[f32; ROOM]; TILE]; SEEN],
}

impl Scratch {
    pub fn new() -> Box<Self> {
        Box::new(Self { lines: [[0.0; TILE * ROOM]; SEEN], phases: [[[0.0; ROOM]; TILE]; SEEN] })
    }
}

/// Evaluates one channel of a segment's tiles.
pub struct Evaluation<'a, R> {
    pub scratch: &'a mut Scratch,
    pub segment: &'a Segment,
    pub plane: &'a [f32],
    /// The plane's height and width
    pub size: (usize, usize),
    pub evaluated: &'a DisjointSlice<'a>,
    /// The place of the segment's numbers of the first product, which nothing else uses
    pub start: usize,
    /// Distance from one product to the next
    pub apart: usize,
    pub route: PhantomData<R>,
}

impl<R: Route> WithSimd for Evaluation<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.evaluate_down(simd);
        self.sort(simd);
        self.evaluate_across(simd);
    }
}

impl<R: Route> Evaluation<'_, R> {
    /// Evaluates each column of pixels.
    #[inline(always)]
    fn evaluate_down<S: Simd>(&mut self, simd: S) {
        let Self { segment, plane, size: (height, width), .. } = *self;
        let start = segment.first * R::STEP;
        // Beside its tiles, a segment sees one pixel on each side.
        let (left, seen) = (usize::from(start > 0), segment.count * R::STEP + R::SEEN - R::STEP);
        let (from, to) = (start - left, width.min(start + seen - 1));
        let (length, line) = (to - from, 1 - left);
        let rows: [&[f32]; SEEN] = std::array::from_fn(|index| {
            let y = (segment.row * R::STEP + index).wrapping_sub(1);
            if index < R::SEEN && y < height { &plane[y * width + from..][..length] } else { &OUTSIDE[..length] }
        });
        let lanes = lanes::<S>();
        let mut first = 0;
        while first + lanes <= length {
            self.evaluate_columns(simd, line + first, |row| {
                // SAFETY: each row has `length` pixels.
                unsafe { rows[row].as_ptr().add(first).cast::<S::f32s>().read_unaligned() }
            });
            first += lanes;
        }
        if first < length {
            // The numbers past the row are zeros and are overwritten below.
            self.evaluate_columns(simd, line + first, |row| {
                let mut rest = simd.splat_f32s(0.0);
                bytemuck::cast_slice_mut(std::slice::from_mut(&mut rest))[..length - first]
                    .copy_from_slice(&rows[row][first..]);
                rest
            });
        }
        for points in self.scratch.lines.iter_mut().take(R::POINTS.count) {
            points[..line].fill(0.0);
            points[line + length..seen.max(line + length)].fill(0.0);
        }
    }

    /// Evaluates a vector of columns, whose pixels `pixels` returns by row.
    #[inline(always)]
    fn evaluate_columns<S: Simd>(&mut self, simd: S, place: usize, pixels: impl Fn(usize) -> S::f32s) {
        let mut seen = [simd.splat_f32s(0.0); SEEN];
        for (row, seen) in seen.iter_mut().enumerate().take(R::SEEN) {
            *seen = pixels(row);
        }
        for (line, factors) in self.scratch.lines.iter_mut().zip(&R::PICTURE).take(R::POINTS.count) {
            store::<S>(&mut line[place..], combine(simd, factors, &seen));
        }
    }

    /// Sorts the lines by the place in a tile's step.
    #[inline(always)]
    fn sort<S: Simd>(&mut self, simd: S) {
        let count = self.segment.count;
        let Scratch { lines, phases } = &mut *self.scratch;
        for (line, phases) in lines.iter().zip(phases).take(R::POINTS.count) {
            for first in (0..count).step_by(GROUP) {
                let sorted = sorted(simd, R::STEP, &line[first * R::STEP..]);
                for (phase, sorted) in phases.iter_mut().zip(&sorted).take(R::STEP) {
                    phase[first..first + GROUP].copy_from_slice(sorted);
                }
            }
            // What the last tile sees of the next one.
            for (phase, pixel) in phases.iter_mut().zip(&line[count * R::STEP..]).take(R::SEEN - R::STEP) {
                phase[count] = *pixel;
            }
        }
    }

    /// Evaluates each row of each tile.
    #[inline(always)]
    fn evaluate_across<S: Simd>(&self, simd: S) {
        let count = self.segment.count;
        for first in (0..count).step_by(lanes::<S>()) {
            let places = lanes::<S>().min(count - first);
            for (point, phases) in self.scratch.phases.iter().enumerate().take(R::POINTS.count) {
                let mut seen = [simd.splat_f32s(0.0); SEEN];
                for (index, seen) in seen.iter_mut().enumerate().take(R::SEEN) {
                    *seen = load::<S>(&phases[index % R::STEP][first + index / R::STEP..]);
                }
                let mut values = [simd.splat_f32s(0.0); SEEN];
                for (values, factors) in values.iter_mut().zip(&R::PICTURE).take(R::POINTS.count) {
                    *values = combine(simd, factors, &seen);
                }
                let start = self.start + point * R::POINTS.count * self.apart + first;
                if places == lanes::<S>() {
                    for (across, values) in values.iter().enumerate().take(R::POINTS.count) {
                        // SAFETY: nothing else uses the segment's places.
                        store::<S>(unsafe { self.evaluated.range(start + across * self.apart, places) }, *values);
                    }
                } else {
                    self.write_rest(start, places, bytemuck::cast_slice(&values[..R::POINTS.count]));
                }
            }
        }
    }

    /// Writes the first numbers of vectors that reach past the segment.
    #[cold]
    #[inline(never)]
    fn write_rest(&self, start: usize, places: usize, vectors: &[f32]) {
        for (across, values) in vectors.chunks_exact(vectors.len() / R::POINTS.count).enumerate() {
            // SAFETY: nothing else uses the segment's places.
            let place = unsafe { self.evaluated.range(start + across * self.apart, places) };
            place.copy_from_slice(&values[..places]);
        }
    }
}

/// Intermediate lines of a block of tiles.
pub struct Lines {
    /// The products interpolated from top to bottom, [result][point][tile]
    down: [[[f32; BLOCK]; SEEN]; TILE],
    /// A row of results, [place in the tile][tile]
    results: [[f32; BLOCK]; TILE],
}

impl Lines {
    pub const fn new() -> Self {
        Self { down: [[[0.0; BLOCK]; SEEN]; TILE], results: [[0.0; BLOCK]; TILE] }
    }
}

/// Writes one channel of a segment's results.
pub struct Interpolation<'a, R> {
    pub lines: &'a mut Lines,
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
    fn with_simd<S: Simd>(mut self, simd: S) {
        for first in (0..self.segment.count).step_by(BLOCK) {
            self.interpolate(simd, first, BLOCK.min(self.segment.count - first));
        }
    }
}

impl<R: Route> Interpolation<'_, R> {
    /// Writes the results of `count` tiles, a block or less.
    #[inline(always)]
    fn interpolate<S: Simd>(&mut self, simd: S, first: usize, count: usize) {
        let vectors = (0..count).step_by(lanes::<S>());
        let last = (R::PRODUCTS - 1) * self.apart + first + count.next_multiple_of(lanes::<S>());
        assert!(last <= self.products.len());
        for across in 0..R::POINTS.count {
            for vector in vectors.clone() {
                let mut values = [simd.splat_f32s(0.0); SEEN];
                for (point, values) in values.iter_mut().enumerate().take(R::POINTS.count) {
                    // The numbers past the segment are from other tiles and are not used.
                    let start = (point * R::POINTS.count + across) * self.apart + first + vector;
                    // SAFETY: the last start and a vector were checked above.
                    *values = unsafe { self.products.as_ptr().add(start).cast::<S::f32s>().read_unaligned() };
                }
                for (line, factors) in self.lines.down.iter_mut().zip(&R::INTERPOLATION).take(R::RESULTS) {
                    store::<S>(&mut line[across][vector..], combine(simd, factors, &values));
                }
            }
        }
        for index in 0..R::RESULTS {
            for vector in vectors.clone() {
                let mut values = [simd.splat_f32s(0.0); SEEN];
                for (values, line) in values.iter_mut().zip(&self.lines.down[index]).take(R::POINTS.count) {
                    *values = load::<S>(&line[vector..]);
                }
                for (results, factors) in self.lines.results.iter_mut().zip(&R::INTERPOLATION).take(R::RESULTS) {
                    let sum = combine(simd, factors, &values);
                    store::<S>(&mut results[vector..], simd.add_f32s(sum, simd.splat_f32s(self.bias)));
                }
            }
            let y = self.segment.row * R::RESULTS + index;
            if y < self.size.0 {
                self.write(simd, y, first, count);
            }
        }
    }

    /// Writes a row of results of `count` tiles from `first` on.
    #[inline(always)]
    fn write<S: Simd>(&self, simd: S, y: usize, first: usize, count: usize) {
        let (height, width) = self.size;
        for tile in (0..count).step_by(GROUP) {
            let sorted =
                self.lines.results.each_ref().map(|results| std::array::from_fn(|index| results[tile + index]));
            let x = (self.segment.first + first + tile) * R::RESULTS;
            // The last tile may reach past the row.
            let length = (GROUP.min(count - tile) * R::RESULTS).min(width - x);
            // SAFETY: tiles do not overlap, and each channel has its own plane.
            let row = unsafe { self.output.range((self.channel * height + y) * width + x, length) };
            if length == GROUP * R::RESULTS {
                mix(simd, R::RESULTS, &sorted, row);
            } else {
                let mut line = [0.0; GROUP * TILE];
                mix(simd, R::RESULTS, &sorted, &mut line);
                row.copy_from_slice(&line[..length]);
            }
        }
    }
}

fn lanes<S: Simd>() -> usize {
    size_of::<S::f32s>() / size_of::<f32>()
}

/// The first numbers of a slice.
#[inline(always)]
fn load<S: Simd>(values: &[f32]) -> S::f32s {
    S::as_simd_f32s(&values[..lanes::<S>()]).0[0]
}

/// Overwrites the first numbers of a slice.
#[inline(always)]
fn store<S: Simd>(values: &mut [f32], vector: S::f32s) {
    S::as_mut_simd_f32s(&mut values[..lanes::<S>()]).0[0] = vector;
}

/// Σ factor · value, without the factors that are zero.
#[inline(always)]
fn combine<S: Simd>(simd: S, factors: &[f32; SEEN], values: &[S::f32s; SEEN]) -> S::f32s {
    let mut sum = None;
    for (factor, value) in factors.iter().zip(values) {
        if *factor != 0.0 {
            let factor = simd.splat_f32s(*factor);
            sum = Some(match sum {
                None => simd.mul_f32s(factor, *value),
                Some(sum) => simd.mul_add_e_f32s(factor, *value, sum),
            });
        }
    }
    sum.unwrap_or_else(|| simd.splat_f32s(0.0))
}
