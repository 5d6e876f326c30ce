//! Pictures with few colors: a table of colors, and an index into the table for each pixel.

use std::collections::HashMap;

use image::{DynamicImage, Pixel};

/// A picture with few colors.
pub(super) struct Indexed {
    /// Three bytes per color, in the order in which the colors first occur
    pub(super) colors: Vec<u8>,
    /// The alphas of the colors, without the opaque ones at the end
    pub(super) alphas: Vec<u8>,
    /// Bits per pixel: 1, 2, 4 or 8
    pub(super) depth: u8,
    /// Indices into the table, packed from the highest bits on; each row begins at a byte
    pub(super) rows: Vec<u8>,
}

impl Indexed {
    /// Indexes an 8-bit picture; none if it has more than 256 colors. Colors that differ only in alpha are different.
    pub(super) fn of(picture: &DynamicImage) -> Option<Self> {
        match picture {
            DynamicImage::ImageRgba8(pixels) => Self::of_pixels(pixels.pixels().map(|pixel| pixel.0), picture.width()),
            DynamicImage::ImageRgb8(pixels) => {
                Self::of_pixels(pixels.pixels().map(|pixel| pixel.to_rgba().0), picture.width())
            }
            _ => None,
        }
    }

    fn of_pixels(pixels: impl Iterator<Item = [u8; 4]>, width: u32) -> Option<Self> {
        let mut places = HashMap::new();
        let mut indices = Vec::new();
        for pixel in pixels {
            let next = places.len();
            indices.push(u8::try_from(*places.entry(pixel).or_insert(next)).ok()?);
        }
        let depth = match places.len() {
            0..=2 => 1,
            3..=4 => 2,
            5..=16 => 4,
            _ => 8,
        };
        let mut colors = vec![0; 3 * places.len()];
        let mut alphas = vec![0; places.len()];
        for ([red, green, blue, alpha], place) in places {
            colors[3 * place..][..3].copy_from_slice(&[red, green, blue]);
            alphas[place] = alpha;
        }
        alphas.truncate(alphas.iter().rposition(|alpha| *alpha < u8::MAX).map_or(0, |last| last + 1));
        let a_byte = usize::from(8 / depth);
        let pack = |indices: &[u8]| {
            indices.iter().zip(1..).fold(0, |byte, (index, place): (&u8, u8)| byte | index << (8 - place * depth))
        };
        let width = usize::try_from(width).unwrap_or(usize::MAX).max(1);
        let rows = indices.chunks(width).flat_map(|row| row.chunks(a_byte).map(pack)).collect();
        Some(Self { colors, alphas, depth, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_packed() {
        let of = |colors: u32, count: u32, width: u32| {
            let color = |at: u32| [at.to_le_bytes()[0], 2, at.to_le_bytes()[1], 255];
            Indexed::of_pixels((0..count).map(|at| color(at % colors)), width)
        };
        let two = of(2, 10, 5).unwrap();
        let expected = (1, &[0, 2, 0, 1, 2, 0][..], &[0b0101_0000, 0b1010_1000][..]);
        assert_eq!((two.depth, &two.colors[..], &two.rows[..]), expected);
        assert!(two.alphas.is_empty());
        let five = of(5, 6, 3).unwrap();
        assert_eq!((five.depth, &five.rows[..]), (4, &[0x01, 0x20, 0x34, 0x00][..]));
        assert_eq!(of(255, 255, 5).unwrap().depth, 8);
        assert!(of(256, 256, 8).is_some() && of(257, 257, 8).is_none());
    }

    #[test]
    fn alphas_end_with_the_last_that_is_not_opaque() {
        let pixels = [[1, 1, 1, 255], [0; 4], [1, 1, 1, 9], [2, 2, 2, 255], [0; 4]];
        let indexed = Indexed::of_pixels(pixels.into_iter(), 5).unwrap();
        assert_eq!(indexed.colors, [1, 1, 1, 0, 0, 0, 1, 1, 1, 2, 2, 2]);
        assert_eq!((indexed.alphas, indexed.depth), (vec![255, 0, 9], 2));
        assert_eq!(indexed.rows, [0b0001_1011, 0b0100_0000]);
    }
}
