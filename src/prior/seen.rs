//! A picture of the prior seen a little differently.

use image::{RgbImage, imageops};

use crate::random::Stream;

/// The least share of the side of the picture that is shown.
const NEAREST: f64 = 0.95;

/// Crops the picture a little and mirrors it or not: the prior always puts things in the same place, but seeds should
/// give different pictures.
#[must_use]
pub fn seen_anew(mut drawn: RgbImage, stream: &mut Stream) -> RgbImage {
    if stream.happens(0.5) {
        imageops::flip_horizontal_in_place(&mut drawn);
    }
    let (width, height) = drawn.dimensions();
    let share = stream.between(NEAREST, 1.0);
    let mut part = |side: u32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let shown = (f64::from(side) * share).round() as u32;
        #[allow(clippy::cast_possible_truncation)]
        (stream.below((side - shown) as usize + 1) as u32, shown)
    };
    let ((left, shown_width), (top, shown_height)) = (part(width), part(height));
    imageops::crop_imm(&drawn, left, top, shown_width, shown_height).to_image()
}
