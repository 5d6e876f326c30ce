//! Draws scenes, and computes the gradient of what was drawn.
//!
//! Each tile is drawn by itself, and its strokes in their order, so the picture does not depend on threads. For the
//! gradient, a tile is drawn again, now keeping what each stroke covers and what was below it; the gradients of tiles are
//! added in the order of the tiles. So nothing is kept for all tiles at once.

use std::ops::Range;

use rayon::prelude::*;

use super::curve::{MOST_LINES, bernstein};
use super::real::Real;
use super::scene::{Line, Scene, SceneGradient, Stroke, control_points, touch};
use super::tile::{Field, PIXELS, SIDE, Tile, center, direction, tiles};
use crate::picture::Size;

/// The number of tiles whose gradients are kept until they are added up.
const BATCH: usize = 64;
/// The colors of a pixel times its alpha, and its alpha.
type Premultiplied<T> = [T; 4];

/// A picture in the making: pixels, tile by tile.
pub struct Canvas<T> {
    size: Size,
    pixels: Vec<Premultiplied<T>>,
}

impl<T: Real> Canvas<T> {
    /// The paper of a scene.
    pub fn of(scene: &Scene<T>) -> Self {
        Self { size: scene.size, pixels: vec![paper(scene); tiles(scene.size) * PIXELS] }
    }

    /// Draws some of the strokes of a scene over what is there.
    pub fn draw(&mut self, scene: &Scene<T>, which: Range<usize>) {
        let (size, first) = (self.size, which.start);
        let strokes = prepared(scene, which);
        self.pixels.par_chunks_exact_mut(PIXELS).enumerate().for_each_init(Field::new, |field, (index, pixels)| {
            let tile = Tile::of(index, size);
            for (index, stroke) in touching(&strokes, &tile) {
                field.covered(scene, first + index, stroke, &tile, |covered| {
                    let pixel = &mut pixels[covered.pixel];
                    *pixel = over(*pixel, stroke.color, covered.coverage.share * stroke.alpha);
                });
            }
        });
    }

    /// The picture with `channels` channels: 3, or 4 with straight alpha. `[channels, height, width]`, from 0 to 1.
    pub fn picture(&self, channels: usize) -> Vec<T> {
        let mut picture = vec![T::of(0.0); channels * self.size.width * self.size.height];
        self.write(channels, &mut picture);
        picture
    }

    /// Writes what [`Self::picture`] returns.
    pub fn write(&self, channels: usize, picture: &mut [T]) {
        let Size { width, height } = self.size;
        let across = width.div_ceil(SIDE);
        for (channel, plane) in picture.chunks_exact_mut(width * height).enumerate() {
            plane.par_chunks_exact_mut(width).enumerate().for_each(|(y, row)| {
                for (x, value) in row.iter_mut().enumerate() {
                    let (tile, pixel) = (y / SIDE * across + x / SIDE, y % SIDE * SIDE + x % SIDE);
                    let shown = self.pixels[tile * PIXELS + pixel];
                    *value = if channel == 3 || channels == 3 { shown[channel] } else { shown_of(shown, channel) };
                }
            });
        }
    }
}

/// Draws a scene with `channels` channels, as [`Canvas::picture`] returns them.
pub fn draw<T: Real>(scene: &Scene<T>, channels: usize, picture: &mut [T]) {
    let mut canvas = Canvas::of(scene);
    canvas.draw(scene, 0..scene.count());
    canvas.write(channels, picture);
}

/// What a stroke covers of a pixel of a tile.
struct Layer<T> {
    /// The pixel of the tile
    pixel: u8,
    /// The curve that is nearest; [`DEEP`] if no parameter changes the coverage
    segment: u16,
    /// The nearest place in that curve
    t: T,
    coverage: T,
    by_distance: T,
    by_radius: T,
    /// What the pixel showed before
    below: Premultiplied<T>,
}

/// Instead of a curve: the pixel is deep inside the stroke.
const DEEP: u16 = u16::MAX;

/// Bytes of the picture in the making.
pub fn canvas_memory(size: Size) -> u64 {
    (tiles(size) * PIXELS * size_of::<Premultiplied<f32>>()) as u64
}

/// Bytes that drawing a stroke takes: the stroke with its lines, whose memory grows by doubling.
pub fn stroke_memory(segments: usize) -> usize {
    size_of::<Stroke<f32>>() + (MOST_LINES * segments).next_power_of_two() * size_of::<Line<f32>>()
}

