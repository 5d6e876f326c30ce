//! Random strokes.

use super::super::scene::control_points;
use super::super::{Kind, Look};
use super::{Strokes, narrow};
use crate::picture::Size;
use crate::random::Stream;

/// How far the next control point is at most, as a share of the canvas (`clipdraw` of pixray).
const STEP: f64 = 0.05;

/// The first strokes of `CLIPDraw` (Frans et al., 2021), or of pixray's line sketch, which begins in the middle half of
/// the canvas.
#[allow(clippy::cast_precision_loss)]
pub fn strokes(look: &Look, size: Size, stream: &mut Stream) -> Strokes {
    let (width, height) = (size.width as f64, size.height as f64);
    let [thin, wide] = look.widths(size);
    let mut strokes = Strokes { paper: look.paper(), ..Strokes::default() };
    for _ in 0..look.count {
        let (margin, step) = match look.kind {
            Kind::Painting => (0.0, STEP),
            Kind::Line => (0.25, 0.5 / (look.segments + 2) as f64),
        };
        let mut place = [stream.between(margin, 1.0 - margin), stream.between(margin, 1.0 - margin)];
        let mut points = vec![[place[0] * width, place[1] * height]];
        for _ in 1..control_points(look.segments) {
            place = place.map(|at| at + stream.between(-step, step));
            points.push([place[0] * width, place[1] * height]);
        }
        let color = match look.kind {
            Kind::Painting => [0; 4].map(|_: i32| narrow(stream.unit())),
            Kind::Line => Look::INK,
        };
        // pixray's strokes start with a quarter of the sum.
        strokes.add(&points, ((thin + wide) / 4.0).clamp(thin, wide), color);
    }
    strokes
}
