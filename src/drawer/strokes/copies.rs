//! The copies of strokes in a picture that is tiled: a stroke that leaves at an edge enters at the opposite one.
//!
//! Copies of one stroke are drawn one after the other, in the order of the columns of copies that they belong to, and of the
//! rows in these. That order is the same everywhere in the plane, so edges continue each other also where a stroke crosses
//! a copy of itself.

use super::real::Real;
use super::scene::{Scene, SceneGradient, control_points};
use crate::picture::{Size, Tile};

/// The most copies in each direction: control points are at most a picture away from the picture. The strokes of a drawing
/// that somebody else made may be anywhere, and are then left out.
const MOST: f64 = 4.0;
/// How far beyond half its width a stroke may cover a pixel.
const SLACK: f64 = 2.0;

/// The copies of strokes that a picture shows.
pub struct Copies<T> {
    size: Size,
    segments: usize,
    /// The stroke that each copy is of, ascending
    of: Vec<usize>,
    points: Vec<T>,
    widths: Vec<T>,
    /// The colors of the copies, then of the paper
    colors: Vec<T>,
}

impl<T: Real> Copies<T> {
    /// The copies of the strokes of a scene.
    pub fn new(scene: &Scene<T>, tile: Tile) -> Self {
        let mut copies = Self {
            size: scene.size,
            segments: scene.segments,
            of: Vec::new(),
            points: Vec::new(),
            widths: Vec::new(),
            colors: Vec::new(),
        };
        for_each(scene, tile, |stroke, away| copies.add(scene, stroke, away));
        copies.colors.extend_from_slice(&scene.colors[4 * scene.count()..]);
        copies
    }

    /// The number of copies that the strokes of a scene have.
    pub fn count(scene: &Scene<T>, tile: Tile) -> usize {
        let mut count = 0;
        for_each(scene, tile, |_, _| count += 1);
        count
    }

    fn add(&mut self, scene: &Scene<T>, stroke: usize, away: [f64; 2]) {
        let coordinates = 2 * control_points(self.segments);
        let away = away.map(T::of);
        let points = &scene.points[stroke * coordinates..(stroke + 1) * coordinates];
        self.of.push(stroke);
        self.points.extend(points.chunks_exact(2).flat_map(|point| [point[0] + away[0], point[1] + away[1]]));
        self.widths.push(scene.widths[stroke]);
        self.colors.extend_from_slice(&scene.colors[4 * stroke..4 * stroke + 4]);
    }

    /// The copies as strokes on paper.
    pub fn scene(&self) -> Scene<'_, T> {
        let Self { size, segments, points, widths, colors, .. } = self;
        Scene { size: *size, segments: *segments, points, widths, colors }
    }

    /// The number of copies of the first strokes.
    pub fn of_first(&self, strokes: usize) -> usize {
        self.of.partition_point(|stroke| *stroke < strokes)
    }

    /// The gradient of `count` strokes from that of their copies: what moves a stroke moves all of its copies.
    pub fn summed(&self, gradient: &SceneGradient, count: usize) -> SceneGradient {
        let coordinates = 2 * control_points(self.segments);
        let mut sum = SceneGradient {
            points: vec![0.0; count * coordinates],
            widths: vec![0.0; count],
            colors: vec![0.0; 4 * (count + 1)],
        };
        let add = |sums: &mut [f64], terms: &[f64]| sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        for (copy, &stroke) in self.of.iter().enumerate() {
            let of = |index: usize, length: usize| index * length..(index + 1) * length;
            add(&mut sum.points[of(stroke, coordinates)], &gradient.points[of(copy, coordinates)]);
            add(&mut sum.widths[stroke..=stroke], &gradient.widths[copy..=copy]);
            add(&mut sum.colors[of(stroke, 4)], &gradient.colors[of(copy, 4)]);
        }
        add(&mut sum.colors[4 * count..], &gradient.colors[4 * self.of.len()..]);
        sum
    }

    /// The control points, the widths, and the colors with that of the paper.
    pub fn into_numbers(self) -> (Vec<T>, Vec<T>, Vec<T>) {
        (self.points, self.widths, self.colors)
    }
}

/// Calls a function with the stroke of each copy that a picture shows, and how far to the right and down the copy is, in
/// pixels.
#[allow(clippy::cast_precision_loss)]
fn for_each<T: Real>(scene: &Scene<T>, tile: Tile, mut found: impl FnMut(usize, [f64; 2])) {
    let (width, height) = (scene.size.width as f64, scene.size.height as f64);
    let drop = if tile == Tile::HalfDrop { height / 2.0 } else { 0.0 };
    let coordinates = 2 * control_points(scene.segments);
    for (stroke, points) in scene.points.chunks_exact(coordinates).enumerate() {
        let reach = scene.widths[stroke].wide() / 2.0 + SLACK;
        let range = |axis: usize| {
            let values = points.iter().skip(axis).step_by(2).map(|value| value.wide());
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
            (low - reach, high + reach)
        };
        let (across, down) = (range(0), range(1));
        for column in shown(across, width, tile.wraps_across()) {
            let lower = -column * drop;
            for row in shown((down.0 + lower, down.1 + lower), height, tile.wraps_down()) {
                found(stroke, [column * width, lower + row * height]);
            }
        }
    }
}

/// The copies, by their distance in sides, of what reaches from `low` to `high` that a picture with this side shows; only
/// the one without a distance if the edges do not continue each other.
fn shown((low, high): (f64, f64), side: f64, wraps: bool) -> impl Iterator<Item = f64> {
    let (first, last) = if wraps { ((-high / side).ceil(), ((side - low) / side).floor()) } else { (0.0, 0.0) };
    let (first, last) = (first.max(-MOST), last.min(MOST));
    std::iter::successors(Some(first), |copy| Some(copy + 1.0)).take_while(move |copy| *copy <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp)]
    fn copies_are_those_that_are_seen() {
        let copies = |low, high| shown((low, high), 10.0, true).collect::<Vec<f64>>();
        assert_eq!(copies(2.0, 8.0), [0.0]);
        assert_eq!(copies(-1.0, 3.0), [0.0, 1.0]);
        assert_eq!(copies(8.0, 12.0), [-1.0, 0.0]);
        assert_eq!(copies(-12.0, -11.0), [2.0]);
        assert_eq!(copies(-3.0, 14.0), [-1.0, 0.0, 1.0]);
        assert_eq!(copies(1e30, 2e30), [0.0; 0]);
        assert_eq!(copies(-1e30, 1e30).len(), 9);
        assert_eq!(copies(f64::NEG_INFINITY, f64::INFINITY).len(), 9);
        assert_eq!(shown((-99.0, -98.0), 10.0, false).collect::<Vec<f64>>(), [0.0]);
    }
}
