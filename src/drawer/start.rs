//! The starting point of a drawer.

use image::RgbImage;

use crate::picture::{Size, Tile};
use crate::random::Stream;
use crate::settings::{StartNoise, smoothstep};

/// The starting point of a drawer.
pub enum Start<'a> {
    /// A picture of any size, and the weight that keeps the parameters close to it
    Picture(RgbImage, f64),
    /// Noise of this kind, from a stream of random numbers
    Noise(StartNoise, &'a mut Stream),
}

/// The contrast of clouds, as a share of the largest possible contrast.
const CONTRAST: f64 = 0.4;
/// Cells along the shorter side of the coarsest layer of a fractal.
const COARSEST: usize = 2;

/// The picture of a kind of noise: `[3, height, width]` with values from 0 to 1. Smooth noise is changed so that the edges
/// of a picture that is tiled continue each other; snow has no seams.
pub(super) fn picture(noise: StartNoise, size: Size, tile: Option<Tile>, stream: &mut Stream) -> Vec<f32> {
    let mut values = untiled(noise, size, stream);
    if let Some(tile) = tile.filter(|_| matches!(noise, StartNoise::Gradient | StartNoise::Fractal)) {
        tile.join_edges(&mut values, size);
    }
    values
}

fn untiled(noise: StartNoise, size: Size, stream: &mut Stream) -> Vec<f32> {
    let pixels = size.width * size.height;
    match noise {
        StartNoise::Codes | StartNoise::None | StartNoise::Prior => vec![0.5; 3 * pixels],
        StartNoise::Snow => (0..3 * pixels).map(|_| narrow(stream.unit())).collect(),
        StartNoise::Gradient => gradient(size, stream),
        StartNoise::Fractal => (0..3).flat_map(|_| clouds(size, stream)).collect(),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[allow(clippy::cast_precision_loss)]
fn gradient(size: Size, stream: &mut Stream) -> Vec<f32> {
    let angle = stream.between(0.0, std::f64::consts::TAU);
    let (sine, cosine) = angle.sin_cos();
    let reach = sine.abs() + cosine.abs();
    let mut values = Vec::with_capacity(3 * size.width * size.height);
    for _ in 0..3 {
        let (first, last) = (stream.unit(), stream.unit());
        for y in 0..size.height {
            for x in 0..size.width {
                let across = |at: usize, length: usize| (2 * at + 1) as f64 / length as f64 - 1.0;
                let along = (cosine * across(x, size.width) + sine * across(y, size.height)) / reach;
                values.push(narrow(first + (last - first) * (along + 1.0) / 2.0));
            }
        }
    }
    values
}

/// One channel of clouds.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn clouds(size: Size, stream: &mut Stream) -> Vec<f32> {
    let shorter = size.width.min(size.height);
    let mut values = vec![0.0_f64; size.width * size.height];
    let (mut cells, mut share, mut total) = (COARSEST, 1.0, 0.0);
    while cells <= shorter {
        let cell = shorter as f64 / cells as f64;
        let columns = (size.width as f64 / cell).ceil() as usize + 2;
        let rows = (size.height as f64 / cell).ceil() as usize + 2;
        let grid: Vec<f64> = (0..columns * rows).map(|_| stream.unit()).collect();
        for (index, value) in values.iter_mut().enumerate() {
            let (x, y) = ((index % size.width) as f64 / cell, (index / size.width) as f64 / cell);
            let corner = y as usize * columns + x as usize;
            // Interpolate between the four corners of the cell.
            let (u, v) = (smoothstep(x.fract()), smoothstep(y.fract()));
            let row = |start: usize| grid[start] * (1.0 - u) + grid[start + 1] * u;
            *value += share * (row(corner) * (1.0 - v) + row(corner + columns) * v);
        }
        total += share;
        share /= 2.0;
        cells *= 2;
    }
    let cloud = |value: f64| if total > 0.0 { 0.5 + CONTRAST * (value / total - 0.5) } else { 0.5 };
    values.into_iter().map(|value| narrow(cloud(value))).collect()
}
