//! Pictures with and without letters: random backgrounds, and words on them.

use font8x8::{BASIC_FONTS, UnicodeFonts};
use image::{Rgb, RgbImage};

use crate::random::Stream;

/// The width and height of a letter of the font.
const LETTER: usize = 8;
/// The distance of two lines.
const LINE: usize = 10;
/// What stands on signs, labels, posters and watermarks. Random letters stand beside it.
const WORDS: [&str; 24] = [
    "SALE", "OPEN", "Coffee", "the", "STOP", "Hotel", "news", "ART", "Exit", "photo", "No. 7", "FREE", "and", "Market",
    "1984", "Bar", "EST.", "love", "PIZZA", "com", "Store", "2024", "title", "by",
];
/// The largest rotation of words, in degrees.
const TURN: f64 = 20.0;

/// A picture of `side` pixels, at first without and then with letters. The number decides all about it.
pub(super) fn pair(number: u64, side: usize) -> [RgbImage; 2] {
    let mut stream = Stream::new(0, "no text", number);
    let plain = background(&mut stream, side);
    let mut lettered = plain.clone();
    for _ in 0..=stream.below(3) {
        write(&mut lettered, &mut stream);
    }
    [plain, lettered]
}

/// A color, each channel from 0 to 1.
type Color = [f64; 3];

fn color(stream: &mut Stream) -> Color {
    [0; 3].map(|_| stream.unit())
}

fn mix(one: Color, other: Color, share: f64) -> Color {
    [0, 1, 2].map(|channel| one[channel] + (other[channel] - one[channel]) * share)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn to_pixel(color: Color) -> Rgb<u8> {
    Rgb(color.map(|channel| (channel.clamp(0.0, 1.0) * 255.0).round() as u8))
}

#[allow(clippy::cast_precision_loss)]
fn real(number: usize) -> f64 {
    number as f64
}

/// Something soft (a grid of random colors, blended) with shapes on it, from none to many.
fn background(stream: &mut Stream, side: usize) -> RgbImage {
    let cells = [1, 2, 4, 8][stream.below(4)];
    let grid: Vec<Color> = (0..(cells + 1) * (cells + 1)).map(|_| color(stream)).collect();
    let shapes: Vec<Shape> = (0..stream.below(9)).map(|_| Shape::random(stream)).collect();
    picture(side, |x, y| {
        let (across, down) = (x * real(cells), y * real(cells));
        let (column, row) = (whole(across, cells), whole(down, cells));
        let at = |row: usize, column: usize| grid[row * (cells + 1) + column];
        let (right, below) = (across - real(column), down - real(row));
        let upper = mix(at(row, column), at(row, column + 1), right);
        let soft = mix(upper, mix(at(row + 1, column), at(row + 1, column + 1), right), below);
        shapes.iter().fold(soft, |under, shape| if shape.covers(x, y) { shape.color } else { under })
    })
}

/// The whole part of a number, below `cells`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(number: f64, cells: usize) -> usize {
    (number.max(0.0) as usize).min(cells - 1)
}

/// A picture whose pixels are a function of their places, from 0 to 1.
fn picture(side: usize, of: impl Fn(f64, f64) -> Color) -> RgbImage {
    let pixels = u32::try_from(side).unwrap_or(1).max(1);
    let place = |at: u32| (f64::from(at) + 0.5) / f64::from(pixels);
    RgbImage::from_fn(pixels, pixels, |x, y| to_pixel(of(place(x), place(y))))
}

/// A disk, a ring or a bar.
struct Shape {
    color: Color,
    center: (f64, f64),
    radii: (f64, f64),
    kind: usize,
}

impl Shape {
    fn random(stream: &mut Stream) -> Self {
        let (color, center) = (color(stream), (stream.unit(), stream.unit()));
        let radii = (stream.between(0.03, 0.4), stream.between(0.03, 0.4));
        Self { color, center, radii, kind: stream.below(3) }
    }

    fn covers(&self, x: f64, y: f64) -> bool {
        let (across, down) = ((x - self.center.0) / self.radii.0, (y - self.center.1) / self.radii.1);
        let distance = across * across + down * down;
        match self.kind {
            0 => distance < 1.0,
            1 => distance < 1.0 && distance > 0.6,
            _ => across.abs() < 1.0 && down.abs() < 1.0,
        }
    }
}

/// A word of the list, or random letters.
fn word(stream: &mut Stream) -> String {
    if stream.happens(0.5) {
        return WORDS[stream.below(WORDS.len())].to_owned();
    }
    let first = if stream.happens(0.5) { b'a' } else { b'A' };
    let letter = |stream: &mut Stream| {
        let number = u8::try_from(stream.below(26)).unwrap_or(0);
        char::from(first + number)
    };
    (0..3 + stream.below(6)).map(|_| letter(stream)).collect()
}

