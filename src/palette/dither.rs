//! Maps colors to those of a palette, with or without a pattern of dots.
//!
//! Without dots, each color becomes the nearest one in OKLab. With dots, the result is judged in amounts of light
//! (linear sRGB), because light is what mixes in an eye that sees the dots from afar: the mean light of a dithered area
//! is that of the original, in a pattern as fine as its number of dots allows. A color that the palette cannot mix
//! first becomes the mixture that looks most like it.

use image::RgbImage;
use rayon::prelude::*;

use super::{Palette, nearest, oklab};

/// How colors between those of a palette are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dither {
    /// By the nearest color
    #[default]
    None,
    /// A regular pattern of 2 x 2 dots
    Bayer2,
    /// A regular pattern of 4 x 4 dots
    Bayer4,
    /// Each dot's error is passed on to its neighbors
    FloydSteinberg,
}

crate::text::named_values!(Dither, "dithering", {
    None => "none",
    Bayer2 => "bayer2",
    Bayer4 => "bayer4",
    FloydSteinberg => "floyd-steinberg",
});

/// A picture whose pixels are colors of a palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Pixels per row
    pub width: usize,
    /// Rows
    pub height: usize,
    /// The index of each pixel's color, row by row
    pub indices: Vec<u8>,
    /// The palette's colors, as 8-bit sRGB
    pub colours: Vec<[u8; 3]>,
}

impl Indexed {
    /// The same picture with three bytes per pixel.
    #[must_use]
    pub fn to_rgb(&self) -> RgbImage {
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or_default();
        let color = |index: &u8| self.colours.get(usize::from(*index)).copied().unwrap_or_default();
        let bytes = self.indices.iter().flat_map(color).collect();
        RgbImage::from_raw(side(self.width), side(self.height), bytes).unwrap_or_default()
    }
}