/// Bytes that computing a gradient takes besides: for each stroke its sums, and for each stroke that reaches a tile its
/// layers in each of `threads` threads and the gradients of a batch of tiles.
pub fn gradient_memory(segments: usize, threads: usize) -> [usize; 2] {
    let sums = 8 * numbers(segments);
    [sums, threads * PIXELS * size_of::<Layer<f32>>() + BATCH * sums]
}

/// The numbers of a stroke's gradient: of its points, its width and its color.
fn numbers(segments: usize) -> usize {
    2 * control_points(segments) + 1 + 4
}

/// The gradient of a scene, from the gradient of what [`draw`] returned.
pub fn gradient<T: Real>(scene: &Scene<T>, channels: usize, of_picture: &[T]) -> SceneGradient {
    let (size, strokes, numbers) = (scene.size, prepared(scene, 0..scene.count()), numbers(scene.segments));
    let coordinates = 2 * control_points(scene.segments);
    let mut sum = SceneGradient {
        points: vec![0.0; scene.points.len()],
        widths: vec![0.0; scene.widths.len()],
        colors: vec![0.0; scene.colors.len()],
    };
    let count = tiles(size);
    for first in (0..count).step_by(BATCH) {
        let of_tiles: Vec<_> = (first..count.min(first + BATCH))
            .into_par_iter()
            .map_init(
                || (Field::new(), Vec::new()),
                |(field, layers), index| {
                    tile_gradient(scene, &strokes, channels, of_picture, &Tile::of(index, size), field, layers)
                },
            )
            .collect();
        for (touched, gradients, of_paper) in of_tiles {
            for (stroke, gradient) in touched.into_iter().zip(gradients.chunks_exact(numbers)) {
                let add =
                    |sums: &mut [f64], terms: &[f64]| sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                add(&mut sum.points[stroke * coordinates..(stroke + 1) * coordinates], &gradient[..coordinates]);
                add(&mut sum.widths[stroke..=stroke], &gradient[coordinates..=coordinates]);
                add(&mut sum.colors[4 * stroke..4 * stroke + 4], &gradient[coordinates + 1..]);
            }
            let paper = &mut sum.colors[4 * scene.count()..];
            paper.iter_mut().zip(of_paper).for_each(|(sum, term)| *sum += term);
        }
    }
    sum
}

/// The strokes that a tile shows, their gradients one after the other, and that of the paper.
fn tile_gradient<T: Real>(
    scene: &Scene<T>,
    strokes: &[Stroke<T>],
    channels: usize,
    of_picture: &[T],
    tile: &Tile,
    field: &mut Field<T>,
    layers: &mut Vec<Layer<T>>,
) -> (Vec<usize>, Vec<f64>, [f64; 4]) {
    layers.clear();
    let mut pixels = [paper(scene); PIXELS];
    let mut shown = Vec::new();
    for (index, stroke) in touching(strokes, tile) {
        let first = layers.len();
        field.covered(scene, index, stroke, tile, |covered| {
            let pixel = &mut pixels[covered.pixel];
            let (segment, t) =
                covered.nearest.map_or((DEEP, T::of(0.0)), |(segment, t)| (u16::try_from(segment).unwrap_or(DEEP), t));
            let coverage = covered.coverage;
            layers.push(Layer {
                pixel: u8::try_from(covered.pixel).unwrap_or(u8::MAX),
                segment,
                t,
                coverage: coverage.share,
                by_distance: coverage.by_distance,
                by_radius: coverage.by_radius,
                below: *pixel,
            });
            *pixel = over(*pixel, stroke.color, coverage.share * stroke.alpha);
        });
        if layers.len() > first {
            shown.push((index, first..layers.len()));
        }
    }
    let mut gradients = of_pixels(scene, tile, &pixels, channels, of_picture);
    let (numbers, coordinates) = (numbers(scene.segments), 2 * control_points(scene.segments));
    let mut of_strokes = vec![0.0; shown.len() * numbers];
    // From the top stroke down, so that `gradients` are those of what each stroke was drawn over.
    for ((index, range), sums) in shown.iter().zip(of_strokes.chunks_exact_mut(numbers)).rev() {
        let stroke = &strokes[*index];
        for layer in &layers[range.clone()] {
            let gradient = &mut gradients[usize::from(layer.pixel)];
            let weight = layer.coverage * stroke.alpha;
            let mut by_weight = gradient[3] * (T::of(1.0) - layer.below[3]);
            for channel in 0..3 {
                sums[coordinates + 1 + channel] += (gradient[channel] * weight).wide();
                by_weight = by_weight + gradient[channel] * (stroke.color[channel] - layer.below[channel]);
            }
            *gradient = gradient.map(|value| value * (T::of(1.0) - weight));
            sums[coordinates + 4] += (by_weight * layer.coverage).wide();
            if layer.segment == DEEP {
                continue;
            }
            let by_coverage = by_weight * stroke.alpha;
            sums[coordinates] += (by_coverage * layer.by_radius).wide() / 2.0;
            // By the envelope theorem, the nearest place may be held while the points move.
            let curve = scene.curve(*index, usize::from(layer.segment));
            let Some(away) = direction(curve.at(layer.t), center(tile, usize::from(layer.pixel))) else { continue };
            let by_distance = by_coverage * layer.by_distance;
            let first = 6 * usize::from(layer.segment);
            for (point, share) in bernstein(layer.t).into_iter().enumerate() {
                sums[first + 2 * point] -= (by_distance * share * away[0]).wide();
                sums[first + 2 * point + 1] -= (by_distance * share * away[1]).wide();
            }
        }
    }
    let mut of_paper = [0.0; 4];
    let paper = &scene.colors[4 * scene.count()..];
    for gradient in &gradients {
        for channel in 0..3 {
            of_paper[channel] += (gradient[channel] * paper[3]).wide();
            of_paper[3] += (gradient[channel] * paper[channel]).wide();
        }
        of_paper[3] += gradient[3].wide();
    }
    (shown.into_iter().map(|(index, _)| index).collect(), of_strokes, of_paper)
}

