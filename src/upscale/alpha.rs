//! The transparency of a picture that is enlarged.

use image::{Rgb, RgbImage, RgbaImage};

use super::Factor;
use crate::Result;
use crate::picture::{Size, bicubic};

/// How far colors are spread under invisible pixels, in pixels. A filter sees three, and a network little more.
const SPREAD: usize = 16;

/// The colors and the alphas of a picture. Invisible pixels close to visible ones get colors from them.
pub(super) fn apart(picture: &RgbaImage) -> (RgbImage, RgbImage) {
    let (width, height) = picture.dimensions();
    let mut colors = RgbImage::from_fn(width, height, |x, y| {
        let [red, green, blue, _] = picture.get_pixel(x, y).0;
        Rgb([red, green, blue])
    });
    let alphas = RgbImage::from_fn(width, height, |x, y| Rgb([picture.get_pixel(x, y).0[3]; 3]));
    let mut known: Vec<bool> = picture.pixels().map(|pixel| pixel.0[3] > 0).collect();
    for _ in 0..SPREAD {
        let found = frontier(&colors, &known);
        if found.is_empty() {
            break;
        }
        for (x, y, color) in found {
            colors.put_pixel(x, y, color);
            known[(y * width + x) as usize] = true;
        }
    }
    (colors, alphas)
}

/// The unknown pixels beside known ones, each with the mean of its known neighbors.
#[allow(clippy::cast_possible_truncation)]
fn frontier(colors: &RgbImage, known: &[bool]) -> Vec<(u32, u32, Rgb<u8>)> {
    let (width, height) = colors.dimensions();
    let mut found = Vec::new();
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        if known[(y * width + x) as usize] {
            continue;
        }
        let (mut sums, mut count) = ([0_u32; 3], 0);
        for beside_y in y.saturating_sub(1)..(y + 2).min(height) {
            for beside_x in x.saturating_sub(1)..(x + 2).min(width) {
                if known[(beside_y * width + beside_x) as usize] {
                    let color = colors.get_pixel(beside_x, beside_y).0;
                    (0..3).for_each(|channel| sums[channel] += u32::from(color[channel]));
                    count += 1;
                }
            }
        }
        if count > 0 {
            found.push((x, y, Rgb(sums.map(|sum| ((sum + count / 2) / count) as u8))));
        }
    }
    found
}

/// The alphas at the new size.
pub(super) fn enlarged(alphas: &RgbImage, factor: Factor) -> Result<RgbImage> {
    bicubic(alphas, Size::of(alphas).times(factor.times()))
}

/// A picture of colors and alphas. Invisible pixels are black, as in every picture of this program.
pub(super) fn together(colors: &RgbImage, alphas: &RgbImage) -> RgbaImage {
    RgbaImage::from_fn(colors.width(), colors.height(), |x, y| {
        let (Rgb([red, green, blue]), alpha) = (*colors.get_pixel(x, y), alphas.get_pixel(x, y).0[0]);
        image::Rgba(if alpha == 0 { [0; 4] } else { [red, green, blue, alpha] })
    })
}
