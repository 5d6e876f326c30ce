//! Pictures of few colours: a table, and for each pixel its place in it.

use std::collections::HashMap;

/// The most colours of an indexed PNG.
const MOST: usize = 256;

/// A picture of few colours.
pub(super) struct Indexed {
    /// Three bytes a colour, in the order of their first pixels
    pub(super) colours: Vec<u8>,
    /// Bits a pixel: 1, 2, 4 or 8
    pub(super) depth: u8,
    /// Places in the table, packed from the highest bits on; each row begins with a byte of its own
    pub(super) rows: Vec<u8>,
}

impl Indexed {
    /// Of pixels of three bytes; none where they have more than 256 colours.
    pub(super) fn of(pixels: &[u8], width: usize) -> Option<Self> {
        let mut places = HashMap::new();
        let mut indices = Vec::with_capacity(pixels.len() / 3);
        for pixel in pixels.as_chunks::<3>().0 {
            let next = places.len();
            indices.push(u8::try_from(*places.entry(*pixel).or_insert(next)).ok()?);
        }
        let depth = match places.len() {
            0..=2 => 1,
            3..=4 => 2,
            5..=16 => 4,
            _ => 8,
        };
        let mut colours = vec![0; 3 * places.len().min(MOST)];
        for (colour, place) in places {
            colours[3 * place..][..3].copy_from_slice(&colour);
        }
        let a_byte = usize::from(8 / depth);
        let pack = |indices: &[u8]| {
            indices.iter().zip(1..).fold(0, |byte, (index, place): (&u8, u8)| byte | index << (8 - place * depth))
        };
        let rows = indices.chunks(width.max(1)).flat_map(|row| row.chunks(a_byte).map(pack)).collect();
        Some(Self { colours, depth, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_packed() {
        let pixel = |index: u8| [index, 2 * index, 7];
        let picture = |colours: u8, count: u8| (0..count).flat_map(|at| pixel(at % colours)).collect::<Vec<u8>>();
        let two = Indexed::of(&picture(2, 10), 5).unwrap();
        assert_eq!(
            (two.depth, &two.colours[..], &two.rows[..]),
            (1, &[0, 0, 7, 1, 2, 7][..], &[0b0101_0000, 0b1010_1000][..])
        );
        let five = Indexed::of(&picture(5, 6), 3).unwrap();
        assert_eq!((five.depth, &five.rows[..]), (4, &[0x01, 0x20, 0x34, 0x00][..]));
        assert_eq!(Indexed::of(&picture(255, 255), 5).unwrap().depth, 8);
        let many: Vec<u8> = (0..257_u16).flat_map(|at| [at.to_be_bytes()[0], at.to_be_bytes()[1], 0]).collect();
        assert!(Indexed::of(&many[3..], 8).is_some() && Indexed::of(&many, 257).is_none());
    }
}
