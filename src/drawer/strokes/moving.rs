//! Brings back strokes that have left the canvas. Nothing changes them there, so they would never return by themselves.

use super::scene::control_points;
use super::{Look, start};
use crate::picture::Size;
use crate::random::Stream;

/// How far the soft edge of a stroke reaches beyond half of its width, in pixels.
const SOFT: f32 = 1.0;

/// Moves each stroke that covers nothing of the canvas to a random place, and keeps its width and color. `points` and
/// `widths` are those of a [`Scene`](super::scene::Scene).
pub(super) fn bring_back(look: &Look, size: Size, points: &mut [f32], widths: &[f32], stream: &mut Stream) {
    let strokes = points.chunks_exact_mut(2 * control_points(look.segments));
    for (stroke, _) in strokes.zip(widths).filter(|(stroke, width)| is_outside(stroke, **width, size)) {
        stroke.iter_mut().zip(start::anywhere(look, size, stream)).for_each(|(point, new)| *point = new);
    }
}

/// Whether a stroke covers nothing of the canvas: its curves are within the hull of its control points.
#[allow(clippy::cast_precision_loss)]
pub(super) fn is_outside(points: &[f32], width: f32, size: Size) -> bool {
    let reach = width / 2.0 + SOFT;
    let sides = [size.width as f32, size.height as f32];
    sides.into_iter().enumerate().any(|(axis, side)| {
        let mut along = points.iter().skip(axis).step_by(2);
        along.clone().all(|at| *at < -reach) || along.all(|at| *at > side + reach)
    })
}
