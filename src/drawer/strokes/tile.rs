//! A tile of the picture: which of its pixels a stroke covers, and how much.

use super::coverage::{Coverage, coverage};
use super::curve::{Vector, dot, minus};
use super::real::Real;
use super::scene::{Bounds, Scene, Stroke, touch};
use crate::picture::Size;

/// Width and height of a tile, in pixels.
pub const SIDE: usize = 16;
/// The number of pixels of a tile.
pub const PIXELS: usize = SIDE * SIDE;

/// A tile; those on the right and at the bottom may reach beyond the picture.
#[derive(Clone, Copy)]
pub struct Tile {
    /// The first column
    pub left: usize,
    /// The first row
    pub top: usize,
    /// The number of columns in the picture
    pub columns: usize,
    /// The number of rows in the picture
    pub rows: usize,
}

/// The number of tiles of a picture.
pub fn tiles(size: Size) -> usize {
    size.width.div_ceil(SIDE) * size.height.div_ceil(SIDE)
}

impl Tile {
    /// A tile of a picture, row by row.
    pub fn of(index: usize, size: Size) -> Self {
        let across = size.width.div_ceil(SIDE);
        let (left, top) = (index % across * SIDE, index / across * SIDE);
        Self { left, top, columns: SIDE.min(size.width - left), rows: SIDE.min(size.height - top) }
    }

    /// The box of the centers of its pixels.
    #[allow(clippy::cast_precision_loss)]
    pub fn bounds<T: Real>(&self) -> Bounds<T> {
        let (left, top) = (self.left as f64 + 0.5, self.top as f64 + 0.5);
        let (right, bottom) = (left + (self.columns - 1) as f64, top + (self.rows - 1) as f64);
        [T::of(left), T::of(top), T::of(right), T::of(bottom)]
    }
}

/// A pixel that a stroke covers, at least in part.
pub struct Covered<T> {
    /// The pixel, row by row in rows of [`SIDE`] pixels
    pub pixel: usize,
    /// How much of it is covered
    pub coverage: Coverage<T>,
    /// The nearest place of the stroke: a curve and its `t`; none if the pixel is deep inside, where no parameter
    /// changes the coverage
    pub nearest: Option<(usize, T)>,
}

/// The line of a stroke that is nearest to each pixel of a tile.
pub struct Field<T> {
    squares: [T; PIXELS],
    lines: [u32; PIXELS],
    along: [T; PIXELS],
}

impl<T: Real> Field<T> {
    /// A field for any tile.
    pub fn new() -> Self {
        Self { squares: [T::of(0.0); PIXELS], lines: [0; PIXELS], along: [T::of(0.0); PIXELS] }
    }

    /// Finds the nearest lines within the stroke's reach. Returns whether any pixel of the tile is within reach.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn measure(&mut self, stroke: &Stroke<T>, tile: &Tile) -> bool {
        let limit = stroke.radius + T::of(1.0) + stroke.slack;
        let bounds = tile.bounds();
        let mut found = false;
        let zero = T::of(0.0);
        for (index, line) in stroke.lines.iter().enumerate() {
            if !touch(&line.bounds, &bounds) {
                continue;
            }
            if !found {
                self.squares = [limit * limit; PIXELS];
                found = true;
            }
            // The columns and rows whose centers are in the box of the line.
            let range = |low: T, high: T, first: usize, count: usize| {
                let low = (low.wide() - 0.5 - first as f64).ceil().max(0.0) as usize;
                let high = ((high.wide() - 0.5 - first as f64).floor() + 1.0).clamp(0.0, count as f64) as usize;
                low.min(high)..high
            };
            let columns = range(line.bounds[0], line.bounds[2], tile.left, tile.columns);
            let rows = range(line.bounds[1], line.bounds[3], tile.top, tile.rows);
            let first = T::of(tile.left as f64 + 0.5 + columns.start as f64) - line.start[0];
            let index = index as u32;
            for row in rows {
                let y = T::of((tile.top + row) as f64 + 0.5) - line.start[1];
                let pixels = row * SIDE + columns.start..row * SIDE + columns.end;
                let squares = &mut self.squares[pixels.clone()];
                let lines = &mut self.lines[pixels.clone()];
                let along = &mut self.along[pixels];
                let by_y = y * line.along[1];
                for (column, ((square, nearest), place)) in squares.iter_mut().zip(lines).zip(along).enumerate() {
                    let x = first + T::of(f64::from(column as u32));
                    let t = ((x * line.along[0] + by_y) * line.inverse).clamped();
                    let (across, down) = (x - t * line.along[0], y - t * line.along[1]);
                    let other = across * across + down * down;
                    let is_nearer = other < *square;
                    *square = if is_nearer { other } else { *square };
                    *nearest = if is_nearer { index } else { *nearest };
                    *place = if is_nearer { t } else { *place };
                }
            }
        }
        found && zero < limit
    }

    /// Calls `each` with every pixel of a tile that a stroke covers, row by row.
    pub fn covered(
        &mut self,
        scene: &Scene<T>,
        index: usize,
        stroke: &Stroke<T>,
        tile: &Tile,
        mut each: impl FnMut(Covered<T>),
    ) {
        if !self.measure(stroke, tile) {
            return;
        }
        let (one, zero) = (T::of(1.0), T::of(0.0));
        let limit = stroke.radius + one + stroke.slack;
        let (limit, deep) = (limit * limit, stroke.radius - one - stroke.slack);
        let deep = if deep > zero { deep * deep } else { zero };
        for row in 0..tile.rows {
            for pixel in row * SIDE..row * SIDE + tile.columns {
                let square = self.squares[pixel];
                if square >= limit {
                    continue;
                }
                if square < deep {
                    let coverage = Coverage { share: one, by_distance: zero, by_radius: zero };
                    each(Covered { pixel, coverage, nearest: None });
                    continue;
                }
                let line = &stroke.lines[self.lines[pixel] as usize];
                let guess = line.range[0] + self.along[pixel] * line.range[1];
                let segment = usize::from(line.segment);
                let (t, distance) = scene.curve(index, segment).nearest(center(tile, pixel), guess);
                let coverage = coverage(distance, stroke.radius);
                if coverage.share > zero {
                    each(Covered { pixel, coverage, nearest: Some((segment, t)) });
                }
            }
        }
    }
}

/// The center of a pixel of a tile.
#[allow(clippy::cast_precision_loss)]
pub fn center<T: Real>(tile: &Tile, pixel: usize) -> Vector<T> {
    let (x, y) = (tile.left + pixel % SIDE, tile.top + pixel / SIDE);
    [T::of(x as f64 + 0.5), T::of(y as f64 + 0.5)]
}

/// The direction from a place of a curve to a pixel, with length 1; none if they are at one place.
pub fn direction<T: Real>(from: Vector<T>, to: Vector<T>) -> Option<Vector<T>> {
    let apart = minus(to, from);
    let distance = dot(apart, apart).root();
    (distance > T::of(0.0)).then(|| [apart[0] / distance, apart[1] / distance])
}
