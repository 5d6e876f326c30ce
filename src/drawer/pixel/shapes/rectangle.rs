//! Rectangles: one for each place of the grid.

use super::Cells;
use crate::picture::Size;

pub(super) fn cells(grid: Size) -> Cells {
    Cells::new(grid.width, grid.height, |x, y, _| vec![vec![(x, y), (x + 1.0, y), (x + 1.0, y + 1.0), (x, y + 1.0)]])
}
