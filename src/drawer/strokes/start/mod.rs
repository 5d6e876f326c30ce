//! The first strokes of a picture.

mod map;
mod outlines;
mod painting;
mod path;
mod random;

use image::RgbImage;

use super::scene::control_points;
use super::{Kind, Look};
use crate::drawer::{Start, start};
use crate::picture::{Size, cover};
use crate::random::Stream;
use crate::settings::StartNoise;
use crate::{Error, Result};

/// The longest side of the picture that strokes are laid along, in pixels: strokes are coarser than its details.
const LONGEST: usize = 256;

/// Strokes as plain numbers, as in a [`Scene`](super::scene::Scene).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strokes {
    /// The control points of each stroke, in pixels: `[strokes, 3 segments + 1, 2]`
    pub points: Vec<f32>,
    /// The width of each stroke, in pixels
    pub widths: Vec<f32>,
    /// Red, green, blue and alpha of each stroke, 0 to 1
    pub colors: Vec<f32>,
    /// The color of the paper, 0 to 1
    pub paper: [f32; 3],
}

impl Strokes {
    fn add(&mut self, points: &[[f64; 2]], width: f64, color: [f32; 4]) {
        self.points.extend(points.iter().flatten().copied().map(narrow));
        self.widths.push(narrow(width));
        self.colors.extend(color);
    }
}

#[allow(clippy::cast_possible_truncation)]
pub(super) fn narrow(value: f64) -> f32 {
    value as f32
}

/// The first strokes, and the picture that they are to show if they start from one: of the size of the drawn picture.
///
/// # Errors
/// If a starting picture cannot be resized.
pub fn first(look: &Look, size: Size, start: Start) -> Result<(Strokes, Option<RgbImage>, f64)> {
    match start {
        Start::Picture(picture, weight) => {
            let picture = cover(picture, size)?;
            let strokes = along(look, size, &picture, &mut Stream::new(0, "strokes", 0))?;
            Ok((strokes, Some(picture), weight))
        }
        Start::Noise(StartNoise::Codes | StartNoise::None | StartNoise::Prior, stream) => {
            Ok((random::strokes(look, size, stream), None, 0.0))
        }
        Start::Noise(noise, stream) => {
            let small = smaller(size);
            let values = start::picture(noise, small, look.tile, stream);
            let strokes = along(look, size, &of_planes(&values, small)?, stream)?;
            Ok((strokes, None, 0.0))
        }
    }
}

/// The control points of a stroke at a random place.
pub fn anywhere(look: &Look, size: Size, stream: &mut Stream) -> Vec<f32> {
    random::strokes(&Look { count: 1, ..*look }, size, stream).points
}

/// Strokes along a picture.
fn along(look: &Look, size: Size, picture: &RgbImage, stream: &mut Stream) -> Result<Strokes> {
    let small = smaller(size);
    let map = map::Map::of(&cover(picture.clone(), small)?);
    let mut strokes = match look.kind {
        Kind::Painting => painting::strokes(look, &map, stream),
        Kind::Line => outlines::strokes(look, &map, stream),
    };
    let scale = scale(size, small);
    for point in strokes.points.chunks_exact_mut(2) {
        point[0] *= scale[0];
        point[1] *= scale[1];
    }
    strokes.widths.iter_mut().for_each(|width| *width *= scale[1]);
    Ok(strokes)
}

#[allow(clippy::cast_precision_loss)]
fn scale(size: Size, small: Size) -> [f32; 2] {
    [size.width as f32 / small.width as f32, size.height as f32 / small.height as f32]
}

/// The size that strokes are laid out at.
fn smaller(size: Size) -> Size {
    let longest = size.width.max(size.height);
    if longest <= LONGEST {
        return size;
    }
    let side = |side: usize| (side * LONGEST).div_ceil(longest).max(1);
    Size { width: side(size.width), height: side(size.height) }
}

/// A picture of planes `[3, height, width]` with values from 0 to 1.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn of_planes(values: &[f32], size: Size) -> Result<RgbImage> {
    let area = size.width * size.height;
    let bytes = (0..area).flat_map(|at| [0, 1, 2].map(|channel| (values[channel * area + at] * 255.0).round() as u8));
    let (width, height) = (u32::try_from(size.width).ok(), u32::try_from(size.height).ok());
    width
        .zip(height)
        .and_then(|(width, height)| RgbImage::from_raw(width, height, bytes.collect()))
        .ok_or_else(|| Error::fault("a picture of noise has another size"))
}

/// A path through places that are at equal distances along it, as the control points of cubic curves. The tangents are
/// those of Catmull and Rom.
fn curves(places: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let last = places.len() - 1;
    let mut points = Vec::with_capacity(control_points(last));
    let tangent = |at: usize| {
        let (before, after) = (places[at.saturating_sub(1)], places[(at + 1).min(last)]);
        let share = if at == 0 || at == last { 1.0 } else { 2.0 };
        [(after[0] - before[0]) / share, (after[1] - before[1]) / share]
    };
    for at in 0..last {
        let (from, to) = (tangent(at), tangent(at + 1));
        let (one, other) = (places[at], places[at + 1]);
        points.push(one);
        points.push([one[0] + from[0] / 3.0, one[1] + from[1] / 3.0]);
        points.push([other[0] - to[0] / 3.0, other[1] - to[1] / 3.0]);
    }
    points.push(places[last]);
    points
}
