//! Rhombi that stand on a point, a column wide and two rows high, every other row shifted by half a column. Rhombi at
//! the edges are cut in half.

use super::Cells;
use crate::picture::Size;

pub(super) fn cells(grid: Size) -> Cells {
    Cells::new(grid.width + 1, grid.height + 1, |x, y, odd| {
        let x = if odd { x } else { x + 0.5 };
        vec![vec![(x, y - 1.0), (x + 0.5, y), (x, y + 1.0), (x - 0.5, y)]]
    })
}
