//! Sharpens the edges of an enlarged drawing.
//!
//! A shock filter (Osher and Rudin, "Feature-Oriented Image Enhancement Using Shock Filters", 1990): colors spread from both
//! sides toward the middle of an edge until they meet. Which side a pixel belongs to follows from the second derivative
//! across the edge, of a blurred picture, so that texture makes no edges (Alvarez and Mazorra 1994); the direction across is
//! that in which all colors together change most (Weickert, "Coherence-Enhancing Shock Filters", 2003; the tensor of Di Zenzo
//! 1986), so that the edges of the three colors stay together.

use image::RgbImage;
use rayon::prelude::*;

use super::tiles::{Span, Tiling};
use super::{Factor, Watch};
use crate::Result;
use crate::picture::Size;

/// How far pixels are looked at together, as the deviation of a Gaussian in pixels of the small picture. Less leaves
/// steps within soft edges; more rounds corners.
const DEVIATION: f32 = 0.75;
/// Steps for each time that the picture is enlarged: soft edges are about four small pixels wide.
const STEPS: usize = 8;
/// After so many steps, the sides of edges are looked for again.
const STEPS_TOGETHER: usize = 4;
/// How far colors spread in a step, in pixels; more than a half is not stable.
const PACE: f32 = 0.5;
/// Where the second derivative is below the inverse of this, colors spread more slowly: plain areas stay plain.
const GAIN: f32 = 400.0;
/// The tiles of an enlarged picture. The margin covers all that a pixel depends on: 32 steps, and eight times a blur of nine
/// pixels and a derivative.
const TILING: Tiling = Tiling { side: 1024, margin: 128 };
/// Numbers for each pixel of a tile: two pictures, a blurred one, an intermediate one, and the sides.
const NUMBERS: u64 = 5 * 3;

/// Three colors as planes of numbers from 0 to 1.
#[derive(Clone)]
struct Planes {
    width: usize,
    planes: [Vec<f32>; 3],
}

/// The number of tiles of an enlarged picture of a size.
pub(super) fn tiles(size: Size) -> usize {
    TILING.spans(size.width).len() * TILING.spans(size.height).len()
}

/// How far from a pixel of the small picture others decide what becomes of it.
pub(super) fn margin(factor: Factor) -> usize {
    // And the lobes of the filter before.
    TILING.margin.div_ceil(factor.times()) + 4
}

/// The memory for an enlarged picture of a size beside the picture and the result, in bytes.
pub(super) fn memory(size: Size) -> u64 {
    let (width, height) = (TILING.longest(size.width), TILING.longest(size.height));
    4 * NUMBERS * (width * height) as u64
}

/// The picture with its outermost pixels replaced by those next to them. A VQGAN sees zeros around a picture, which discolor
/// its rim.
pub(super) fn without_rim(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let inner = |at: u32, side: u32| if side > 2 { at.clamp(1, side - 2) } else { at };
    RgbImage::from_fn(width, height, |x, y| *picture.get_pixel(inner(x, width), inner(y, height)))
}

/// The picture, which was enlarged by a factor, with sharp edges. Calls `watch` after each tile.
///
/// # Errors
/// If there is not enough memory, or `watch` returns an error.
pub(super) fn sharpen(enlarged: &RgbImage, factor: Factor, watch: &mut Watch) -> Result<RgbImage> {
    in_tiles(enlarged, factor, TILING, watch)
}

fn in_tiles(enlarged: &RgbImage, factor: Factor, tiling: Tiling, watch: &mut Watch) -> Result<RgbImage> {
    let size = Size::of(enlarged);
    let mut sharpened = super::blank(size)?;
    let columns = tiling.spans(size.width);
    for rows in tiling.spans(size.height) {
        for columns in &columns {
            let tile = Planes::read(enlarged, &rows, columns).sharpened(factor);
            tile.write(&rows, columns, &mut sharpened);
            watch()?;
        }
    }
    Ok(sharpened)
}

