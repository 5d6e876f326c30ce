//! Pictures as characters. Each character is two pixels: the upper one in its foreground color, the lower one in its
//! background color.

use std::fmt::Write;

use image::{Rgb, RgbImage};

/// The colors of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Colors {
    /// Red, green and blue from 0 to 255
    All,
    /// xterm's 256, of which 216 are a cube
    Table,
}

/// A picture of an even height; each column of pixels is a column of characters.
pub(in crate::cli) fn encode(picture: &RgbImage, colors: Colors) -> String {
    let mut text = String::new();
    for row in 0..picture.height() / 2 {
        let mut last = None;
        for column in 0..picture.width() {
            let pair = [0, 1].map(|half| name(*picture.get_pixel(column, 2 * row + half), colors));
            if last.as_ref() != Some(&pair) {
                let [upper, lower] = &pair;
                // Writing to a string cannot fail.
                let _ = write!(text, "\x1b[38;{upper};48;{lower}m");
                last = Some(pair);
            }
            text.push('▀');
        }
        text += "\x1b[0m\n";
    }
    text
}

/// A color in the terminal's escape sequences (ECMA-48's 38 and 48, ITU-T T.416).
fn name(Rgb([red, green, blue]): Rgb<u8>, colors: Colors) -> String {
    // The cube's steps are 0, 95, 135, 175, 215 and 255.
    let step = |value: u8| if value < 48 { 0 } else { (u16::from(value.max(95)) - 35) / 40 };
    match colors {
        Colors::All => format!("2;{red};{green};{blue}"),
        Colors::Table => format!("5;{}", 16 + 36 * step(red) + 6 * step(green) + step(blue)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_are_a_character() {
        let picture =
            RgbImage::from_fn(3, 2, |x, y| if x == 2 || y == 1 { Rgb([0, 0, 255]) } else { Rgb([255, 0, 0]) });
        let both = "\x1b[38;2;255;0;0;48;2;0;0;255m▀▀\x1b[38;2;0;0;255;48;2;0;0;255m▀\x1b[0m\n";
        assert_eq!(encode(&picture, Colors::All), both);
        assert_eq!(encode(&picture, Colors::Table), "\x1b[38;5;196;48;5;21m▀▀\x1b[38;5;21;48;5;21m▀\x1b[0m\n");
    }

    #[test]
    fn the_table_has_the_nearest_colour() {
        let levels = [0_i32, 95, 135, 175, 215, 255];
        for value in 0..=255_u8 {
            let distance = |level: i32| (level - i32::from(value)).abs();
            let found: usize = name(Rgb([0, 0, value]), Colors::Table)[2..].parse().unwrap();
            let nearest = levels.iter().map(|level| distance(*level)).min().unwrap();
            assert!(distance(levels[found - 16]) <= nearest + 1, "{value}: {found}");
        }
    }
}
