//! The shapes of cells. Each is a function from a grid of columns and rows to cells, in units of the grid: 0 to
//! `columns` across and 0 to `rows` down. Together, the cells of a shape cover the grid exactly once.

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

/// A cell: convex polygons, with corners in order. All or parts of a cell may lie outside the grid.
pub type Cell = Vec<Vec<Point>>;

/// The cells of a grid, with the same number in each row.
pub struct Cells {
    /// The number of cells across and down
    pub lattice: Size,
    /// The cells, row by row
    pub cells: Vec<Cell>,
}

impl PixelShape {
    /// The cells of a grid. Shapes other than rectangles have more cells than the grid, because the edges cut some of
    /// them.
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
    /// Creates a lattice of cells; `cell` makes each from its column, its row, and whether the row is odd.
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

    /// All cells have the area of a cell of the grid, and their corners all turn the same way.
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
