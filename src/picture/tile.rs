//! Pictures whose copies lie beside each other without a seam.

use image::{ImageBuffer, Pixel, RgbImage};

use super::{Size, to_values};

/// How copies of a picture continue each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// On the left and on the right
    Across,
    /// Above and below
    Down,
    /// In both directions
    Both,
    /// In both directions, where every other column of copies is half a picture lower
    HalfDrop,
}

crate::text::named_values!(Tile, "way to tile", {
    Across => "x": "The left and right edges continue each other",
    Down => "y": "The top and bottom edges continue each other",
    Both => "both": "Both pairs of edges continue each other",
    HalfDrop => "half-drop": "Like both, but every other column of copies is half a picture lower",
});

/// The part of a side, at each edge, in which a picture changes so that its edges continue each other.
const CHANGED: f64 = 0.25;

impl Tile {
    /// Whether the left and the right edge continue each other.
    #[must_use]
    pub fn wraps_across(self) -> bool {
        self != Self::Down
    }

    /// Whether the upper and the lower edge continue each other.
    #[must_use]
    pub fn wraps_down(self) -> bool {
        self != Self::Across
    }

    /// The size of two copies along each pair of edges that continue each other.
    #[must_use]
    pub fn doubled(self, size: Size) -> Size {
        let side = |pixels: usize, wraps: bool| if wraps { pixels.saturating_mul(2) } else { pixels };
        Size { width: side(size.width, self.wraps_across()), height: side(size.height, self.wraps_down()) }
    }

    /// How many rows the copy on the right is lower. A half drop needs an even height.
    #[must_use]
    pub fn drop_of(self, height: usize) -> usize {
        if self == Self::HalfDrop { height / 2 } else { 0 }
    }

    /// The pixel of the picture, by its column and row, at a place in the plane of copies. Beyond edges that do not
    /// continue each other, that is the nearest pixel.
    #[must_use]
    pub fn place(self, (x, y): (isize, isize), size: Size) -> (usize, usize) {
        let (width, height) = (size.width.cast_signed(), size.height.cast_signed());
        let (mut x, mut y) = (x, y);
        if self.wraps_across() {
            y += x.div_euclid(width) * self.drop_of(size.height).cast_signed();
            x = x.rem_euclid(width);
        }
        if self.wraps_down() {
            y = y.rem_euclid(height);
        }
        (x.clamp(0, width - 1).cast_unsigned(), y.clamp(0, height - 1).cast_unsigned())
    }

    /// The columns on each side, and the rows above and below, that a margin of copies around a picture has.
    #[must_use]
    pub fn margins(self, margin: usize) -> (usize, usize) {
        let of = |wraps: bool| if wraps { margin } else { 0 };
        (of(self.wraps_across()), of(self.wraps_down()))
    }

    /// The size of a picture with a margin of copies around it.
    #[must_use]
    pub fn widened(self, size: Size, margin: usize) -> Size {
        let (across, down) = self.margins(margin);
        Size { width: size.width + 2 * across, height: size.height + 2 * down }
    }

    /// The picture with a margin of its copies at the edges that continue each other.
    #[must_use]
    pub fn around<P: Pixel>(
        self,
        picture: &ImageBuffer<P, Vec<P::Subpixel>>,
        margin: usize,
    ) -> ImageBuffer<P, Vec<P::Subpixel>> {
        let size = Size::of(picture);
        let (across, down) = self.margins(margin);
        let Size { width, height } = self.widened(size, margin);
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let before = |at: u32, margin: usize| (at as usize).cast_signed() - margin.cast_signed();
        ImageBuffer::from_fn(side(width), side(height), |x, y| {
            let (x, y) = self.place((before(x, across), before(y, down)), size);
            *picture.get_pixel(side(x), side(y))
        })
    }

