//! Hexagons that stand on a point. A row is as high as a cell of the grid; its points reach a third of a
//! row into the rows above and below. The first and the last row are cut in half.

use super::Cells;
use crate::picture::Size;

pub(super) fn cells(grid: Size) -> Cells {
    Cells::new(grid.width + 1, grid.height + 1, |x, y, odd| {
        let x = if odd { x } else { x + 0.5 };
        let (left, right) = (x - 0.5, x + 0.5);
        let [top, high, low, bottom] = [-2.0, -1.0, 1.0, 2.0].map(|thirds| y + thirds / 3.0);
        vec![vec![(x, top), (right, high), (right, low), (x, bottom), (left, low), (left, high)]]
    })
}
