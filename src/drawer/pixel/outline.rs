//! Outlines: a line one cell wide, in the darkest color of the palette, around things.
//!
//! What touches the edge of the picture widely is background, and so is what lies next to it in nearly the same color or
//! in a mixture of two background colors (spray between sea and sky); the rest are things. The line replaces cells of the
//! background, so that a thing loses none of its own. If cells can be transparent, the background is where they are. The
//! edges of a picture that is tiled count as edges too, but things and lines go on across them.

use super::neighbors::Neighbors;
use super::tidy::{apart, is_mixture};
use crate::palette::Palette;

/// The share of the edge of the picture that an area of background touches at least.
const WIDE: f64 = 0.04;
/// The share of the picture below which an area at the edge is background even if it touches little of the edge.
const SMALL: f64 = 0.03;
/// The share of the picture below which a thing gets no line.
const SPECK: f64 = 0.01;
/// Colors nearer than this in OKLab to a color of the background are background.
const ALIKE: f32 = 0.08;

/// Draws lines around the things of a picture.
pub(super) fn outline(cells: &mut [Option<u8>], palette: &Palette, neighbors: &Neighbors) {
    let lightness = |index: &usize| palette.perceived()[*index][0];
    let darkest = (0..palette.colours().len()).min_by(|one, other| lightness(one).total_cmp(&lightness(other)));
    let darkest = darkest.and_then(|index| u8::try_from(index).ok());
    let background = background(cells, palette, neighbors);
    let things = things(&background, neighbors);
    let is_line = |cell: &usize| background[*cell] && neighbors.beside(*cell).any(|other| things[other]);
    let line: Vec<usize> = neighbors.cells().filter(is_line).collect();
    for cell in line {
        cells[cell] = darkest;
    }
}

/// Cells of one kind, connected by their edges.
struct Areas {
    /// The area of each cell; that of cells outside the picture means nothing
    of_cells: Vec<usize>,
    /// The cells of each area
    cells: Vec<Vec<usize>>,
}

impl Areas {
    /// Divides a picture into areas of equal kinds.
    fn new<K: PartialEq>(neighbors: &Neighbors, kinds: &[K]) -> Self {
        let mut of_cells = vec![usize::MAX; kinds.len()];
        let mut areas = Vec::new();
        for first in neighbors.cells() {
            if of_cells[first] != usize::MAX {
                continue;
            }
            of_cells[first] = areas.len();
            let mut area = vec![first];
            let mut next = 0;
            while let Some(&cell) = area.get(next) {
                next += 1;
                for other in neighbors.beside(cell) {
                    if of_cells[other] == usize::MAX && kinds[other] == kinds[cell] {
                        of_cells[other] = areas.len();
                        area.push(other);
                    }
                }
            }
            areas.push(area);
        }
        Self { of_cells, cells: areas }
    }
}

/// Whether each cell is background.
#[allow(clippy::cast_precision_loss)]
fn background(cells: &[Option<u8>], palette: &Palette, neighbors: &Neighbors) -> Vec<bool> {
    if cells.iter().enumerate().any(|(cell, color)| color.is_none() && neighbors.is_inside(cell)) {
        return cells.iter().map(Option::is_none).collect();
    }
    let areas = Areas::new(neighbors, cells);
    let color = |area: usize| cells[areas.cells[area][0]].map(|index| palette.perceived()[usize::from(index)]);
    let at_edge = |area: &Vec<usize>| area.iter().filter(|cell| neighbors.is_at_edge(**cell)).count();
    let edge = neighbors.cells().filter(|cell| neighbors.is_at_edge(*cell)).count() as f64;
    let all = neighbors.cells().count() as f64;
    let (mut colors, mut found, mut is_background) = (Vec::new(), Vec::new(), vec![false; areas.cells.len()]);
    for (index, area) in areas.cells.iter().enumerate() {
        let touching = at_edge(area) as f64;
        let is_wide = touching >= WIDE * edge;
        if is_wide {
            colors.extend(color(index));
        }
        if is_wide || (touching > 0.0 && (area.len() as f64) < SMALL * all) {
            is_background[index] = true;
            found.push(index);
        }
    }
    let is_alike = |color: [f32; 3]| {
        colors.iter().enumerate().any(|(index, one)| {
            apart(color, *one) < ALIKE || colors[index + 1..].iter().any(|other| is_mixture(color, *one, *other))
        })
    };
    while let Some(area) = found.pop() {
        for other in areas.cells[area].iter().flat_map(|cell| neighbors.beside(*cell)) {
            let other = areas.of_cells[other];
            if !is_background[other] && color(other).is_some_and(is_alike) {
                is_background[other] = true;
                found.push(other);
            }
        }
    }
    areas.of_cells.iter().map(|area| is_background.get(*area).is_some_and(|is_background| *is_background)).collect()
}

