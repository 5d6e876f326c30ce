//! Strokes: how they are drawn, their gradients, their drawings, and how they move.

#![allow(clippy::cast_precision_loss)]

mod coverage;
mod drawer;
mod drawings;
mod gradients;

use std::fmt::Write;

use candle_core::{Device, Tensor, Var};

use super::copies::Copies;
use super::drawing::{Reveal, Sheet};
use super::real::Real;
use super::scene::{Scene, control_points};
use super::{STROKES, operation, raster, svg};
use crate::drawer::drawing::{Drawing, Parts};
use crate::drawer::{Blueprint, Drawer, Loaded, Motion, Start};
use crate::frozen::{MemoryOf, with_gradient};
use crate::gpu::Precision;
use crate::picture::{Size, Tile};
use crate::random::Stream;
use crate::resolve::combine;
use crate::settings::{Overrides, StartNoise};

/// A scene that owns its numbers.
#[derive(Clone)]
struct Owned {
    size: Size,
    segments: usize,
    /// Points, widths, colors
    numbers: [Vec<f64>; 3],
}

/// Where strokes are.
#[derive(Clone, Copy, Debug)]
enum Place {
    Crossing,
    Tiny,
    Clipped,
    Wide,
}

impl Owned {
    fn scene(&self) -> Scene<'_, f64> {
        let [points, widths, colors] = &self.numbers;
        Scene { size: self.size, segments: self.segments, points, widths, colors }
    }

    fn random(stream: &mut Stream, size: Size, count: usize, segments: usize, place: Place, paper: f64) -> Self {
        let (mut points, mut widths, mut colors) = (Vec::new(), Vec::new(), Vec::new());
        #[allow(clippy::cast_precision_loss)]
        let sides = [size.width as f64, size.height as f64];
        let (margin, step, thin, wide) = match place {
            Place::Crossing => (0.0, 12.0, 1.0, 6.0),
            Place::Tiny => (0.1, 0.4, 0.2, 0.9),
            Place::Clipped => (-0.3, 25.0, 1.0, 5.0),
            Place::Wide => (0.0, 40.0, 20.0, 60.0),
        };
        for _ in 0..count {
            let mut at = sides.map(|side| side * stream.between(margin, 1.0 - margin));
            for _ in 0..control_points(segments) {
                points.extend(at);
                at = at.map(|at| at + stream.between(-step, step));
            }
            widths.push(stream.between(thin, wide));
            colors.extend([0.0; 4].map(|_: f64| stream.between(0.1, 0.9)));
        }
        colors.extend([0.9, 0.8, 0.7, paper]);
        Self { size, segments, numbers: [points, widths, colors] }
    }

    /// The sum of the picture with weights.
    fn loss(&self, channels: usize, weights: &[f64]) -> f64 {
        picture_of(&self.scene(), channels).iter().zip(weights).map(|(value, weight)| value * weight).sum()
    }

    /// The slope of the loss in one number, by finite differences with two steps; none beside a kink.
    fn slope(&self, channels: usize, weights: &[f64], (part, index): (usize, usize)) -> Option<f64> {
        let at = |change: f64| {
            let mut moved = self.clone();
            moved.numbers[part][index] += change;
            moved.loss(channels, weights)
        };
        let slope = |step: f64| (at(step) - at(-step)) / (2.0 * step);
        let (coarse, fine) = (slope(1e-4), slope(2e-5));
        ((coarse - fine).abs() <= 2e-4 * fine.abs().max(0.1)).then_some(fine)
    }
}

/// The picture of a scene.
fn picture_of<T: Real>(scene: &Scene<T>, channels: usize) -> Vec<T> {
    let mut picture = vec![T::of(0.0); channels * scene.size.width * scene.size.height];
    raster::draw(scene, channels, &mut picture);
    picture
}

fn weights(stream: &mut Stream, size: Size, channels: usize) -> Vec<f64> {
    (0..channels * size.width * size.height).map(|_| stream.between(-1.0, 1.0)).collect()
}

const SIZE: Size = Size { width: 37, height: 29 };

fn single(numbers: &[f64]) -> Vec<f32> {
    #[allow(clippy::cast_possible_truncation)]
    numbers.iter().map(|number| *number as f32).collect()
}

fn sheet(owned: &Owned) -> Sheet {
    let [points, widths, colors] = owned.numbers.each_ref().map(|numbers| single(numbers));
    Sheet { size: owned.size, segments: owned.segments, points, widths, colors }
}
