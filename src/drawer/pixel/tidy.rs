//! Tidies cells that are limited to a palette, as people draw pixel art: edges are sharp, and no cell is a speck.
//!
//! Cells are small pictures of something blurred. At an edge between two colors lie cells that are mixtures of the two:
//! each becomes the one that it is more like. Then cells whose color none of the cells around them has become like most
//! of these.

use super::neighbors::Neighbors;
use crate::palette::{Palette, oklab};

/// Colors nearer than this in OKLab are shades of each other: what lies between them is shading, no blurred edge.
const SHADES: f32 = 0.12;
/// How much longer the way from one color to another may be through a mixture of the two.
const DETOUR: f32 = 1.06;
/// A single cell is kept in a plain area if its color is at least this far away: an eye, a star, a highlight.
const ACCENT: f32 = 0.25;

/// The index of the color of each cell in its palette; none if the cell is transparent.
pub(super) type Indices = Vec<Option<u8>>;

/// Tidies cells. `wanted` is the OKLab of each cell before it was limited to the palette.
pub(super) fn tidy(cells: &[Option<u8>], wanted: &[[f32; 3]], palette: &Palette, neighbors: &Neighbors) -> Indices {
    let mut cells = without_mixtures(cells, wanted, palette, neighbors);
    remove_strays(&mut cells, palette, neighbors);
    cells
}

/// Whether a color is about a mixture of two others.
pub(super) fn is_mixture(color: [f32; 3], one: [f32; 3], other: [f32; 3]) -> bool {
    apart(one, color) + apart(color, other) <= DETOUR * apart(one, other)
}

/// The distance of two colors in OKLab.
pub(super) fn apart(one: [f32; 3], other: [f32; 3]) -> f32 {
    oklab::distance(one, other).sqrt()
}

fn without_mixtures(cells: &[Option<u8>], wanted: &[[f32; 3]], palette: &Palette, neighbors: &Neighbors) -> Indices {
    let color = |index: u8| palette.perceived()[usize::from(index)];
    let mut sharp = cells.to_vec();
    for cell in neighbors.cells() {
        let Some(own) = cells[cell] else { continue };
        let mut nearest: Option<(f32, u8)> = None;
        for (one, other) in neighbors.opposite(cell) {
            let (Some(one), Some(other)) = (cells[one], cells[other]) else { continue };
            let is_edge = own != one && own != other && apart(color(one), color(other)) >= SHADES;
            if !is_edge || !is_mixture(color(own), color(one), color(other)) {
                continue;
            }
            for side in [one, other] {
                let far = (oklab::distance(wanted[cell], color(side)), side);
                if nearest.is_none_or(|nearest| far.0.total_cmp(&nearest.0).then(far.1.cmp(&nearest.1)).is_lt()) {
                    nearest = Some(far);
                }
            }
        }
        if let Some((_, side)) = nearest {
            sharp[cell] = Some(side);
        }
    }
    sharp
}

/// Removes cells that are like none around them, in order: what one becomes counts for the next. Afterwards only accents
/// are such cells, since a cell that is like another keeps its color.
fn remove_strays(cells: &mut [Option<u8>], palette: &Palette, neighbors: &Neighbors) {
    for cell in neighbors.cells() {
        cells[cell] = without_stray(cells, cell, palette, neighbors);
    }
}

