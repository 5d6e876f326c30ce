//! How a picture is cut into tiles, and tiles into panels.

use crate::frozen::arithmetic::panel::WIDTH;

/// The grid of tiles, cut into panels of `WIDTH`, row by row.
pub struct Tiles {
    pub down: usize,
    pub across: usize,
}

/// Neighboring tiles of one row, with their panel and first column in a block.
pub struct Segment {
    pub row: usize,
    pub first: usize,
    pub count: usize,
    pub panel: usize,
    pub column: usize,
}

impl Tiles {
    pub fn panels(&self) -> usize {
        (self.down * self.across).div_ceil(WIDTH)
    }

    /// The number of tiles of a panel.
    pub fn columns(&self, panel: usize) -> usize {
        WIDTH.min(self.down * self.across - panel * WIDTH)
    }

    /// The segments of a panel in the block that begins with panel `first_panel`.
    pub fn segments(&self, panel: usize, first_panel: usize) -> Vec<Segment> {
        let tiles = panel * WIDTH..((panel + 1) * WIDTH).min(self.down * self.across);
        let mut segments = Vec::new();
        let mut tile = tiles.start;
        while tile < tiles.end {
            let first = tile % self.across;
            let count = (self.across - first).min(tiles.end - tile);
            let column = tile - tiles.start;
            segments.push(Segment { row: tile / self.across, first, count, panel: panel - first_panel, column });
            tile += count;
        }
        segments
    }
}
