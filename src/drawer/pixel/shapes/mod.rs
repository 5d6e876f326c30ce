//! The shapes of cells. Each is a function from a grid of columns and rows to its cells, in units of the grid:
//! 0 to `columns` across and 0 to `rows` down. Together the cells of a shape cover all of it, once.

mod diamond;
mod hexagon;
mod knit;
mod rectangle;
mod shifted;
mod triangle;

use crate::picture::Size;
use crate::settings::PixelShape;

/// A corner: across and down, in units of the grid.
pub type Point = (f64, f64);

/// Where a cell lies: convex polygons, corners in turn. Parts of it, or all, may lie outside the grid.
pub type Cell = Vec<Vec<Point>>;

/// The cells of a grid, in rows of the same number.
pub struct Cells {
    /// How many there are across and down
    pub lattice: Size,
    /// Row by row
    pub cells: Vec<Cell>,
}

impl PixelShape {
    /// The cells of a grid of so many columns and rows. Where they are not rectangles, there are more of them: those
    /// that are cut by the edges.
    #[must_use]
    pub fn cells(self, grid: Size) -> Cells {
        match self {
            Self::Rectangle => rectangle::cells(grid),
            Self::Shifted => shifted::cells(grid),
            Self::Hexagon => hexagon::cells(grid),
            Self::Triangle => triangle::cells(grid),
            Self::Diamond => diamond::cells(grid),
            Self::Knit => knit::cells(grid),
        }
    }
}

impl Cells {
    /// A lattice of cells, of which `cell` makes each from its column and row.
    #[allow(clippy::cast_precision_loss)]
    fn new(columns: usize, rows: usize, cell: impl Fn(f64, f64, bool) -> Cell) -> Self {
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        let cells = places.map(|(column, row)| cell(column as f64, row as f64, row % 2 == 1)).collect();
        Self { lattice: Size { width: columns, height: rows }, cells }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(polygon: &[Point]) -> f64 {
        let next = polygon.iter().cycle().skip(1);
        polygon.iter().zip(next).map(|(a, b)| (a.0 * b.1 - b.0 * a.1) / 2.0).sum::<f64>().abs()
    }

    /// Cells in the middle of a shape have the area of one of the grid's, and the corners turn one way.
    #[test]
    fn cells_are_convex_and_of_one_size() {
        for (shape, name) in PixelShape::ALL {
            let cells = shape.cells(Size { width: 5, height: 4 });
            assert_eq!(cells.cells.len(), cells.lattice.width * cells.lattice.height, "{name}");
            for cell in &cells.cells {
                let total: f64 = cell.iter().map(|polygon| area(polygon)).sum();
                assert!((total - 1.0).abs() < 1e-12, "{name}: {total}");
                for polygon in cell {
                    let turns: Vec<f64> = (0..polygon.len())
                        .map(|at| {
                            let [a, b, c] = [0, 1, 2].map(|step| polygon[(at + step) % polygon.len()]);
                            (b.0 - a.0) * (c.1 - b.1) - (b.1 - a.1) * (c.0 - b.0)
                        })
                        .collect();
                    assert!(turns.iter().all(|turn| *turn > 0.0), "{name}: {turns:?}");
                }
            }
        }
    }
}