    /// A picture changed so that its edges continue each other, as [`Tile::join_edges`] does.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn joined(self, picture: &RgbImage) -> RgbImage {
        let mut values = to_values(picture, 3);
        self.join_edges(&mut values, Size::of(picture));
        let mut joined = picture.clone();
        let area = values.len() / 3;
        for (at, pixel) in joined.pixels_mut().enumerate() {
            for (channel, byte) in pixel.0.iter_mut().enumerate() {
                *byte = (values[channel * area + at].clamp(0.0, 1.0) * 255.0).round() as u8;
            }
        }
        joined
    }

    /// Changes planes `[channels, height, width]` so that their edges continue each other. At each edge, half of the
    /// difference to the opposite edge is added, less and less up to a quarter of the picture. What is in the middle
    /// stays.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn join_edges(self, values: &mut [f32], size: Size) {
        let Size { width, height } = size;
        // From a half at the edge to 0.
        let shares = |side: usize| -> Vec<f32> {
            let reach = (side as f64 * CHANGED).max(1.0);
            let share = |at: usize| 0.5 * (1.0 - at as f64 / reach).powi(2) as f32;
            (0..(reach.ceil() as usize).min(side / 2)).map(share).collect()
        };
        let (of_columns, of_rows) = (shares(width), shares(height));
        for plane in values.chunks_exact_mut(width * height) {
            // Rows first: the differences across are then the same above and below.
            if self.wraps_down() {
                for column in 0..width {
                    let apart = plane[(height - 1) * width + column] - plane[column];
                    for (row, share) in of_rows.iter().enumerate() {
                        plane[row * width + column] += apart * share;
                        plane[(height - 1 - row) * width + column] -= apart * share;
                    }
                }
            }
            if self.wraps_across() {
                let drop = self.drop_of(height);
                for row in 0..height {
                    let beside = (row + drop) % height;
                    let apart = plane[row * width + width - 1] - plane[beside * width];
                    for (column, share) in of_columns.iter().enumerate() {
                        plane[beside * width + column] += apart * share;
                        plane[row * width + width - 1 - column] -= apart * share;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const SIZE: Size = Size { width: 3, height: 4 };

    #[test]
    fn places_repeat() {
        assert_eq!(Tile::Both.place((-1, 5), SIZE), (2, 1));
        assert_eq!(Tile::Across.place((4, 9), SIZE), (1, 3));
        assert_eq!(Tile::Down.place((-5, -1), SIZE), (0, 3));
        // The column of copies on the right is two rows lower, the next one as the first.
        assert_eq!(Tile::HalfDrop.place((3, 0), SIZE), (0, 2));
        assert_eq!(Tile::HalfDrop.place((-1, 1), SIZE), (2, 3));
        assert_eq!(Tile::HalfDrop.place((6, 1), SIZE), (0, 1));
    }

    #[test]
    fn a_margin_has_copies() {
        let pixel = |x: u32, y: u32| Rgb([u8::try_from(10 * y + x).unwrap(); 3]);
        let picture = RgbImage::from_fn(3, 4, pixel);
        for &(tile, _) in Tile::ALL {
            let around = tile.around(&picture, 2);
            let (across, down) = tile.margins(2);
            assert_eq!(Size::of(&around), tile.widened(SIZE, 2));
            for (x, y, found) in around.enumerate_pixels() {
                let before = |at: u32, margin: usize| (at as usize).cast_signed() - margin.cast_signed();
                let place = (before(x, across), before(y, down));
                let (column, row) = tile.place(place, SIZE);
                assert_eq!(*found, pixel(u32::try_from(column).unwrap(), u32::try_from(row).unwrap()), "{tile}");
            }
        }
    }

    /// Values that rise to the right and fall downward; afterwards, opposite edges are equal, and the middle is as it was.
    #[test]
    #[allow(clippy::cast_precision_loss)]
    fn joined_edges_continue_each_other() {
        for &(tile, _) in Tile::ALL {
            for size in [Size { width: 12, height: 8 }, Size { width: 9, height: 16 }, Size { width: 2, height: 2 }] {
                let Size { width, height } = size;
                let before: Vec<f32> = (0..2 * width * height)
                    .map(|at| (at % width) as f32 - 0.5 * (at / width % height) as f32 + ((at * at) % 7) as f32)
                    .collect();
                let mut after = before.clone();
                tile.join_edges(&mut after, size);
                for (plane, own) in after.chunks(width * height).zip(before.chunks(width * height)) {
                    for row in (0..height).filter(|_| tile.wraps_across()) {
                        let (_, beside) = tile.place((width.cast_signed(), row.cast_signed()), size);
                        let apart = plane[row * width + width - 1] - plane[beside * width];
                        assert!(apart.abs() < 1e-4, "{tile} {size}: {apart}");
                    }
                    // The differences across have changed the rows by turns if the copies are lower.
                    for column in (0..width).filter(|_| tile.wraps_down() && tile.drop_of(height) == 0) {
                        let apart = plane[(height - 1) * width + column] - plane[column];
                        assert!(apart.abs() < 1e-4, "{tile} {size}: {apart}");
                    }
                    let middle = height / 2 * width + width / 2;
                    assert!(width < 3 || (plane[middle] - own[middle]).abs() < 1e-6, "{tile} {size}");
                }
            }
        }
    }
}
