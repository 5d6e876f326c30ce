//! How a canvas moves from one frame of an animation to the next.

mod colors;
mod cubic;
mod remainder;

use candle_core::Tensor;

pub(super) use colors::with_colors_of;
pub(super) use remainder::Remainder;

use crate::Result;
use crate::frozen::{self, Border, Filter, Homography, View, Warp};
use crate::picture::Size;

/// Canvases that shrink below this factor are averaged over areas: with only the nearest neighbors, fine details would
/// flicker.
const SMALLER: f64 = 0.75;

/// A motion of the canvas, which is enlarged and rotated around its center, and then moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// The factor by which the canvas grows, above 0
    pub zoom: f64,
    /// The degrees of rotation, clockwise
    pub angle: f64,
    /// The pixels of motion, to the right and down
    pub pan: [f64; 2],
}

impl Motion {
    /// The motion that changes nothing.
    pub const NONE: Self = Self { zoom: 1.0, angle: 0.0, pan: [0.0, 0.0] };

    /// Whether the motion changes nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Where a point of a canvas of this size moves: x to the right and y down, in pixels from the corner at the top left.
    #[must_use]
    pub fn place(&self, [x, y]: [f64; 2], size: Size) -> [f64; 2] {
        let middle = middle(size);
        let (sine, cosine) = self.angle.to_radians().sin_cos();
        let (x, y) = (x - middle[0], y - middle[1]);
        // With y down, this turns clockwise.
        let turned = [cosine * x - sine * y, sine * x + cosine * y];
        std::array::from_fn(|axis| middle[axis] + self.zoom * turned[axis] + self.pan[axis])
    }

    /// Where a point of a canvas of this size was before the motion: the inverse of [`Motion::place`].
    #[must_use]
    pub fn origin(&self, [x, y]: [f64; 2], size: Size) -> [f64; 2] {
        let middle = middle(size);
        let (sine, cosine) = self.angle.to_radians().sin_cos();
        let [x, y] = [(x - middle[0] - self.pan[0]) / self.zoom, (y - middle[1] - self.pan[1]) / self.zoom];
        [middle[0] + cosine * x + sine * y, middle[1] - sine * x + cosine * y]
    }

    /// The map from places after the motion to those before it, in the coordinates of a warp.
    #[must_use]
    pub fn back(&self, size: Size) -> Homography {
        let [half_width, half_height] = middle(size);
        let (sine, cosine) = self.angle.to_radians().sin_cos();
        let (sine, cosine) = (sine / self.zoom, cosine / self.zoom);
        let [right, down] = self.pan;
        Homography([
            cosine,
            sine * half_height / half_width,
            -(cosine * right + sine * down) / half_width,
            -sine * half_width / half_height,
            cosine,
            (sine * right - cosine * down) / half_height,
            0.0,
            0.0,
            1.0,
        ])
    }

    /// A picture `[1, channels, height, width]` in host memory after the motion, detached: sampled once, with reflections of
    /// the picture beyond its edges. No value leaves the range of its channel.
    ///
    /// # Errors
    /// If the tensor has another shape.
    pub fn of(&self, picture: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = picture.dims4()?;
        let (picture, size) = (picture.detach(), Size { width, height });
        if self.is_none() {
            return Ok(picture);
        }
        if self.zoom < SMALLER {
            let view = View { matrix: self.back(size), border: Border::Reflection };
            return Ok(frozen::apply(Warp::new(vec![view], (height, width), Filter::Area), &picture.contiguous()?)?);
        }
        let planes = picture.flatten_all()?.to_vec1::<f32>()?;
        let moved = cubic::sampled(&planes, size, |place| self.origin(place, size));
        Ok(Tensor::from_vec(moved, picture.shape(), picture.device())?)
    }
}

