//! A picture that things are put on.

use image::{Rgb, RgbImage};

use super::cutout::Cutout;
use super::layout::Place;

/// The most samples along a side of a pixel.
const MOST_SAMPLES: usize = 8;

/// How a thing is turned.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::prior) struct Pose {
    /// Left and right exchanged
    pub mirrored: bool,
    /// The angle around its middle, clockwise, in radians
    pub tilt: f64,
}

/// Puts a thing at a place, whose lengths are shares of the picture's height.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
pub(in crate::prior) fn put(picture: &mut RgbImage, cutout: &Cutout, place: &Place, pose: Pose) {
    let unit = f64::from(picture.height());
    let (width, height) = ((place.width * unit).max(1.0), (place.height * unit).max(1.0));
    let (middle_x, middle_y) = (place.left * unit + width / 2.0, place.top * unit + height / 2.0);
    let (sine, cosine) = pose.tilt.sin_cos();
    // The box around the turned thing.
    let turned_width = width * cosine.abs() + height * sine.abs();
    let turned_height = height * cosine.abs() + width * sine.abs();
    let (left, top) = (middle_x - turned_width / 2.0, middle_y - turned_height / 2.0);
    let pixels = |from: f64, length: f64, most: u32| {
        let begin = from.floor().clamp(0.0, f64::from(most)) as u32;
        begin..((from + length).ceil().clamp(0.0, f64::from(most)) as u32)
    };
    let (across, down) = (cutout.width as f64 / width, cutout.height as f64 / height);
    let samples = (across.max(down).ceil() as usize).clamp(2, MOST_SAMPLES);
    for y in pixels(top, turned_height, picture.height()) {
        for x in pixels(left, turned_width, picture.width()) {
            let (mut color, mut coverage) = ([0.0; 3], 0.0);
            for sample in 0..samples * samples {
                let inside = |at: usize| (2 * at + 1) as f64 / (2 * samples) as f64;
                let from_middle_x = f64::from(x) + inside(sample % samples) - middle_x;
                let from_middle_y = f64::from(y) + inside(sample / samples) - middle_y;
                let along = (from_middle_x * cosine + from_middle_y * sine + width / 2.0) * across;
                let along = if pose.mirrored { cutout.width as f64 - along } else { along };
                let below = (from_middle_y * cosine - from_middle_x * sine + height / 2.0) * down;
                let (tap, share) = sampled(cutout, along, below);
                color = std::array::from_fn(|channel| color[channel] + tap[channel]);
                coverage += share;
            }
            let count = (samples * samples) as f32;
            let Rgb(under) = picture.get_pixel(x, y);
            let mixed = std::array::from_fn(|channel| {
                let over = color[channel] / count + f32::from(under[channel]) * (1.0 - coverage / count);
                over.round().clamp(0.0, 255.0) as u8
            });
            picture.put_pixel(x, y, Rgb(mixed));
        }
    }
}

/// The color, times how much is covered, and the share that is covered at a place in a cutout, in pixels; bilinear.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
fn sampled(cutout: &Cutout, x: f64, y: f64) -> ([f32; 3], f32) {
    let (x, y) = (x - 0.5, y - 0.5);
    let (column, row) = (x.floor(), y.floor());
    let (right, below) = ((x - column) as f32, (y - row) as f32);
    let (mut color, mut coverage) = ([0.0; 3], 0.0);
    for (across, down, weight) in [
        (0.0, 0.0, (1.0 - right) * (1.0 - below)),
        (1.0, 0.0, right * (1.0 - below)),
        (0.0, 1.0, (1.0 - right) * below),
        (1.0, 1.0, right * below),
    ] {
        let (column, row) = (column + across, row + down);
        if column < 0.0 || row < 0.0 || column >= cutout.width as f64 || row >= cutout.height as f64 {
            continue;
        }
        let at = row as usize * cutout.width + column as usize;
        let share = weight * cutout.coverage[at];
        color = std::array::from_fn(|channel| color[channel] + share * cutout.colors[at][channel]);
        coverage += share;
    }
    (color, coverage)
}
