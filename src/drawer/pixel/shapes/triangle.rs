//! Triangles that alternately point up and down; the base of each is two columns wide. The first and the last triangle
//! of a row are cut in half.

use super::Cells;
use crate::picture::Size;

pub(super) fn cells(grid: Size) -> Cells {
    Cells::new(grid.width + 1, grid.height, |x, y, odd| {
        let (left, right, top, bottom) = (x - 1.0, x + 1.0, y, y + 1.0);
        // Columns are whole numbers.
        let up = (x % 2.0 < 0.5) != odd;
        vec![if up {
            vec![(x, top), (right, bottom), (left, bottom)]
        } else {
            vec![(left, top), (right, top), (x, bottom)]
        }]
    })
}