/// The middle of a canvas, in pixels from its corner.
#[allow(clippy::cast_precision_loss)]
fn middle(size: Size) -> [f64; 2] {
    [size.width as f64 / 2.0, size.height as f64 / 2.0]
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
mod tests {
    use candle_core::Device;

    use super::*;

    const SIZE: Size = Size { width: 20, height: 12 };

    /// A picture of a linear function of the place, which samples follow exactly.
    fn slope(across: f64, down: f64) -> Tensor {
        let value = |index: usize| {
            let (x, y) = ((index % SIZE.width) as f64 + 0.5, (index / SIZE.width) as f64 + 0.5);
            (across * x + down * y) as f32
        };
        let values: Vec<f32> = (0..SIZE.width * SIZE.height).map(value).collect();
        Tensor::from_vec(values, (1, 1, SIZE.height, SIZE.width), &Device::Cpu).unwrap()
    }

    fn values(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn signs_are_as_documented() {
        let near = |motion: Motion, from: [f64; 2], to: [f64; 2]| {
            let found = motion.place(from, SIZE);
            assert!((0..2).all(|axis| (found[axis] - to[axis]).abs() < 1e-12), "{motion:?}: {found:?}");
        };
        let none = Motion::NONE;
        // The middle is at 10, 6.
        near(none, [3.0, 4.0], [3.0, 4.0]);
        near(Motion { pan: [2.0, 1.0], ..none }, [3.0, 4.0], [5.0, 5.0]);
        near(Motion { zoom: 2.0, ..none }, [11.0, 7.0], [12.0, 8.0]);
        // What is to the right of the middle goes below it.
        near(Motion { angle: 90.0, ..none }, [13.0, 6.0], [10.0, 9.0]);
        near(Motion { zoom: 2.0, angle: 90.0, pan: [1.0, 0.0] }, [13.0, 6.0], [11.0, 12.0]);
    }

    #[test]
    fn nothing_changes_without_motion() {
        let picture = slope(0.01, 0.007);
        assert!(Motion::NONE.is_none() && !Motion { zoom: 1.001, ..Motion::NONE }.is_none());
        assert_eq!(values(&Motion::NONE.of(&picture).unwrap()), values(&picture));
    }

    #[test]
    fn the_way_back_is_that_of_places() {
        for motion in [
            Motion { zoom: 1.02, angle: 0.0, pan: [0.0, 0.0] },
            Motion { zoom: 0.9, angle: 30.0, pan: [-3.0, 2.5] },
            Motion { zoom: 3.0, angle: -135.0, pan: [4.0, 0.25] },
        ] {
            let [half_width, half_height] = middle(SIZE);
            let near = |found: [f64; 2], point: [f64; 2]| (0..2).all(|axis| (found[axis] - point[axis]).abs() < 1e-9);
            for point in [[0.0, 0.0], [7.5, 3.0], [20.0, 12.0]] {
                let [x, y] = motion.place(point, SIZE);
                assert!(near(motion.origin([x, y], SIZE), point), "{motion:?}");
                let (x, y) = motion.back(SIZE).map(x / half_width - 1.0, y / half_height - 1.0);
                let found = [(x + 1.0) * half_width, (y + 1.0) * half_height];
                assert!(near(found, point), "{motion:?}: {found:?}");
            }
        }
    }

    /// Away from the edges, the sampled picture is the function at the places before the motion.
    #[test]
    fn a_moved_picture_is_the_analytic_one() {
        for motion in [
            Motion { pan: [1.5, -0.75], ..Motion::NONE },
            Motion { zoom: 1.3, ..Motion::NONE },
            Motion { zoom: 0.9, ..Motion::NONE },
            Motion { angle: 20.0, zoom: 1.5, pan: [0.5, 0.25] },
        ] {
            let moved = values(&motion.of(&slope(0.02, -0.03)).unwrap());
            let mut compared = 0;
            for (index, found) in moved.iter().enumerate() {
                let place = [(index % SIZE.width) as f64 + 0.5, (index / SIZE.width) as f64 + 0.5];
                let [x, y] = motion.origin(place, SIZE);
                // Some of the four neighbors along an axis are reflections.
                if x < 1.5 || y < 1.5 || x > SIZE.width as f64 - 1.5 || y > SIZE.height as f64 - 1.5 {
                    continue;
                }
                let expected = 0.02 * x - 0.03 * y;
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{motion:?}: {found}, {expected}");
                compared += 1;
            }
            assert!(compared > 100, "{motion:?}: {compared}");
        }
    }

    #[test]
    fn what_comes_in_is_a_reflection() {
        let moved = Motion { pan: [3.0, 0.0], ..Motion::NONE }.of(&slope(1.0, 0.0)).unwrap();
        assert_eq!(values(&moved)[..6], [2.5, 1.5, 0.5, 0.5, 1.5, 2.5]);
    }
}