/// The rank by lightness of each dot of a pattern (B. Bayer, 1973).
const BAYER_2: [[usize; 2]; 2] = [[0, 2], [3, 1]];
const BAYER_4: [[usize; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

impl Palette {
    /// Maps colors to those of the palette. They are sRGB from 0 to 1, row by row; any after the last full row are left
    /// out.
    #[must_use]
    pub fn apply(&self, colors: &[[f32; 3]], width: usize, dither: Dither) -> Indexed {
        let height = colors.len().checked_div(width).unwrap_or(0);
        let colors = &colors[..width * height];
        let indices = match dither {
            Dither::None => colors.par_iter().map(|color| index(self.nearest(oklab::of_unit_srgb(*color)))).collect(),
            Dither::Bayer2 => self.ordered(colors, width, BAYER_2),
            Dither::Bayer4 => self.ordered(colors, width, BAYER_4),
            Dither::FloydSteinberg => self.diffused(colors, width),
        };
        Indexed { width, height, indices, colours: self.colors.clone() }
    }

    /// Ordered dithering with any palette. Each color is mixed from as many of the palette's colors as the pattern has
    /// dots: one after the other, the color nearest to the light that is still missing. Sorted by lightness, they stand
    /// where the pattern has its thresholds, which are thus as far apart as the palette's colors are there. (T. Knoll,
    /// US patent 6606166, 1999, expired.)
    fn ordered<const SIDE: usize>(&self, colors: &[[f32; 3]], width: usize, pattern: [[usize; SIDE]; SIDE]) -> Vec<u8> {
        let light = self.light();
        let dots = colors.par_iter().enumerate().map(|(place, color)| {
            let target = reachable(&light, *color);
            let mut missing = [0.0; 3];
            let mut mixed: Vec<usize> = (0..SIDE * SIDE)
                .map(|_| {
                    let wanted = sum(target, missing);
                    let nearest = nearest(&light, wanted);
                    missing = difference(wanted, light[nearest]);
                    nearest
                })
                .collect();
            mixed.sort_by(|one, other| self.perceived[*one][0].total_cmp(&self.perceived[*other][0]));
            let (x, y) = (place % width, place / width);
            index(mixed[pattern[y % SIDE][x % SIDE]])
        });
        dots.collect()
    }

    /// Error diffusion, every other row from right to left (R. Floyd and L. Steinberg, 1976). Missing light is passed
    /// on to the neighbors, and the nearest color is chosen in amounts of light: in another space errors would add up.
    fn diffused(&self, colors: &[[f32; 3]], width: usize) -> Vec<u8> {
        let light = self.light();
        let targets: Vec<_> = colors.par_iter().map(|color| reachable(&light, *color)).collect();
        // Errors that can be compensated are no larger than the distance between the palette's colors.
        let most: [f32; 3] = std::array::from_fn(|channel| {
            let amounts = || light.iter().map(|light| light[channel]);
            amounts().fold(0.0, f32::max) - amounts().fold(1.0, f32::min)
        });
        let mut indices = vec![0; colors.len()];
        // Errors carried to this row and the next, with an extra place at either end.
        let (mut here, mut below) = (vec![[0.0_f32; 3]; width + 2], vec![[0.0_f32; 3]; width + 2]);
        for (y, row) in targets.chunks_exact(width.max(1)).enumerate() {
            for step in 0..width {
                let backward = y % 2 == 1;
                let x = if backward { width - 1 - step } else { step };
                let wanted = sum(row[x], here[x + 1]);
                let nearest = nearest(&light, wanted);
                indices[y * width + x] = index(nearest);
                let error = difference(wanted, light[nearest]);
                let error = std::array::from_fn(|channel| error[channel].clamp(-most[channel], most[channel]));
                let (ahead, behind) = if backward { (x, x + 2) } else { (x + 2, x) };
                add(&mut here[ahead], error, 7.0 / 16.0);
                add(&mut below[behind], error, 3.0 / 16.0);
                add(&mut below[x + 1], error, 5.0 / 16.0);
                add(&mut below[ahead], error, 1.0 / 16.0);
            }
            std::mem::swap(&mut here, &mut below);
            below.fill([0.0; 3]);
        }
        indices
    }

    /// The palette's colors as amounts of light.
    fn light(&self) -> Vec<[f32; 3]> {
        self.colors.iter().map(|color| light_of(color.map(|channel| f32::from(channel) / 255.0))).collect()
    }
}

/// The light of a color if the palette can be mixed to about that color, else the light of the mixture that looks most
/// like it: the palette's colors are taken one after the other, each the one that brings the mean nearest in OKLab.
/// Without this, light of a hue that the palette lacks would be sought in the wrong lightness.
#[allow(clippy::cast_precision_loss)]
fn reachable(light: &[[f32; 3]], color: [f32; 3]) -> [f32; 3] {
    const DOTS: usize = 16;
    let target = light_of(color);
    let mut missing = [0.0; 3];
    for _ in 0..DOTS {
        let wanted = sum(target, missing);
        missing = difference(wanted, light[nearest(light, wanted)]);
    }
    // Half the share of a dot, and a little more.
    if missing.iter().all(|missing| missing.abs() < 0.8) {
        return target;
    }
    let perceived = oklab::of_linear(target);
    let mut mixed = [0.0; 3];
    for dots in 1..=DOTS / 2 {
        let with = |light: &[f32; 3]| sum(mixed, *light).map(|sum| sum / dots as f32);
        let far = |light: &[f32; 3]| oklab::distance(oklab::of_linear(with(light)), perceived);
        let best = light.iter().map(|light| (far(light), light)).min_by(|one, other| one.0.total_cmp(&other.0));
        mixed = best.map_or(mixed, |(_, light)| sum(mixed, *light));
    }
    mixed.map(|sum| sum / (DOTS / 2) as f32)
}

/// A palette has at most 256 colors.
#[allow(clippy::cast_possible_truncation)]
fn index(index: usize) -> u8 {
    index as u8
}

/// Amounts of light; a NaN has none.
fn light_of(color: [f32; 3]) -> [f32; 3] {
    color.map(|channel| oklab::to_linear(if channel.is_nan() { 0.0 } else { channel.clamp(0.0, 1.0) }))
}

fn sum(one: [f32; 3], other: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|channel| one[channel] + other[channel])
}

fn difference(one: [f32; 3], other: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|channel| one[channel] - other[channel])
}

