//! Bricks: rectangles, with every other row shifted left by half a rectangle.

use super::Cells;
use crate::picture::Size;

pub(super) fn cells(grid: Size) -> Cells {
    Cells::new(grid.width + 1, grid.height, |x, y, odd| {
        let x = if odd { x - 0.5 } else { x };
        vec![vec![(x, y), (x + 1.0, y), (x + 1.0, y + 1.0), (x, y + 1.0)]]
    })
}