impl Planes {
    fn read(picture: &RgbImage, rows: &Span, columns: &Span) -> Self {
        let (bytes, row_length) = (picture.as_raw(), 3 * picture.width() as usize);
        let plane = |channel: usize| {
            let row = |y: usize| {
                let row = &bytes[y * row_length + 3 * columns.read.start..y * row_length + 3 * columns.read.end];
                row.chunks_exact(3).map(move |pixel| f32::from(pixel[channel]) / 255.0)
            };
            rows.read.clone().flat_map(row).collect()
        };
        Self { width: columns.read.len(), planes: [plane(0), plane(1), plane(2)] }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn write(&self, rows: &Span, columns: &Span, picture: &mut RgbImage) {
        let row_length = 3 * picture.width() as usize;
        let bytes: &mut [u8] = picture;
        for y in rows.kept.clone() {
            let from = (y - rows.read.start) * self.width + columns.kept.start - columns.read.start;
            let row = &mut bytes[y * row_length + 3 * columns.kept.start..][..3 * columns.kept.len()];
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                for (byte, plane) in pixel.iter_mut().zip(&self.planes) {
                    *byte = (plane[from + x].clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            }
        }
    }

    fn sharpened(mut self, factor: Factor) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let kernel = gaussian(DEVIATION * factor.times() as f32);
        let (mut next, mut sides, mut blurred) = (self.clone(), self.clone(), self.clone());
        for _ in 0..STEPS * factor.times() / STEPS_TOGETHER {
            // `next` is free until the first step.
            self.blur(&kernel, &mut next, &mut blurred);
            blurred.find_sides(&mut sides);
            for _ in 0..STEPS_TOGETHER {
                self.step(&sides, &mut next);
                std::mem::swap(&mut self, &mut next);
            }
        }
        self
    }

    /// Blurs into `blurred`, across and then down; `between` is overwritten. The last row and column are repeated.
    fn blur(&self, kernel: &[f32], between: &mut Self, blurred: &mut Self) {
        let (width, reach) = (self.width, kernel.len() / 2);
        for channel in 0..3 {
            let source = &self.planes[channel];
            between.planes[channel].par_chunks_mut(width).zip(source.par_chunks(width)).for_each(|(target, row)| {
                let mut padded = vec![row[0]; reach];
                padded.extend_from_slice(row);
                padded.resize(width + 2 * reach, row[width - 1]);
                target.fill(0.0);
                for (tap, weight) in kernel.iter().enumerate() {
                    target.iter_mut().zip(&padded[tap..]).for_each(|(sum, value)| *sum += weight * value);
                }
            });
            let source = &between.planes[channel];
            let last = source.len() / width - 1;
            blurred.planes[channel].par_chunks_mut(width).enumerate().for_each(|(y, target)| {
                target.fill(0.0);
                for (tap, weight) in kernel.iter().enumerate() {
                    let from = (y + tap).saturating_sub(reach).min(last);
                    let row = &source[from * width..][..width];
                    target.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
                }
            });
        }
    }

    /// For each color of each pixel, from -1 on the bright side of an edge to 1 on the dark side: the second derivative
    /// across the edge, the direction in which all colors of this picture together change most.
    fn find_sides(&self, sides: &mut Self) {
        let (width, last) = (self.width, self.planes[0].len() / self.width - 1);
        let [red, green, blue] = &mut sides.planes;
        let targets = red.par_chunks_mut(width).zip(green.par_chunks_mut(width)).zip(blue.par_chunks_mut(width));
        targets.enumerate().for_each(|(y, ((red, green), blue))| {
            let slopes = self.planes.each_ref().map(|plane| {
                let row = |y: usize| &plane[y * width..][..width];
                Slopes::of(row(y.saturating_sub(1)), row(y), row((y + 1).min(last)))
            });
            let directions = across(&slopes);
            for (target, slopes) in [red, green, blue].into_iter().zip(&slopes) {
                slopes.sides(&directions, target);
            }
        });
    }

    /// Spreads colors toward the edges, upwind (Osher and Sethian 1988).
    fn step(&self, sides: &Self, next: &mut Self) {
        let width = self.width;
        for channel in 0..3 {
            let source = &self.planes[channel];
            let last = source.len() / width - 1;
            let targets = next.planes[channel].par_chunks_mut(width).zip(sides.planes[channel].par_chunks(width));
            targets.enumerate().for_each(|(y, (target, sides))| {
                let row = |y: usize| &source[y * width..][..width];
                let (above, middle, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(last)));
                let at = |x: usize, left: usize, right: usize| {
                    moved(middle[x], [middle[left], middle[right], above[x], below[x]], sides[x])
                };
                target[0] = at(0, 0, 1.min(width - 1));
                target[width - 1] = at(width - 1, width.saturating_sub(2), width - 1);
                let inner = middle.windows(3).zip(&above[1..]).zip(&below[1..]).zip(&sides[1..]);
                for (value, (((row, above), below), side)) in target[1..].iter_mut().zip(inner) {
                    *value = moved(row[1], [row[0], row[2], *above, *below], *side);
                }
            });
        }
    }
}