/// What a cell becomes if it is a stray, and what it is if not.
fn without_stray(cells: &[Option<u8>], cell: usize, palette: &Palette, neighbors: &Neighbors) -> Option<u8> {
    let own = cells[cell];
    let mut around: Vec<(Option<u8>, usize)> = Vec::new();
    for other in neighbors.touching(cell).map(|other| cells[other]) {
        if other == own {
            return own;
        }
        match around.iter_mut().find(|(color, _)| *color == other) {
            Some((_, count)) => *count += 1,
            None => around.push((other, 1)),
        }
    }
    // Transparency is farther from a color than any color.
    let far = |color: Option<u8>| match own.zip(color) {
        Some((own, color)) => apart(palette.perceived()[usize::from(own)], palette.perceived()[usize::from(color)]),
        None => f32::INFINITY,
    };
    if let [(only, _)] = around[..]
        && only.is_some()
        && own.is_some()
        && far(only) >= ACCENT
    {
        return own;
    }
    let most = around.iter().map(|(_, count)| *count).max();
    let usual = around.into_iter().filter(|(_, count)| Some(*count) == most).map(|(color, _)| color);
    usual.min_by(|one, other| far(*one).total_cmp(&far(*other)).then(one.cmp(other))).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Size;
    use crate::settings::PixelShape;

    const PALETTE: &str = "#000000,#ffffff,#808080,#ff0000,#f8f8f8,#ff4000";

    /// Tidies rows of digits, the indices of colors; a dot is a transparent cell. Each cell was the color it has.
    fn tidied(shape: PixelShape, rows: &[&str]) -> Vec<String> {
        let palette = Palette::load(PALETTE).unwrap();
        let digits = rows.iter().flat_map(|row| row.chars());
        let cells: Indices = digits.map(|sign| sign.to_digit(10).map(|digit| u8::try_from(digit).unwrap())).collect();
        let wanted: Vec<_> = cells.iter().map(|cell| palette.perceived()[usize::from(cell.unwrap_or(0))]).collect();
        let lattice = Size { width: rows[0].len(), height: rows.len() };
        let neighbors = Neighbors::new(shape, lattice, None, vec![true; cells.len()]);
        let tidy = tidy(&cells, &wanted, &palette, &neighbors);
        let sign = |cell: &Option<u8>| cell.map_or('.', |index| char::from(b'0' + index));
        tidy.chunks(lattice.width).map(|row| row.iter().map(sign).collect()).collect()
    }

    #[test]
    fn strays_become_like_most_around_them() {
        use PixelShape::{Hexagon, Rectangle};
        for (shape, rows, expected) in [
            // A pale speck goes; a line of single cells stays, also a diagonal one; so do two that touch.
            (Rectangle, ["11111", "11411", "11111", "11111"], ["11111", "11111", "11111", "11111"]),
            (Rectangle, ["31111", "13111", "11311", "11131"], ["31111", "13111", "11311", "11131"]),
            (Rectangle, ["11111", "14411", "11111", "11111"], ["11111", "14411", "11111", "11111"]),
            // A black cell in plain white is an eye; at an edge it is a speck.
            (Rectangle, ["11111", "11011", "11111", "11111"], ["11111", "11011", "11111", "11111"]),
            (Rectangle, ["11333", "11033", "11333", "11333"], ["11333", "11333", "11333", "11333"]),
            // Holes are filled, and single cells in nothing vanish.
            (Rectangle, ["33333", "33.33", "33333", "33333"], ["33333", "33333", "33333", "33333"]),
            (Rectangle, [".....", "..3..", ".....", "3...."], [".....", ".....", ".....", "....."]),
            // In rows of hexagons, one row is shifted to the right and the next to the left: what would touch diagonally
            // as rectangles does so only on one side.
            (Hexagon, ["11111", "14111", "14111", "11111"], ["11111", "14111", "14111", "11111"]),
            (Hexagon, ["11111", "14111", "11411", "11111"], ["11111", "11111", "11111", "11111"]),
        ] {
            assert_eq!(tidied(shape, &rows), expected, "{shape}: {rows:?}");
        }
    }

    #[test]
    fn mixtures_at_edges_become_one_of_the_sides() {
        use PixelShape::{Hexagon, Rectangle};
        for shape in [Rectangle, Hexagon] {
            // Gray, OKLab lightness 0.60, is nearer to white than to black.
            assert_eq!(tidied(shape, &["00211", "00211", "00211"]), ["00111", "00111", "00111"], "{shape}");
            // A line between cells of one color, and an area, are no mixtures.
            assert_eq!(tidied(shape, &["11211", "11211", "11211"]), ["11211", "11211", "11211"], "{shape}");
            assert_eq!(tidied(shape, &["0022211", "0022211", "0022211"]), ["0022211", "0022211", "0022211"], "{shape}");
            // Red lies not between black and white.
            assert_eq!(tidied(shape, &["00311", "00311", "00311"]), ["00311", "00311", "00311"], "{shape}");
        }
    }

    /// What is left is left as it is.
    #[test]
    fn no_stray_remains() {
        let mut stream = crate::random::Stream::new(3, "test", 0);
        let palette = Palette::load(PALETTE).unwrap();
        for (shape, name) in PixelShape::ALL {
            let lattice = Size { width: 12, height: 11 };
            let neighbors = Neighbors::new(*shape, lattice, None, vec![true; 12 * 11]);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let mut cells: Indices =
                (0..12 * 11).map(|_| Some(stream.between(0.0, 6.0) as u8).filter(|index| *index < 5)).collect();
            remove_strays(&mut cells, &palette, &neighbors);
            for cell in neighbors.cells() {
                assert_eq!(without_stray(&cells, cell, &palette, &neighbors), cells[cell], "{name}");
            }
        }
    }
}
