//! A mask at the size of a picture.

use image::RgbImage;

use super::distance::distances;
use crate::Result;
use crate::judge::Part;
use crate::picture::{Size, cover_softly};
use crate::settings::Side;

/// A mask of any size.
pub(super) enum Shape {
    /// A side of the picture, and its share of it
    Side(Side, f64),
    /// A picture whose channels are equal: white is inside
    Picture(RgbImage),
}

/// What is darker than this is black, and what is lighter than the other end is white: JPEG files are not exact.
const LEVELS: (f32, f32) = (8.0, 247.0);
/// How much of what is around a part is shown with it, on each side: 1 / this of the part.
const AROUND: usize = 4;
/// The least that is shown of a picture: 1 / this of its shorter side.
const LEAST: usize = 4;

/// How far each pixel of a picture is inside, from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::session) struct Matte {
    pub(super) size: Size,
    /// Row by row
    pub(in crate::session) values: Vec<f32>,
}

impl Matte {
    /// The mask at a size.
    ///
    /// # Errors
    /// If the mask cannot be resized.
    pub(super) fn new(shape: &Shape, size: Size) -> Result<Self> {
        let values = match shape {
            Shape::Side(side, share) => side_of(*side, *share, size),
            Shape::Picture(picture) => {
                let covered = cover_softly(picture.clone(), size)?;
                let (black, white) = LEVELS;
                let level = |value: u8| ((f32::from(value) - black) / (white - black)).clamp(0.0, 1.0);
                covered.pixels().map(|pixel| level(pixel.0[0])).collect()
            }
        };
        Ok(Self { size, values })
    }

    /// Whether something is inside.
    pub(super) fn has_inside(&self) -> bool {
        self.values.iter().any(|value| *value > 0.0)
    }

    /// Whether something is outside.
    pub(super) fn has_outside(&self) -> bool {
        self.values.iter().any(|value| *value < 1.0)
    }

    /// The smallest part with everything inside; the whole picture if nothing is.
    pub(in crate::session) fn inside(&self) -> Part {
        self.bounds(|value| value > 0.0)
    }

    /// The smallest part with everything outside; the whole picture if nothing is.
    pub(super) fn outside(&self) -> Part {
        self.bounds(|value| value < 1.0)
    }

    fn bounds(&self, counts: impl Fn(f32) -> bool) -> Part {
        let Size { width, height } = self.size;
        let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
        for (at, _) in self.values.iter().enumerate().filter(|(_, value)| counts(**value)) {
            let (column, row) = (at % width, at / width);
            (left, top) = (left.min(column), top.min(row));
            (right, bottom) = (right.max(column + 1), bottom.max(row + 1));
        }
        if left < right {
            Part { left, top, width: right - left, height: bottom - top }
        } else {
            Part { left: 0, top: 0, width, height }
        }
    }

    /// A part with some of what is around it, so that a judge sees where it is.
    pub(super) fn seen(&self, part: Part) -> Part {
        let Size { width, height } = self.size;
        let least = width.min(height).div_ceil(LEAST);
        let widened = |start: usize, length: usize, whole: usize| {
            let wanted = (length + 2 * length.div_ceil(AROUND)).max(least).min(whole);
            ((start + length / 2).saturating_sub(wanted / 2).min(whole - wanted), wanted)
        };
        let (left, seen_width) = widened(part.left, part.width, width);
        let (top, seen_height) = widened(part.top, part.height, height);
        Part { left, top, width: seen_width, height: seen_height }
    }