/// The derivatives of a color along a row.
struct Slopes {
    x: Vec<f32>,
    y: Vec<f32>,
    xx: Vec<f32>,
    xy: Vec<f32>,
    yy: Vec<f32>,
}

impl Slopes {
    /// The first and the last pixel of each row are repeated.
    fn of(above: &[f32], row: &[f32], below: &[f32]) -> Self {
        let width = row.len();
        let padded = |row: &[f32]| {
            let mut padded = Vec::with_capacity(width + 2);
            padded.extend_from_slice(&row[..1]);
            padded.extend_from_slice(row);
            padded.extend_from_slice(&row[width - 1..]);
            padded
        };
        let (above_padded, row_padded, below_padded) = (padded(above), padded(row), padded(below));
        let (left, right) = (&row_padded[..width], &row_padded[2..]);
        let (above_left, above_right) = (&above_padded[..width], &above_padded[2..]);
        let (below_left, below_right) = (&below_padded[..width], &below_padded[2..]);
        let all = |of: &dyn Fn(usize) -> f32| (0..width).map(of).collect();
        Self {
            x: all(&|x| (right[x] - left[x]) / 2.0),
            y: all(&|x| (below[x] - above[x]) / 2.0),
            xx: all(&|x| right[x] - 2.0 * row[x] + left[x]),
            xy: all(&|x| (below_right[x] - below_left[x] - above_right[x] + above_left[x]) / 4.0),
            yy: all(&|x| below[x] - 2.0 * row[x] + above[x]),
        }
    }

    fn sides(&self, directions: &[[f32; 3]], target: &mut [f32]) {
        let second = self.xx.iter().zip(&self.xy).zip(&self.yy).zip(directions);
        for (side, (((xx, xy), yy), direction)) in target.iter_mut().zip(second) {
            let across = direction[0] * xx + 2.0 * direction[1] * xy + direction[2] * yy;
            *side = (across * GAIN).clamp(-1.0, 1.0);
        }
    }
}

/// For each pixel of a row, the products xx, xy and yy of the components of the unit vector along which the colors change
/// most.
fn across(slopes: &[Slopes; 3]) -> Vec<[f32; 3]> {
    let at = |x: usize| {
        let sum = |of: &dyn Fn(&Slopes) -> f32| slopes.iter().map(of).sum::<f32>();
        let xx = sum(&|color| color.x[x] * color.x[x]);
        let xy = sum(&|color| color.x[x] * color.y[x]);
        let yy = sum(&|color| color.y[x] * color.y[x]);
        let length = ((xx - yy) * (xx - yy) + 4.0 * xy * xy).sqrt();
        if length <= f32::MIN_POSITIVE {
            return [1.0, 0.0, 0.0];
        }
        let cosine = (xx - yy) / length;
        [0.5 + 0.5 * cosine, xy / length, 0.5 - 0.5 * cosine]
    };
    (0..slopes[0].x.len()).map(at).collect()
}

