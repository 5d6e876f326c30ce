//! How much of a pixel a stroke covers, from the distance between the pixel's center and the middle of the stroke.
//!
//! This is the prefiltered mode of diffvg (Li et al., "Differentiable Vector Graphics Rasterization for Editing and
//! Learning", 2020): no random samples, and a gradient by ordinary differentiation.

use super::real::Real;

/// A smooth step from 0 at -1 to 1 at 1, and its slope.
#[inline]
fn step<T: Real>(at: T) -> (T, T) {
    let half = (at + T::of(1.0)) * T::of(0.5);
    let u = half.clamped();
    (u * u * (T::of(3.0) - T::of(2.0) * u), T::of(3.0) * u * (T::of(1.0) - u))
}

/// How much of a pixel is covered, and the slopes of that.
#[derive(Clone, Copy)]
pub struct Coverage<T> {
    /// The covered share, 0 to 1
    pub share: T,
    /// The slope with respect to the distance
    pub by_distance: T,
    /// The slope with respect to the radius
    pub by_radius: T,
}

/// The coverage of a pixel at a distance from the middle of a stroke with this radius: S(d + r) - S(d - r) with a smooth
/// step S. A stroke that is thinner than a pixel grows faint.
#[inline]
pub fn coverage<T: Real>(distance: T, radius: T) -> Coverage<T> {
    let (outer, outer_slope) = step(distance + radius);
    let (inner, inner_slope) = step(distance - radius);
    Coverage { share: outer - inner, by_distance: outer_slope - inner_slope, by_radius: outer_slope + inner_slope }
}