/// The gradients of the pixels of a tile, as premultiplied colors, from the gradient of the picture.
fn of_pixels<T: Real>(
    scene: &Scene<T>,
    tile: &Tile,
    pixels: &[Premultiplied<T>; PIXELS],
    channels: usize,
    of_picture: &[T],
) -> [Premultiplied<T>; PIXELS] {
    let area = scene.size.width * scene.size.height;
    let zero = T::of(0.0);
    let mut gradients = [[zero; 4]; PIXELS];
    for row in 0..tile.rows {
        for column in 0..tile.columns {
            let at = (tile.top + row) * scene.size.width + tile.left + column;
            let (pixel, gradient) = (pixels[row * SIDE + column], &mut gradients[row * SIDE + column]);
            (0..channels).for_each(|channel| gradient[channel] = of_picture[channel * area + at]);
            if channels == 4 {
                // What is shown is the color divided by alpha; a pixel without color has no gradient of it.
                for channel in 0..3 {
                    let by_color = if pixel[3] > zero { gradient[channel] / pixel[3] } else { zero };
                    gradient[3] = gradient[3] - by_color * shown_of(pixel, channel);
                    gradient[channel] = by_color;
                }
            }
        }
    }
    gradients
}

/// The strokes, ready to be drawn.
fn prepared<T: Real>(scene: &Scene<T>, which: Range<usize>) -> Vec<Stroke<T>> {
    which.into_par_iter().with_min_len(64).map(|index| scene.stroke(index)).collect()
}

/// The strokes whose boxes touch a tile, in order.
fn touching<'a, T: Real>(
    strokes: &'a [Stroke<T>],
    tile: &Tile,
) -> impl Iterator<Item = (usize, &'a Stroke<T>)> + use<'a, T> {
    let bounds = tile.bounds();
    strokes.iter().enumerate().filter(move |(_, stroke)| touch(&stroke.bounds, &bounds))
}

fn paper<T: Real>(scene: &Scene<T>) -> Premultiplied<T> {
    let paper = &scene.colors[4 * scene.count()..];
    [paper[0] * paper[3], paper[1] * paper[3], paper[2] * paper[3], paper[3]]
}

/// A color with a weight over what is there (Porter and Duff, 1984).
#[inline]
fn over<T: Real>(below: Premultiplied<T>, color: [T; 3], weight: T) -> Premultiplied<T> {
    let rest = T::of(1.0) - weight;
    let [red, green, blue] = color;
    [
        below[0] * rest + red * weight,
        below[1] * rest + green * weight,
        below[2] * rest + blue * weight,
        below[3] * rest + weight,
    ]
}

/// A channel of the straight color of a pixel.
#[inline]
fn shown_of<T: Real>(pixel: Premultiplied<T>, channel: usize) -> T {
    if pixel[3] > T::of(0.0) { pixel[channel] / pixel[3] } else { T::of(0.0) }
}
