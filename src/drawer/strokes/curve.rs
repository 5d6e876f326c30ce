//! A cubic Bezier curve: places, slopes, and the place nearest to a point.

use super::real::Real;

/// A place or a direction: x to the right, y down, in pixels.
pub type Vector<T> = [T; 2];

/// The fewest lines that a curve is flattened into: fewer miss the loops of curves that are smaller than a pixel.
const FEWEST_LINES: usize = 4;
/// The most lines that a curve is flattened into.
pub const MOST_LINES: usize = 32;
/// How far a flattened curve may be from the curve, in pixels, unless that would take too many lines.
const FLAT: f64 = 0.05;
/// The most Newton steps from the nearest line to the nearest place of the curve. The first guess is near, so a few are
/// exact.
const STEPS: usize = 5;
/// How often a Newton step is halved before it is given up.
const HALVINGS: usize = 3;

/// A cubic curve by its four control points.
#[derive(Clone, Copy)]
pub struct Curve<T>(pub [Vector<T>; 4]);

#[inline]
fn weighted<T: Real>(points: &[Vector<T>], weights: &[T]) -> Vector<T> {
    let mut sum = [T::of(0.0); 2];
    for (point, weight) in points.iter().zip(weights) {
        sum = [sum[0] + point[0] * *weight, sum[1] + point[1] * *weight];
    }
    sum
}

#[inline]
pub(super) fn minus<T: Real>(one: Vector<T>, other: Vector<T>) -> Vector<T> {
    [one[0] - other[0], one[1] - other[1]]
}

#[inline]
pub(super) fn dot<T: Real>(one: Vector<T>, other: Vector<T>) -> T {
    one[0] * other[0] + one[1] * other[1]
}

/// The weights of the control points at `t`: the Bernstein polynomials.
#[inline]
pub fn bernstein<T: Real>(t: T) -> [T; 4] {
    let (three, s) = (T::of(3.0), T::of(1.0) - t);
    [s * s * s, three * s * s * t, three * s * t * t, t * t * t]
}

impl<T: Real> Curve<T> {
    /// The place at `t`, from 0 to 1.
    #[inline]
    pub fn at(&self, t: T) -> Vector<T> {
        weighted(&self.0, &bernstein(t))
    }

    /// The first derivative at `t`.
    #[inline]
    fn slope(&self, t: T) -> Vector<T> {
        let (s, three) = (T::of(1.0) - t, T::of(3.0));
        let [a, b, c, d] = self.0;
        let steps = [minus(b, a), minus(c, b), minus(d, c)];
        weighted(&steps, &[three * s * s, T::of(6.0) * s * t, three * t * t])
    }

    /// The second derivative at `t`.
    #[inline]
    fn bend(&self, t: T) -> Vector<T> {
        let [first, second] = self.bends();
        let six = T::of(6.0);
        weighted(&[first, second], &[six * (T::of(1.0) - t), six * t])
    }

    /// The second differences of the control points.
    fn bends(&self) -> [Vector<T>; 2] {
        let [a, b, c, d] = self.0;
        [minus(minus(c, b), minus(b, a)), minus(minus(d, c), minus(c, b))]
    }

    /// The number of lines, with ends at equal steps of `t`, that approximate the curve, and how far they may be from
    /// it. With n lines that is at most 6/8 of the longest second difference, divided by n squared (Wang's formula).
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub fn flattening(&self) -> (usize, T) {
        let [first, second] = self.bends();
        let bend = dot(first, first).most(dot(second, second)).root().wide();
        // A number that is too large becomes the largest.
        let lines = ((0.75 * bend / FLAT).sqrt().ceil() as usize).clamp(FEWEST_LINES, MOST_LINES);
        (lines, T::of(0.75 * bend / (lines * lines) as f64))
    }

    /// The `t` of a place nearest to `point`, from a guess, and the distance: Newton's method for the zero of the
    /// derivative of the squared distance. A step that leads farther away is halved.
    pub fn nearest(&self, point: Vector<T>, guess: T) -> (T, T) {
        let apart = |t: T| minus(self.at(t), point);
        let (mut t, mut offset) = (guess, apart(guess));
        let mut square = dot(offset, offset);
        for _ in 0..STEPS {
            let slope = self.slope(t);
            let speed = dot(slope, slope);
            let steepness = speed + dot(offset, self.bend(t));
            // Where the squared distance bends the wrong way, a step as on a line goes down as well.
            let steepness = if steepness > T::of(0.0) { steepness } else { speed };
            if steepness <= T::of(0.0) {
                break;
            }
            let mut step = dot(offset, slope) / steepness;
            let mut is_nearer = false;
            for _ in 0..HALVINGS {
                let next = (t - step).clamped();
                let next_offset = apart(next);
                let next_square = dot(next_offset, next_offset);
                if next_square < square {
                    (t, offset, square) = (next, next_offset, next_square);
                    is_nearer = true;
                    break;
                }
                step = step * T::of(0.5);
            }
            if !is_nearer {
                break;
            }
        }
        (t, square.root())
    }
}
