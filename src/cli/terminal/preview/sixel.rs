//! Pictures as sixels: six rows of pixels at a time, color by color (DEC's VT330/VT340 Programmer Reference
//! Manual, volume 2, chapter 14).

use std::fmt::Write;

use image::RgbImage;

/// Steps of each color.
const STEPS: u32 = 6;
/// Thresholds of an ordered dither, in 16ths (Bayer, 1973).
const DITHER: [[u32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
/// Rows of a band.
const BAND: u32 = 6;

/// A picture in 216 colors, one pixel for each of the terminal's.
pub(in crate::cli) fn encode(picture: &RgbImage) -> String {
    let (width, height) = picture.dimensions();
    // Pixels are square, and pixels that are not drawn stay as they were.
    let mut text = format!("\x1bP0;1;0q\"1;1;{width};{height}");
    for color in 0..STEPS.pow(3) {
        let share = |step: u32| 100 * (step % STEPS) / (STEPS - 1);
        let (red, green, blue) = (share(color / STEPS / STEPS), share(color / STEPS), share(color));
        // Writing to a string cannot fail.
        let _ = write!(text, "#{color};2;{red};{green};{blue}");
    }
    for top in (0..height).step_by(BAND as usize) {
        band(picture, top, &mut text);
        text.push('-');
    }
    text += "\x1b\\";
    text
}

/// Six rows. Each of their colors draws its pixels, starting at the left again.
fn band(picture: &RgbImage, top: u32, text: &mut String) {
    let (width, height) = picture.dimensions();
    let mut columns = vec![Vec::new(); STEPS.pow(3) as usize];
    for y in top..height.min(top + BAND) {
        for x in 0..width {
            let mask: &mut Vec<u8> = &mut columns[color(picture, x, y) as usize];
            mask.resize(width as usize, 0);
            mask[x as usize] |= 1 << (y - top);
        }
    }
    for (color, masks) in columns.iter().enumerate().filter(|(_, masks)| !masks.is_empty()) {
        let _ = write!(text, "#{color}");
        for run in masks.chunk_by(|first, second| first == second) {
            let character = char::from(b'?' + run[0]);
            match run.len() {
                1..4 => text.extend(std::iter::repeat_n(character, run.len())),
                length => drop(write!(text, "!{length}{character}")),
            }
        }
        text.push('$');
    }
}

/// The number of a pixel's dithered color.
fn color(picture: &RgbImage, x: u32, y: u32) -> u32 {
    let threshold = 2 * DITHER[y as usize % 4][x as usize % 4] + 1;
    let step = |value: u8| (u32::from(value) * (STEPS - 1) * 32 + 255 * threshold) / (255 * 32);
    picture.get_pixel(x, y).0.iter().fold(0, |number, value| number * STEPS + step(*value).min(STEPS - 1))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// Draws sixels as a terminal does.
    fn decode(text: &str) -> RgbImage {
        let body = text.strip_prefix("\x1bP0;1;0q\"1;1;").unwrap().strip_suffix("\x1b\\").unwrap();
        let (size, body) = body.split_once('#').unwrap();
        let (width, height) = size.split_once(';').unwrap();
        let mut picture = RgbImage::new(width.parse().unwrap(), height.parse().unwrap());
        let body = format!("#{body}");
        let mut rest = body.as_str();
        let (mut table, mut color, mut x, mut top) = (vec![Rgb([0; 3]); 256], 0, 0, 0);
        let number = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
        while let Some(first) = rest.chars().next() {
            rest = &rest[1..];
            let mut take = || {
                let digits = number(rest);
                let value: u32 = rest[..digits].parse().unwrap();
                rest = &rest[digits..];
                value
            };
            match first {
                '#' => {
                    color = take() as usize;
                    if rest.starts_with(";2;") {
                        let values: Vec<u32> = rest[3..]
                            .split(['#', ';'])
                            .take(3)
                            .map(|text| text[..number(text)].parse().unwrap())
                            .collect();
                        table[color] = Rgb([0, 1, 2].map(|index| u8::try_from(values[index] * 255 / 100).unwrap()));
                        let text = format!(";2;{};{};{}", values[0], values[1], values[2]);
                        rest = rest.strip_prefix(text.as_str()).unwrap();
                    }
                }
                '$' => x = 0,
                '-' => (x, top) = (0, top + 6),
                other => {
                    let count = if other == '!' { take() } else { 1 };
                    let sixel = if other == '!' { rest.chars().next().unwrap() } else { other };
                    rest = if other == '!' { &rest[1..] } else { rest };
                    let mask = u8::try_from(sixel).unwrap() - b'?';
                    for column in x..x + count {
                        for row in (0..6).filter(|row| mask >> row & 1 == 1) {
                            picture.put_pixel(column, top + row, table[color]);
                        }
                    }
                    x += count;
                }
            }
        }
        picture
    }

    #[test]
    fn a_terminal_sees_the_picture() {
        let ramp =
            RgbImage::from_fn(52, 20, |x, y| Rgb([u8::try_from(5 * x).unwrap(), u8::try_from(12 * y).unwrap(), 51]));
        let seen = decode(&encode(&ramp));
        assert_eq!(seen.dimensions(), ramp.dimensions());
        for (seen, meant) in seen.pixels().zip(ramp.pixels()) {
            assert!(seen.0.iter().zip(meant.0).all(|(seen, meant)| seen.abs_diff(meant) <= 52), "{seen:?} {meant:?}");
        }
        // The dither keeps the mean.
        let mean =
            |picture: &RgbImage| picture.pixels().map(|pixel| f64::from(pixel.0[0])).sum::<f64>() / (52.0 * 20.0);
        assert!((mean(&seen) - mean(&ramp)).abs() < 3.0, "{} {}", mean(&seen), mean(&ramp));
        // A color of the table stays as it is.
        let plain = RgbImage::from_pixel(7, 7, Rgb([255, 0, 51]));
        assert_eq!(decode(&encode(&plain)), plain);
    }
}
