//! The cells of a picture that is tiled: what is cut in two by edges that continue each other is one cell, so the lattice of
//! cells goes on beside the picture.

use super::coverage::Coverage;
use super::shapes::Cells;
use crate::picture::{Size, Tile};
use crate::settings::{PixelShape, Settings};
use crate::{Error, Result};

/// The lattice of cells whose `grid` fills a picture that is tiled, and their coverage, from those of all cells that the
/// shape has in one picture alone.
pub(super) fn joined(cells: &Cells, grid: Size, tile: Tile, coverage: Coverage) -> (Size, Coverage) {
    let lattice = Size {
        width: if tile.wraps_across() { grid.width } else { cells.lattice.width },
        height: if tile.wraps_down() { grid.height } else { cells.lattice.height },
    };
    let place = |cell: usize| {
        let (column, row) = (cell % cells.lattice.width, cell / cells.lattice.width);
        let (column, row) = tile.place((column.cast_signed(), row.cast_signed()), lattice);
        row * lattice.width + column
    };
    (lattice, coverage.joined(lattice.width * lattice.height, place))
}

/// After how many columns and rows the cells of a shape repeat.
fn period(shape: PixelShape) -> (usize, usize) {
    match shape {
        PixelShape::Rectangle | PixelShape::Knit => (1, 1),
        PixelShape::Shifted | PixelShape::Hexagon | PixelShape::Diamond => (1, 2),
        PixelShape::Triangle => (2, 2),
    }
}

/// What the numbers of columns and rows of a grid must be multiples of, so that its cells go on beside the picture.
fn multiples(shape: PixelShape, tile: Tile) -> (usize, usize) {
    let (across, down) = period(shape);
    let rows = if tile == Tile::HalfDrop { 2 * down } else { down };
    (if tile.wraps_across() { across } else { 1 }, if tile.wraps_down() { rows } else { 1 })
}

/// The grid nearest to one whose cells go on beside a picture of this size.
pub(crate) fn repeating(grid: Size, shape: PixelShape, tile: Tile, picture: Size) -> Size {
    let (across, down) = multiples(shape, tile);
    let near = |cells: usize, multiple: usize, most: usize| {
        let near = (cells + multiple / 2) / multiple * multiple;
        near.min(most / multiple * multiple).max(multiple)
    };
    Size { width: near(grid.width, across, picture.width), height: near(grid.height, down, picture.height) }
}

/// Checks that the cells of a grid go on beside a picture that is tiled.
///
/// # Errors
/// If they do not.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let (Some(tile), Some(grid)) = (settings.tile, settings.pixel_size) else { return Ok(()) };
    let shape = settings.pixel_shape;
    let (across, down) = multiples(shape, tile);
    if grid.width.is_multiple_of(across) && grid.height.is_multiple_of(down) {
        return Ok(());
    }
    let Size { width, height } = repeating(grid, shape, tile, Size { width: usize::MAX, height: usize::MAX });
    let problem = format!("{grid} cells of ‹pixel-shape› {shape} do not continue each other with ‹tile› {tile}");
    Err(Error::usage(problem, format!("use ‹pixel-size› {width}x{height}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each pixel is covered once, and a cell that leaves at an edge is the one that enters at the other.
    #[test]
    fn joined_cells_cover_everything_once() {
        let grid = Size { width: 6, height: 8 };
        for (shape, name) in PixelShape::ALL {
            for &(tile, _) in Tile::ALL {
                let picture = Size { width: 29, height: 34 };
                let cells = shape.cells(grid);
                let (lattice, coverage) = joined(&cells, grid, tile, Coverage::new(&cells, grid, picture));
                assert_eq!(coverage.of_cells.len(), lattice.width * lattice.height, "{name} {tile}");
                let mut totals = vec![0.0; picture.width * picture.height];
                let mut areas = Vec::new();
                for cell in &coverage.of_cells {
                    assert!(cell.windows(2).all(|pair| pair[0].0 < pair[1].0), "{name} {tile}");
                    areas.push(cell.iter().map(|(_, share)| share).sum::<f32>());
                    for (pixel, share) in cell {
                        totals[*pixel as usize] += share;
                    }
                }
                assert!(totals.iter().all(|total: &f32| (total - 1.0).abs() < 1e-5), "{name} {tile}");
                if tile == Tile::Both || tile == Tile::HalfDrop {
                    // All cells are whole.
                    #[allow(clippy::cast_precision_loss)]
                    let whole = (picture.width * picture.height) as f32 / (6.0 * 8.0);
                    assert!(areas.iter().all(|area| (area - whole).abs() < 1e-3), "{name} {tile}: {areas:?}");
                }
            }
        }
    }

    #[test]
    fn grids_repeat_with_their_shapes() {
        let size = |width, height| Size { width, height };
        let near = |shape, tile| repeating(size(9, 9), shape, tile, size(64, 64));
        assert_eq!(near(PixelShape::Rectangle, Tile::Both), size(9, 9));
        assert_eq!(near(PixelShape::Rectangle, Tile::HalfDrop), size(9, 10));
        assert_eq!(near(PixelShape::Hexagon, Tile::Both), size(9, 10));
        assert_eq!(near(PixelShape::Hexagon, Tile::Across), size(9, 9));
        assert_eq!(near(PixelShape::Triangle, Tile::HalfDrop), size(10, 8));
        assert_eq!(repeating(size(9, 9), PixelShape::Triangle, Tile::Both, size(9, 9)), size(8, 8));
    }
}