    /// The mask with a soft edge of about `pixels` inside its border: 0 outside, and unchanged farther inside than that.
    pub(super) fn feathered(&self, pixels: f64) -> Vec<f32> {
        let is_outside: Vec<bool> = self.values.iter().map(|value| *value == 0.0).collect();
        #[allow(clippy::cast_possible_truncation)]
        let width = (pixels + 1.0) as f32;
        let soft = |(value, distance): (&f32, f32)| {
            // The pixel beside the outside has distance 1.
            let share = (distance / width).min(1.0);
            value * share * share * (3.0 - 2.0 * share)
        };
        self.values.iter().zip(distances(&is_outside, self.size)).map(soft).collect()
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn side_of(side: Side, share: f64, Size { width, height }: Size) -> Vec<f32> {
    // At least a row or column, but not all of them.
    let cut = |length: usize, share: f64| ((length as f64 * share).round() as usize).clamp(1, length.max(2) - 1);
    let (across, down) = (cut(width, share), cut(height, share));
    let is_inside = |column: usize, row: usize| match side {
        Side::Left => column < across,
        Side::Right => column >= width - across.min(width),
        Side::Top => row < down,
        Side::Bottom => row >= height - down.min(height),
    };
    let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
    pixels.map(|(column, row)| f32::from(u8::from(is_inside(column, row)))).collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 10, height: 6 };

    fn side(side: Side, share: f64) -> Matte {
        Matte::new(&Shape::Side(side, share), SIZE).unwrap()
    }

    #[test]
    fn a_side_has_its_share() {
        let part = |left, top, width, height| Part { left, top, width, height };
        assert_eq!(side(Side::Left, 0.3).inside(), part(0, 0, 3, 6));
        assert_eq!(side(Side::Left, 0.3).outside(), part(3, 0, 7, 6));
        assert_eq!(side(Side::Right, 0.2).inside(), part(8, 0, 2, 6));
        assert_eq!(side(Side::Top, 0.5).inside(), part(0, 0, 10, 3));
        assert_eq!(side(Side::Bottom, 0.001).inside(), part(0, 5, 10, 1));
        assert_eq!(side(Side::Bottom, 0.999).outside(), part(0, 0, 10, 1));
    }

    #[test]
    fn a_part_is_seen_with_what_is_around_it() {
        let size = Size { width: 100, height: 60 };
        let matte = Matte::new(&Shape::Side(Side::Left, 0.2), size).unwrap();
        let part = |left, top, width, height| Part { left, top, width, height };
        assert_eq!(matte.seen(part(40, 20, 20, 20)), part(35, 15, 30, 30));
        assert_eq!(matte.seen(part(0, 0, 20, 60)), part(0, 0, 30, 60));
        assert_eq!(matte.seen(part(97, 58, 3, 2)), part(85, 45, 15, 15));
        assert_eq!(matte.seen(part(50, 30, 1, 1)), part(43, 23, 15, 15));
        for (left, top, width, height) in [(3, 7, 91, 50), (0, 59, 1, 1), (99, 0, 1, 60), (13, 13, 5, 8)] {
            let seen = matte.seen(part(left, top, width, height));
            assert!(seen.left <= left && seen.left + seen.width >= left + width && seen.left + seen.width <= 100);
            assert!(seen.top <= top && seen.top + seen.height >= top + height && seen.top + seen.height <= 60);
        }
    }

    #[test]
    fn an_edge_is_soft_inside_only() {
        let matte = side(Side::Right, 0.7);
        let row = |pixels: f64| matte.feathered(pixels)[..10].to_vec();
        assert_eq!(row(0.0), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let soft = row(3.0);
        // t²(3 − 2t) at a quarter, a half and three quarters
        let expected = [0.0, 0.0, 0.0, 0.15625, 0.5, 0.84375, 1.0, 1.0, 1.0, 1.0];
        assert!(soft.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-6), "{soft:?}");
    }

    #[test]
    fn a_picture_is_resized_like_a_start() {
        // Twice as large and wider: the middle counts.
        let disc = RgbImage::from_fn(40, 12, |x, _| image::Rgb([if (18..22).contains(&x) { 255 } else { 3 }; 3]));
        let matte = Matte::new(&Shape::Picture(disc), SIZE).unwrap();
        assert_eq!((matte.values[0], matte.values[9], matte.size), (0.0, 0.0, SIZE));
        let inside = matte.inside();
        assert!(inside.left >= 3 && inside.left + inside.width <= 7 && inside.height == 6, "{inside:?}");
        assert!(matte.has_inside() && matte.has_outside());
        let white = Matte::new(&Shape::Picture(RgbImage::from_pixel(7, 7, image::Rgb([250; 3]))), SIZE).unwrap();
        assert!(!white.has_outside() && white.outside() == Part { left: 0, top: 0, width: 10, height: 6 });
        assert!(white.feathered(2.0).iter().all(|value| *value == 1.0));
    }
}
