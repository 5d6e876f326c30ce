//! Stitches of a knitted fabric: two arms that meet at the bottom, like a V. The first row begins above the picture.

use super::Cells;
use crate::picture::Size;

/// How much lower the arms are at the middle of a stitch, in rows.
const DROP: f64 = 0.5;

pub(super) fn cells(grid: Size) -> Cells {
    Cells::new(grid.width, grid.height + 1, |x, y, _| {
        let (middle, right, top) = (x + 0.5, x + 1.0, y - DROP);
        let (low, bottom) = (top + DROP, top + 1.0);
        vec![
            vec![(x, top), (middle, low), (middle, low + 1.0), (x, bottom)],
            vec![(middle, low), (right, top), (right, bottom), (middle, low + 1.0)],
        ]
    })
}
