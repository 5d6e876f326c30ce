//! A study as PNGs: a row for each style, a column for each subject, with labels.

use std::ops::Range;
use std::path::{Path, PathBuf};

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use image::{Rgb, RgbImage, imageops};

use super::grid::Grid;
use crate::batch::contact_sheet::{encode, within};
use crate::files::behind_stem;
use crate::{Error, Result, picture};

/// The longer side of a picture on a sheet with few subjects, in pixels.
const LARGEST: u32 = 256;
/// The longest side of a sheet, in pixels.
const LARGEST_SHEET: u32 = 8192;
/// The most rows of a sheet.
const MOST_ROWS: usize = 15;
/// The space between two pictures, in pixels.
const GAP: u32 = 8;
/// The width of the column of labels, in pixels.
const LABELS: u32 = 256;
/// The width and height of a character, in pixels.
const LETTER: u32 = 16;
/// The lines of a label above a column.
const HEADING: u32 = 3;
const BACKGROUND: Rgb<u8> = Rgb([22, 24, 28]);
const TEXT: Rgb<u8> = Rgb([232, 234, 237]);

/// The rows of each sheet.
pub(super) fn pages(grid: &Grid) -> impl Iterator<Item = Range<usize>> {
    let count = grid.rows.len();
    (0..count).step_by(MOST_ROWS).map(move |first| first..count.min(first + MOST_ROWS))
}

/// The names of the sheets of a study with so many rows: the name itself if one sheet is enough, else numbered.
#[must_use]
pub fn sheet_names(path: &Path, rows: usize) -> Vec<PathBuf> {
    let count = rows.div_ceil(MOST_ROWS);
    if count <= 1 {
        return vec![path.to_owned()];
    }
    let digits = count.to_string().len();
    (1..=count).map(|number| behind_stem(path, &format!("-{number:0digits$}"))).collect()
}

/// A PNG of some rows.
///
/// # Errors
/// If a picture cannot be read, or there are too many subjects for a sheet.
pub(super) fn sheet(grid: &Grid, rows: Range<usize>) -> Result<Vec<u8>> {
    let columns = u32::try_from(grid.subjects.len()).unwrap_or(u32::MAX).max(1);
    let room = (LARGEST_SHEET - LABELS) / columns;
    let side = LARGEST.min(room.saturating_sub(GAP));
    if side < LETTER {
        let problem = format!("{columns} subjects are too many for a sheet");
        return Err(Error::usage(problem, "leave out the sheet, or study fewer subjects"));
    }
    let top = HEADING * LETTER + GAP;
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let size = (LABELS + columns * (side + GAP) + GAP, top + count * (side + GAP) + GAP);
    let mut sheet = RgbImage::from_pixel(size.0, size.1, BACKGROUND);
    for (subject, column) in grid.subjects.iter().zip(0..) {
        let left = LABELS + column * (side + GAP);
        write(&mut sheet, (left, GAP), side, HEADING, &subject.prompt.to_string());
    }
    for (row, line) in grid.rows[rows].iter().zip(0..) {
        let y = top + line * (side + GAP);
        write(&mut sheet, (GAP, y), LABELS - 2 * GAP, side / LETTER, row.name());
        for (cell, column) in row.cells.iter().zip(0..) {
            let Some(card) = cell else { continue };
            let small = within(&picture::read(&card.path)?, side)?;
            let left = LABELS + column * (side + GAP) + (side - small.width()) / 2;
            imageops::replace(&mut sheet, &small, left.into(), (y + (side - small.height()) / 2).into());
        }
    }
    encode(&sheet).map_err(|error| Error::fault(format!("cannot encode the sheet: {error}")))
}

/// Writes text into a box, in at most so many lines; what does not fit is cut off.
fn write(sheet: &mut RgbImage, (left, top): (u32, u32), width: u32, lines: u32, text: &str) {
    let most = usize::try_from(width / LETTER).unwrap_or(1).max(1);
    let lines = usize::try_from(lines).unwrap_or(1).max(1);
    for (line, y) in wrapped(text, most).iter().take(lines).zip((top..).step_by(LETTER as usize)) {
        for (letter, x) in line.iter().zip((left..).step_by(LETTER as usize)) {
            draw(sheet, (x, y), *letter);
        }
    }
}

/// Text in lines of at most so many characters, broken between words if possible.
fn wrapped(text: &str, most: usize) -> Vec<Vec<char>> {
    let mut lines = vec![Vec::new()];
    for word in text.split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        for part in word.chunks(most) {
            let line = lines.last_mut();
            match line {
                Some(line) if line.is_empty() => line.extend(part),
                Some(line) if line.len() + 1 + part.len() <= most => {
                    line.push(' ');
                    line.extend(part);
                }
                _ => lines.push(part.to_vec()),
            }
        }
    }
    lines
}

/// Draws a character twice as large as the font has it; one that the font lacks is a question mark.
fn draw(sheet: &mut RgbImage, (left, top): (u32, u32), letter: char) {
    let glyph = BASIC_FONTS.get(letter).or_else(|| LATIN_FONTS.get(letter)).or_else(|| BASIC_FONTS.get('?'));
    let scale = LETTER / 8;
    for (row, y) in glyph.unwrap_or_default().into_iter().zip(0..) {
        for x in (0..8).filter(|x| row >> x & 1 == 1) {
            for (down, across) in (0..scale).flat_map(|down| (0..scale).map(move |across| (down, across))) {
                let (x, y) = (left + x * scale + across, top + y * scale + down);
                if let Some(pixel) = sheet.get_pixel_mut_checked(x, y) {
                    *pixel = TEXT;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_broken_between_words() {
        let lines = |text: &str, most| -> Vec<String> {
            wrapped(text, most).into_iter().map(|line| line.into_iter().collect()).collect()
        };
        assert_eq!(lines("Victorian house on a hill", 12), ["Victorian", "house on a", "hill"]);
        assert_eq!(lines("incomprehensibilities", 8), ["incompre", "hensibil", "ities"]);
        assert_eq!(lines("", 8), [""]);
    }

    #[test]
    fn sheets_are_numbered_if_there_are_several() {
        assert_eq!(sheet_names(Path::new("a/s.png"), 1), [Path::new("a/s.png")]);
        let names = sheet_names(Path::new("s.png"), 12 * MOST_ROWS - 1);
        assert_eq!((names.len(), names[0].as_path()), (12, Path::new("s-01.png")));
    }

    #[test]
    fn letters_are_drawn_upright() {
        let mut sheet = RgbImage::from_pixel(16, 16, BACKGROUND);
        draw(&mut sheet, (0, 0), 'L');
        let lit = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            y.flat_map(|y| x.clone().map(move |x| (x, y))).filter(|(x, y)| *sheet.get_pixel(*x, *y) == TEXT).count()
        };
        // The upright stem is on the left, the bar at the bottom.
        assert!(lit(0..8, 0..8) > lit(8..16, 0..8) && lit(8..16, 8..16) > lit(8..16, 0..8));
    }
}