fn add(target: &mut [f32; 3], error: [f32; 3], share: f32) {
    target.iter_mut().zip(error).for_each(|(target, error)| *target += error * share);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Dither; 4] = [Dither::None, Dither::Bayer2, Dither::Bayer4, Dither::FloydSteinberg];

    /// The mean amounts of light.
    #[allow(clippy::cast_precision_loss)]
    fn mean(indexed: &Indexed) -> [f32; 3] {
        let mut mean = [0.0; 3];
        for pixel in indexed.to_rgb().pixels() {
            add(
                &mut mean,
                light_of(pixel.0.map(|channel| f32::from(channel) / 255.0)),
                1.0 / indexed.indices.len() as f32,
            );
        }
        mean
    }

    fn farthest(one: [f32; 3], other: [f32; 3]) -> f32 {
        difference(one, other).map(f32::abs).into_iter().fold(0.0, f32::max)
    }

    #[test]
    fn nearest_without_dithering() {
        let palette = Palette::load("black,red,white").unwrap();
        let colors = [[0.1, 0.1, 0.1], [0.9, 0.2, 0.1], [0.9, 0.9, 0.8], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.9; 3]];
        let indexed = palette.apply(&colors, 2, Dither::None);
        assert_eq!((indexed.width, indexed.height, &indexed.indices[..]), (2, 3, &[0, 1, 2, 0, 1, 2][..]));
        assert_eq!(indexed.to_rgb().get_pixel(1, 0).0, [255, 0, 0]);
        assert_eq!(indexed.to_rgb().dimensions(), (2, 3));
    }

    #[test]
    fn dots_keep_the_mean_light() {
        // Colors that the palettes can mix. A pattern is off by at most half a dot's share, 1/8 and 1/32, and a little
        // more for each channel; diffusion by what is lost at the edges, a 64th.
        let cases = [
            ("black,white", [[0.5, 0.5, 0.5], [0.2, 0.2, 0.2], [0.9, 0.9, 0.9]]),
            ("black;red;lime;blue;white;yellow;cyan;magenta", [[0.5, 0.3, 0.7], [0.8, 0.7, 0.6], [0.2, 0.5, 0.4]]),
            ("greys-8", [[0.55, 0.55, 0.55], [0.12, 0.12, 0.12], [0.7, 0.7, 0.7]]),
            ("web-safe", [[0.55, 0.35, 0.42], [0.12, 0.9, 0.5], [0.7, 0.71, 0.3]]),
        ];
        for (text, colors) in cases {
            let palette = Palette::load(text).unwrap();
            for color in colors {
                let flat = vec![color; 64 * 64];
                let off = |dither| farthest(mean(&palette.apply(&flat, 64, dither)), light_of(color));
                let [none, two, four, diffused] = ALL.map(off);
                assert!(two <= 0.13 && four <= 0.04 && diffused <= 0.02, "{text} {color:?}: {two} {four} {diffused}");
                assert!(four < none && diffused < none, "{text} {color:?}: {none}, {four}, {diffused}");
            }
        }
    }

    #[test]
    fn the_palettes_own_colours_stay() {
        let palette = Palette::load("pico-8").unwrap();
        let colors: Vec<_> = palette.colours().iter().map(|color| color.map(|byte| f32::from(byte) / 255.0)).collect();
        for dither in ALL {
            let indexed = palette.apply(&colors, 4, dither);
            assert_eq!(indexed.indices, (0..16).collect::<Vec<u8>>(), "{dither}");
        }
    }

    #[test]
    fn patterns_are_regular_and_errors_are_not() {
        let palette = Palette::load("black,white").unwrap();
        // Half of the light: 188 of 255.
        let flat = vec![[188.0 / 255.0; 3]; 16 * 16];
        let chessboard: Vec<u8> = (0..256).map(|place| u8::from((place % 16 + place / 16) % 2 == 0)).collect();
        let flipped: Vec<u8> = chessboard.iter().map(|index| 1 - index).collect();
        for dither in [Dither::Bayer2, Dither::Bayer4] {
            let indices = palette.apply(&flat, 16, dither).indices;
            assert!(indices == chessboard || indices == flipped, "{indices:?}");
        }
        // If the palette can mix nothing, a pattern consists only of the nearest color.
        let greens = Palette::load("game-boy").unwrap();
        for dither in [Dither::Bayer2, Dither::Bayer4, Dither::FloydSteinberg] {
            let indices = greens.apply(&[[1.0; 3]; 64], 8, dither).indices;
            assert!(indices.iter().all(|index| *index == 3), "{dither}: {indices:?}");
        }
    }

    #[test]
    fn what_cannot_be_mixed_keeps_its_lightness() {
        let palette = Palette::load("game-boy").unwrap();
        for color in [[0.2, 0.35, 1.0], [0.9, 0.2, 0.25], [0.6, 0.2, 0.8]] {
            let flat = vec![color; 64 * 64];
            let lightness = oklab::of_unit_srgb(color)[0];
            for dither in [Dither::Bayer4, Dither::FloydSteinberg] {
                let found = oklab::of_linear(mean(&palette.apply(&flat, 64, dither)))[0];
                // The nearest color in OKLab gives up some lightness for hue; light alone would be off by 0.24.
                assert!((found - lightness).abs() < 0.15, "{dither} {color:?}: {found} {lightness}");
            }
        }
    }

    #[test]
    fn sizes_and_numbers_of_any_kind() {
        let palette = Palette::load("pico-8").unwrap();
        for dither in ALL {
            for (count, width, height) in [(0, 0, 0), (5, 0, 0), (0, 3, 0), (7, 3, 2), (2, 5, 0), (4, 1, 4)] {
                let indexed = palette.apply(&vec![[0.5; 3]; count], width, dither);
                assert_eq!(
                    (indexed.height, indexed.indices.len()),
                    (height, width * height),
                    "{dither} {count} {width}"
                );
                let _ = indexed.to_rgb();
            }
            let odd = [[f32::NAN; 3], [f32::INFINITY; 3], [f32::NEG_INFINITY; 3], [-5.0, 9.0, f32::NAN]];
            assert!(palette.apply(&odd, 2, dither).indices.iter().all(|index| *index < 16));
        }
        assert_eq!("bayer4".parse(), Ok(Dither::Bayer4));
        assert!("bayer8".parse::<Dither>().unwrap_err().contains("bayer2"));
    }
}
