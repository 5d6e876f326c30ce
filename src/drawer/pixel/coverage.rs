//! The exact area of each pixel that each cell covers, from polygons that are clipped to the square of the pixel
//! (Sutherland and Hodgman, Reentrant polygon clipping, 1974).

use rayon::prelude::*;

use super::shapes::{Cells, Point};
use crate::picture::Size;

/// Areas below this share of a pixel are rounding errors.
const LEAST: f64 = 1e-9;

/// The pixels that cells cover.
pub(super) struct Coverage {
    /// For each cell, in order: its pixels, numbered row by row and ascending, and the share of each that it covers
    pub(super) of_cells: Vec<Vec<(u32, f32)>>,
}

impl Coverage {
    /// The coverage of cells whose `grid` fills a picture of this size. The shares of each pixel add up to one.
    pub(super) fn new(cells: &Cells, grid: Size, picture: Size) -> Self {
        let scale = scale(grid, picture);
        let areas: Vec<Vec<(u32, f64)>> = cells
            .cells
            .par_iter()
            .map(|cell| {
                let mut found = Vec::new();
                for polygon in cell {
                    let corners: Vec<Point> = polygon.iter().map(|(x, y)| (x * scale.0, y * scale.1)).collect();
                    cover(&corners, picture, &mut found);
                }
                sum_of_pixels(&mut found);
                found
            })
            .collect();
        let mut totals = vec![0.0; picture.width * picture.height];
        for (pixel, area) in areas.iter().flatten() {
            totals[*pixel as usize] += area;
        }
        #[allow(clippy::cast_possible_truncation)]
        let share = |(pixel, area): (u32, f64)| (pixel, (area / totals[pixel as usize]) as f32);
        let of_cells = areas.into_iter().map(|areas| areas.into_iter().map(share).collect()).collect();
        Self { of_cells }
    }

    /// The coverage of `count` cells, of which each is all of these cells that have its `place`.
    pub(super) fn joined(self, count: usize, place: impl Fn(usize) -> usize) -> Self {
        let mut of_cells = vec![Vec::new(); count];
        for (cell, pixels) in self.of_cells.into_iter().enumerate() {
            of_cells[place(cell)].extend(pixels);
        }
        of_cells.iter_mut().for_each(sum_of_pixels);
        Self { of_cells }
    }

    /// For each cell, the pixel that it covers most, or the first such pixel; none for a cell outside the picture.
    pub(super) fn fullest(&self) -> impl Iterator<Item = Option<u32>> {
        let fullest = |pixels: &Vec<(u32, f32)>| {
            pixels.iter().reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(pixel, _)| *pixel)
        };
        self.of_cells.iter().map(fullest)
    }
}

/// Sorts pixels, and adds up what several parts of a cell cover of one pixel.
fn sum_of_pixels<T: std::ops::AddAssign + Copy>(found: &mut Vec<(u32, T)>) {
    found.sort_by_key(|(pixel, _)| *pixel);
    found.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

/// Pixels per cell of the grid, across and down.
#[allow(clippy::cast_precision_loss)]
pub(super) fn scale(grid: Size, picture: Size) -> (f64, f64) {
    (picture.width as f64 / grid.width as f64, picture.height as f64 / grid.height as f64)
}

/// Adds the pixels that a convex polygon covers, with the covered areas.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn cover(corners: &[Point], picture: Size, found: &mut Vec<(u32, f64)>) {
    let span = |values: &mut dyn Iterator<Item = f64>, most: usize| {
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        (low.floor().clamp(0.0, most as f64) as usize, high.ceil().clamp(0.0, most as f64) as usize)
    };
    let (top, bottom) = span(&mut corners.iter().map(|corner| corner.1), picture.height);
    for y in top..bottom {
        let band = cut(&cut(corners, |(_, v)| v - y as f64), |(_, v)| (y + 1) as f64 - v);
        if band.is_empty() {
            continue;
        }
        let (left, right) = span(&mut band.iter().map(|corner| corner.0), picture.width);
        for x in left..right {
            let part = cut(&cut(&band, |(u, _)| u - x as f64), |(u, _)| (x + 1) as f64 - u);
            let area = area(&part);
            if area > LEAST {
                found.push(((y * picture.width + x) as u32, area));
            }
        }
    }
}

/// The part of a convex polygon where the linear function `inside` is not negative.
fn cut(corners: &[Point], inside: impl Fn(Point) -> f64) -> Vec<Point> {
    let mut kept = Vec::with_capacity(corners.len() + 1);
    for (index, &corner) in corners.iter().enumerate() {
        let next = corners[(index + 1) % corners.len()];
        let (here, there) = (inside(corner), inside(next));
        if here >= 0.0 {
            kept.push(corner);
        }
        if (here > 0.0 && there < 0.0) || (here < 0.0 && there > 0.0) {
            let at = here / (here - there);
            kept.push((corner.0 + at * (next.0 - corner.0), corner.1 + at * (next.1 - corner.1)));
        }
    }
    kept
}

/// The area of a polygon (the shoelace formula).
fn area(corners: &[Point]) -> f64 {
    let Some(&(x, y)) = corners.first() else { return 0.0 };
    let pairs = corners.iter().zip(corners.iter().skip(1));
    // Relative to the first corner: far from the origin, the terms are large and nearly cancel.
    pairs.map(|(a, b)| (a.0 - x) * (b.1 - y) - (b.0 - x) * (a.1 - y)).sum::<f64>().abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::PixelShape;

    /// Each pixel is covered once, and each cell covers its area within the picture, whether or not edges fall on whole
    /// pixels.
    #[test]
    #[allow(clippy::cast_precision_loss)]
    fn cells_cover_their_area() {
        for (shape, name) in PixelShape::ALL {
            for (grid, size) in [((4, 3), (32, 24)), ((5, 4), (37, 41)), ((7, 6), (9, 8)), ((1, 1), (5, 3))] {
                let grid = Size { width: grid.0, height: grid.1 };
                let size = Size { width: size.0, height: size.1 };
                let cells = shape.cells(grid);
                let coverage = Coverage::new(&cells, grid, size);
                let mut pixels = vec![0.0; size.width * size.height];
                for (pixel, share) in coverage.of_cells.iter().flatten() {
                    pixels[*pixel as usize] += f64::from(*share);
                }
                assert!(pixels.iter().all(|total| (total - 1.0).abs() < 1e-6), "{name} {grid} {size}: {pixels:?}");
                let (across, down) = scale(grid, size);
                let scale = across * down;
                let inside = |(x, y): (f64, f64)| {
                    (0.0..=grid.width as f64).contains(&x) && (0.0..=grid.height as f64).contains(&y)
                };
                for (cell, covered) in cells.cells.iter().zip(&coverage.of_cells) {
                    if cell.iter().flatten().all(|corner| inside(*corner)) {
                        let total: f64 = covered.iter().map(|(_, share)| f64::from(*share)).sum();
                        // Each cell has the area of a cell of the grid.
                        assert!((total / scale - 1.0).abs() < 1e-3, "{name} {grid} {size}: {total}");
                    }
                }
                let total: f64 = coverage.of_cells.iter().flatten().map(|(_, share)| f64::from(*share)).sum();
                assert!((total / (size.width * size.height) as f64 - 1.0).abs() < 1e-6);
            }
        }
    }
}