/// Writes one to three lines into a picture, turned a little, in a color that can be seen there.
fn write(picture: &mut RgbImage, stream: &mut Stream) {
    let lines: Vec<String> = (0..=stream.below(3)).map(|_| word(stream)).collect();
    let columns = lines.iter().map(String::len).max().unwrap_or(1);
    let side = f64::from(picture.width());
    let (width, height) = (real(columns * LETTER), real(lines.len() * LINE));
    // From a third of the picture to all of it; a letter has at least as many pixels as the font.
    let scale = (stream.between(0.35, 0.95) * side / width.max(height)).max(1.0);
    let turn = stream.between(-TURN, TURN).to_radians();
    let (sine, cosine) = turn.sin_cos();
    let center = (stream.between(0.3, 0.7) * side, stream.between(0.3, 0.7) * side);
    let under = picture.get_pixel(pixel(center.0, picture), pixel(center.1, picture));
    let brightness = under.0.iter().map(|channel| f64::from(*channel)).sum::<f64>() / (3.0 * 255.0);
    let extreme = if brightness < 0.5 { [1.0; 3] } else { [0.0; 3] };
    let color = mix(extreme, color(stream), stream.between(0.0, 0.4));
    let glyphs: Vec<Vec<[u8; LETTER]>> = lines.iter().map(|line| line.chars().map(glyph).collect()).collect();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (across, down) = (f64::from(x) + 0.5 - center.0, f64::from(y) + 0.5 - center.1);
        let place = (cosine * across + sine * down, cosine * down - sine * across);
        let inked = ink(&glyphs, place.0 / scale + width / 2.0, place.1 / scale + height / 2.0);
        // Edges are one pixel wide, whatever the size of the letters.
        let share = ((inked - 0.5) * scale + 0.5).clamp(0.0, 1.0);
        if share > 0.0 {
            *pixel = to_pixel(mix(pixel.0.map(|channel| f64::from(channel) / 255.0), color, share));
        }
    }
}

/// A place as the number of a pixel.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn pixel(place: f64, picture: &RgbImage) -> u32 {
    (place.max(0.0) as u32).min(picture.width() - 1)
}

fn glyph(letter: char) -> [u8; LETTER] {
    BASIC_FONTS.get(letter).unwrap_or_default()
}

/// How much of the ink of the lines is at a place in units of the font's points, blended between their centers.
fn ink(lines: &[Vec<[u8; LETTER]>], x: f64, y: f64) -> f64 {
    let (x, y) = (x - 0.5, y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (right, below) = (x - left, y - top);
    let at = |across: f64, down: f64| f64::from(u8::from(is_inked(lines, left + across, top + down)));
    let upper = at(0.0, 0.0) * (1.0 - right) + at(1.0, 0.0) * right;
    let lower = at(0.0, 1.0) * (1.0 - right) + at(1.0, 1.0) * right;
    upper * (1.0 - below) + lower * below
}

/// Whether a point of the font has ink.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn is_inked(lines: &[Vec<[u8; LETTER]>], x: f64, y: f64) -> bool {
    if x < 0.0 || y < 0.0 {
        return false;
    }
    let (x, y) = (x as usize, y as usize);
    let letter = lines.get(y / LINE).and_then(|line| line.get(x / LETTER));
    let row = letter.and_then(|letter| letter.get(y % LINE));
    row.is_some_and(|row| row >> (x % LETTER) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_differ_in_their_letters_only_and_repeat() {
        let mut shares = Vec::new();
        for number in 0..40 {
            let [plain, lettered] = pair(number, 64);
            assert_eq!(plain.dimensions(), (64, 64));
            let changed = plain.pixels().zip(lettered.pixels()).filter(|(plain, lettered)| plain != lettered).count();
            shares.push(f64::from(u32::try_from(changed).unwrap()) / 4096.0);
            assert!(pair(number, 64)[1] == lettered);
        }
        // Letters are somewhere in each picture, and cover none of them.
        assert!(shares.iter().all(|share| *share > 0.002 && *share < 0.8), "{shares:?}");
        assert!(pair(0, 64)[0] != pair(1, 64)[0]);
    }

    #[test]
    fn letters_stand_upright_in_lines() {
        let glyphs = vec![vec![glyph('L'), glyph('I')], vec![glyph('T')]];
        let inked = |x: std::ops::Range<u8>, y: std::ops::Range<u8>| {
            let points = y.flat_map(|y| x.clone().map(move |x| (f64::from(x), f64::from(y))));
            points.filter(|(x, y)| is_inked(&glyphs, *x, *y)).count()
        };
        // The stem of the L is on its left, its bar at the bottom; the T has its bar at the top of the second line.
        assert!(inked(0..4, 0..6) > inked(4..8, 0..6));
        assert!(inked(0..8, 10..13) > inked(0..8, 14..17) && inked(8..16, 10..18) == 0);
        assert_eq!(inked(0..16, 8..10), 0);
        assert!((ink(&glyphs, -5.0, 3.0)).abs() < 1e-9 && (ink(&glyphs, 100.0, 300.0)).abs() < 1e-9);
    }
}