/// Whether each cell belongs to a thing that gets a line: a line on its own and a speck get none.
#[allow(clippy::cast_precision_loss)]
fn things(background: &[bool], neighbors: &Neighbors) -> Vec<bool> {
    // Each cell of more than a line touches two that touch each other.
    let is_broad = |cell: usize| {
        let around: Vec<usize> = neighbors.touching(cell).filter(|other| !background[*other]).collect();
        around.iter().any(|one| neighbors.touching(*one).any(|other| around.contains(&other)))
    };
    let mut things: Vec<bool> = vec![false; background.len()];
    for cell in neighbors.cells() {
        things[cell] = !background[cell] && is_broad(cell);
    }
    let least = SPECK * neighbors.cells().count() as f64;
    let areas = Areas::new(neighbors, &things);
    for cell in areas.cells.iter().filter(|area| (area.len() as f64) < least).flatten() {
        things[*cell] = false;
    }
    things
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Size;
    use crate::settings::PixelShape;

    /// Outlines rows of digits, the indices of colors, of which 0 is the darkest; a dot is a transparent cell.
    fn outlined(shape: PixelShape, rows: &[&str]) -> Vec<String> {
        let palette = Palette::load("#101018,#ffffff,#ff0000,#2040c0,#a0c0ff,#f4f6ff").unwrap();
        let digits = rows.iter().flat_map(|row| row.chars());
        let mut cells: Vec<Option<u8>> =
            digits.map(|sign| sign.to_digit(10).map(|digit| u8::try_from(digit).unwrap())).collect();
        let lattice = Size { width: rows[0].len(), height: rows.len() };
        outline(
            &mut cells,
            &palette,
            &Neighbors::new(shape, lattice, None, vec![true; lattice.width * lattice.height]),
        );
        let sign = |cell: &Option<u8>| cell.map_or('.', |index| char::from(b'0' + index));
        cells.chunks(lattice.width).map(|row| row.iter().map(sign).collect()).collect()
    }

    #[test]
    fn a_line_runs_around_a_thing() {
        let rows = ["11111111", "11111111", "11222111", "11252111", "11222111", "11111111", "11115111", "11111111"];
        // The line is one cell wide, also at corners; what is inside, and a nearly white cell outside, gets none.
        let expected = ["11111111", "11000111", "10222011", "10252011", "10222011", "11000111", "11115111", "11111111"];
        assert_eq!(outlined(PixelShape::Rectangle, &rows), expected);
        // Nothing to outline.
        assert_eq!(outlined(PixelShape::Rectangle, &["1111", "1111", "1111"]), ["1111", "1111", "1111"]);
    }

    #[test]
    fn sea_and_sky_are_background() {
        let rows = ["444444444", "444444444", "444422444", "444222444", "333222333", "333333333", "333333333"];
        let expected = ["444444444", "444400444", "444022044", "440222044", "330222033", "333000333", "333333333"];
        assert_eq!(outlined(PixelShape::Rectangle, &rows), expected);
    }

    #[test]
    fn the_rest_of_a_picture_is_transparent() {
        let rows = [".......", "..222..", "..222..", ".......", "......."];
        let expected = ["..000..", ".02220.", ".02220.", "..000..", "......."];
        assert_eq!(outlined(PixelShape::Rectangle, &rows), expected);
    }

    /// Around a hexagon of seven cells runs one of twelve: every second row is shifted by half a cell to the left.
    #[test]
    fn a_line_of_hexagons() {
        let rows = ["1111111", "1111111", "1122111", "1122211", "1122111", "1111111", "1111111"];
        let expected = ["1111111", "1100011", "1022011", "1022201", "1022011", "1100011", "1111111"];
        assert_eq!(outlined(PixelShape::Hexagon, &rows), expected);
    }

    #[test]
    fn a_line_on_its_own_gets_no_other() {
        let rows = ["11111111", "11111111", "12222221", "11111111", "11111111"];
        assert_eq!(outlined(PixelShape::Rectangle, &rows), rows);
    }
}
