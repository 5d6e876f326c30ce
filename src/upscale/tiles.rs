//! Cuts a picture into tiles that overlap, so that networks enlarge any size in bounded memory.
//!
//! A tile is read with a margin on each side that lies inside the picture, and only its middle is kept. Tiles depend only
//! on the size of the picture, never on memory, so that the same picture gives the same bytes.

use std::ops::Range;

/// The size of tiles, in pixels of the picture that is enlarged. Both are multiples of [`ALIGNED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiling {
    /// The longest side of a tile with its margins
    pub(super) side: usize,
    /// The margin
    pub(super) margin: usize,
}

/// Tiles begin at multiples of this. Winograd's algorithm computes squares of this side together: with squares at the same
/// places, a pixel has the same bits in a tile as in the whole picture if the margin covers everything that it depends on.
pub(super) const ALIGNED: usize = 4;

/// Part of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The pixels that are read
    pub(super) read: Range<usize>,
    /// The pixels that are kept, among those that are read
    pub(super) kept: Range<usize>,
}

impl Tiling {
    /// The spans of a side of so many pixels, in order.
    pub(super) fn spans(self, pixels: usize) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut start = 0;
        while start < pixels {
            let from = start.saturating_sub(self.margin);
            let end = if pixels - from <= self.side { pixels } else { from + self.side - self.margin };
            spans.push(Span { read: from..pixels.min(end + self.margin), kept: start..end });
            start = end;
        }
        spans
    }

    /// The longest side that is read of a side of so many pixels.
    pub(super) fn longest(self, pixels: usize) -> usize {
        pixels.min(self.side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cover_every_side_once() {
        for tiling in
            [Tiling { side: 256, margin: 32 }, Tiling { side: 64, margin: 20 }, Tiling { side: 16, margin: 4 }]
        {
            for pixels in (1..600).chain([1024, 4097]) {
                let spans = tiling.spans(pixels);
                let mut end = 0;
                for Span { read, kept } in &spans {
                    assert_eq!(kept.start, end, "{pixels}");
                    assert!(read.len() <= tiling.longest(pixels), "{pixels}: {read:?}");
                    assert!(read.start.is_multiple_of(ALIGNED) && kept.start.is_multiple_of(ALIGNED));
                    assert!(read.start == 0 || kept.start - read.start == tiling.margin, "{pixels}: {read:?} {kept:?}");
                    assert!(read.end == pixels || read.end - kept.end == tiling.margin, "{pixels}: {read:?} {kept:?}");
                    end = kept.end;
                }
                assert_eq!(end, pixels);
                assert!(spans.len() == 1 || pixels > tiling.side);
            }
        }
    }
}
