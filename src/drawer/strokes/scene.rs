//! A scene: strokes on paper, as plain numbers.

use super::curve::{Curve, Vector};
use super::real::Real;
use crate::picture::Size;

/// Strokes on paper. They are drawn in order, each over those before it.
#[derive(Clone, Copy)]
pub struct Scene<'a, T> {
    /// The size of the picture, in pixels
    pub size: Size,
    /// The number of cubic curves in each stroke
    pub segments: usize,
    /// The control points of each stroke, x and y in pixels: `[strokes, 3 segments + 1, 2]`
    pub points: &'a [T],
    /// The width of each stroke, in pixels: `[strokes]`
    pub widths: &'a [T],
    /// Red, green, blue and alpha of each stroke, then of the paper: `[strokes + 1, 4]`
    pub colors: &'a [T],
}

/// The gradient of a scene: as many numbers as its own.
pub struct SceneGradient {
    /// Of the control points
    pub points: Vec<f64>,
    /// Of the widths
    pub widths: Vec<f64>,
    /// Of the colors
    pub colors: Vec<f64>,
}

/// The number of control points of a stroke.
pub fn control_points(segments: usize) -> usize {
    3 * segments + 1
}

/// A box: left, top, right, bottom.
pub type Bounds<T> = [T; 4];

/// Whether two boxes touch.
#[inline]
pub fn touch<T: Real>(one: &Bounds<T>, other: &Bounds<T>) -> bool {
    one[0] <= other[2] && other[0] <= one[2] && one[1] <= other[3] && other[1] <= one[3]
}

/// A line of a flattened stroke.
pub struct Line<T> {
    /// Where it begins
    pub start: Vector<T>,
    /// Its end minus its beginning
    pub along: Vector<T>,
    /// 1 over the square of its length, or 0 if it has none
    pub inverse: T,
    /// The box of all that the stroke covers near this line
    pub bounds: Bounds<T>,
    /// The curve that it approximates
    pub segment: u16,
    /// Its first `t` in the curve, and the length of its range of `t`
    pub range: [T; 2],
}

/// A stroke, prepared for drawing.
pub struct Stroke<T> {
    /// Half the width
    pub radius: T,
    /// How far the lines may be from the curves
    pub slack: T,
    /// The box of all that the stroke covers
    pub bounds: Bounds<T>,
    /// The flattened stroke
    pub lines: Vec<Line<T>>,
    /// Red, green and blue
    pub color: [T; 3],
    /// The alpha
    pub alpha: T,
}

impl<T: Real> Scene<'_, T> {
    /// The number of strokes.
    pub fn count(&self) -> usize {
        self.widths.len()
    }

    /// A curve of a stroke.
    #[inline]
    pub fn curve(&self, stroke: usize, segment: usize) -> Curve<T> {
        let first = stroke * control_points(self.segments) + 3 * segment;
        let point = |index: usize| [self.points[2 * (first + index)], self.points[2 * (first + index) + 1]];
        Curve([point(0), point(1), point(2), point(3)])
    }

    /// Prepares a stroke.
    #[allow(clippy::cast_precision_loss)]
    pub fn stroke(&self, index: usize) -> Stroke<T> {
        let radius = self.widths[index] * T::of(0.5);
        let zero = T::of(0.0);
        let (mut lines, mut slack) = (Vec::new(), zero);
        let mut whole: Option<Bounds<T>> = None;
        for segment in 0..self.segments {
            let curve = self.curve(index, segment);
            let (count, flatness) = curve.flattening();
            slack = slack.most(flatness);
            // The last pixel that is covered at all is one pixel beyond the edge.
            let reach = radius + T::of(1.0) + flatness;
            let step = T::of(1.0 / count as f64);
            let mut start = curve.at(zero);
            for line in 0..count {
                let first = T::of(line as f64) * step;
                let end = curve.at(T::of((line + 1) as f64) * step);
                let along = [end[0] - start[0], end[1] - start[1]];
                let square = along[0] * along[0] + along[1] * along[1];
                let bounds = [
                    start[0].least(end[0]) - reach,
                    start[1].least(end[1]) - reach,
                    start[0].most(end[0]) + reach,
                    start[1].most(end[1]) + reach,
                ];
                whole = Some(whole.map_or(bounds, |whole| {
                    [
                        whole[0].least(bounds[0]),
                        whole[1].least(bounds[1]),
                        whole[2].most(bounds[2]),
                        whole[3].most(bounds[3]),
                    ]
                }));
                let inverse = if square > zero { T::of(1.0) / square } else { zero };
                // The square of a very short line may round to 0, and 1 over it to infinity.
                let inverse = if inverse.wide().is_finite() { inverse } else { zero };
                let segment = u16::try_from(segment).unwrap_or(u16::MAX);
                lines.push(Line { start, along, inverse, bounds, segment, range: [first, step] });
                start = end;
            }
        }
        let color = &self.colors[4 * index..4 * index + 4];
        Stroke {
            radius,
            slack,
            bounds: whole.unwrap_or([zero; 4]),
            lines,
            color: [color[0], color[1], color[2]],
            alpha: color[3],
        }
    }
}