/// A color after a step; `around` has those on its left, on its right, above and below.
fn moved(color: f32, [left, right, above, below]: [f32; 4], side: f32) -> f32 {
    let square = |value: f32| value * value;
    // Toward brighter neighbors, and toward darker ones.
    let rising =
        square((right - color).max(left - color).max(0.0)) + square((below - color).max(above - color).max(0.0));
    let falling =
        square((color - right).max(color - left).max(0.0)) + square((color - below).max(color - above).max(0.0));
    let slope = if side > 0.0 { falling } else { rising };
    color - PACE * side * slope.sqrt()
}

/// A Gaussian whose weights sum to 1, three deviations to each side.
fn gaussian(deviation: f32) -> Vec<f32> {
    #[allow(clippy::cast_possible_truncation)]
    let reach = (3.0 * deviation).ceil() as i16;
    let weight = |at: i16| (-f64::from(at) * f64::from(at) / (2.0 * f64::from(deviation) * f64::from(deviation))).exp();
    let weights: Vec<f64> = (-reach..=reach).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    #[allow(clippy::cast_possible_truncation)]
    weights.into_iter().map(|weight| (weight / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blobs with soft edges on a plain color.
    fn soft(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (f64::from(x), f64::from(y));
            let inside = ((x / 23.0).sin() + (y / 31.0).cos() + (x * y / 4000.0).sin()).clamp(-0.4, 0.4) / 0.8 + 0.5;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let mixed = |from: f64, to: f64| (from + (to - from) * inside).round() as u8;
            image::Rgb([mixed(245.0, 220.0), mixed(245.0, 40.0), mixed(245.0, 60.0)])
        })
    }

    fn sharpened(picture: &RgbImage, tiling: Tiling) -> RgbImage {
        in_tiles(picture, Factor::of(4).unwrap(), tiling, &mut || Ok(())).unwrap()
    }

    /// The mean of the steepest differences between neighbors in each row.
    fn steepness(picture: &RgbImage) -> f64 {
        let rows = picture.rows().map(|row| {
            let green: Vec<u8> = row.map(|pixel| pixel[1]).collect();
            green.windows(2).map(|pair| f64::from(pair[0].abs_diff(pair[1]))).fold(0.0, f64::max)
        });
        rows.sum::<f64>() / f64::from(picture.height())
    }

    #[test]
    fn soft_edges_become_sharp() {
        let picture = soft(160, 120);
        let sharp = sharpened(&picture, TILING);
        assert!(steepness(&sharp) > 5.0 * steepness(&picture), "{} {}", steepness(&picture), steepness(&sharp));
        // Only the two colors and little between them are left.
        let between = sharp.pixels().filter(|pixel| (60..225).contains(&pixel[1])).count();
        assert!(between < 160 * 120 / 10, "{between}");
    }

    #[test]
    fn the_rim_is_like_what_is_next_to_it() {
        let is_rim = |x: u32, y: u32| x == 0 || y == 0 || x == 8 || y == 6;
        let rimmed = RgbImage::from_fn(9, 7, |x, y| image::Rgb(if is_rim(x, y) { [0; 3] } else { [9, 90, 200] }));
        assert!(without_rim(&rimmed) == RgbImage::from_pixel(9, 7, image::Rgb([9, 90, 200])));
        let tiny = RgbImage::from_pixel(2, 1, image::Rgb([1; 3]));
        assert!(without_rim(&tiny) == tiny);
    }

    #[test]
    fn a_plain_picture_stays_plain() {
        for size in [(1, 1), (1, 9), (7, 1), (40, 30)] {
            let plain = RgbImage::from_pixel(size.0, size.1, image::Rgb([200, 31, 7]));
            assert!(sharpened(&plain, TILING) == plain, "{size:?}");
        }
    }

    #[test]
    fn neither_tiles_nor_threads_change_a_pixel() {
        let picture = soft(500, 330);
        let whole = sharpened(&picture, TILING);
        let margin = TILING.margin;
        assert!(sharpened(&picture, Tiling { side: 2 * margin + 64, margin }) == whole);
        assert!(sharpened(&picture, Tiling { side: 80, margin: 8 }) != whole, "a small margin leaves seams");
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert!(alone.install(|| sharpened(&picture, TILING)) == whole);
    }
}
