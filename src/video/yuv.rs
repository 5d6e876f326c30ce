//! Converts red, green and blue to BT.709 luma and color differences for H.264, in limited range, with the colors at
//! half the size (4:2:0).

use image::RgbImage;

/// The three planes of a picture. The sides are even and at least 16; the last row and column are repeated as needed.
#[derive(Debug)]
pub(super) struct Planes {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) luma: Vec<u8>,
    pub(super) blue: Vec<u8>,
    pub(super) red: Vec<u8>,
}

/// The shortest side that the encoder takes, in pixels.
const SHORTEST: usize = 16;
/// ITU-R BT.709-6, item 3.2: the weights of red and blue in luma.
const RED: f32 = 0.2126;
const BLUE: f32 = 0.0722;
/// Item 4.6 for 8 bits: luma is 16 to 235, color differences are up to 112 to each side of 128.
const LUMA: (f32, f32) = (16.0, 219.0 / 255.0);
const COLOR: (f32, f32) = (128.0, 224.0 / 255.0);

/// A side as it is encoded.
pub(super) fn coded(side: u32) -> usize {
    (side as usize).next_multiple_of(2).max(SHORTEST)
}

impl Planes {
    /// Planes for pictures of one size.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (width, height) = (coded(width), coded(height));
        let quarter = vec![128; width * height / 4];
        Self { width, height, luma: vec![16; width * height], blue: quarter.clone(), red: quarter }
    }

    /// Fills the planes with a picture of their size.
    pub(super) fn fill(&mut self, picture: &RgbImage) {
        let (columns, rows) = (picture.width() as usize, picture.height() as usize);
        let pixels = picture.as_raw();
        let at = |x: usize, y: usize| {
            let start = 3 * (y.min(rows - 1) * columns + x.min(columns - 1));
            [pixels[start], pixels[start + 1], pixels[start + 2]].map(f32::from)
        };
        for (y, line) in self.luma.chunks_exact_mut(self.width).enumerate() {
            for (x, luma) in line.iter_mut().enumerate() {
                let luminance = luminance(at(x, y));
                *luma = byte(LUMA.0 + LUMA.1 * luminance);
            }
        }
        let half = self.width / 2;
        let lines = self.blue.chunks_exact_mut(half).zip(self.red.chunks_exact_mut(half));
        for (y, (blues, reds)) in lines.enumerate() {
            for (x, (blue, red)) in blues.iter_mut().zip(reds).enumerate() {
                let [r, g, b] = around(&at, 2 * x, 2 * y);
                let luminance = luminance([r, g, b]);
                *blue = byte(COLOR.0 + COLOR.1 * (b - luminance) / (2.0 * (1.0 - BLUE)));
                *red = byte(COLOR.0 + COLOR.1 * (r - luminance) / (2.0 * (1.0 - RED)));
            }
        }
    }
}

/// The color of two rows at its position in H.264: on the left column, between the rows (Annex E, type 0).
fn around(at: &impl Fn(usize, usize) -> [f32; 3], x: usize, y: usize) -> [f32; 3] {
    let column = |x: usize| {
        let (above, below) = (at(x, y), at(x, y + 1));
        [0, 1, 2].map(|color| above[color] + below[color])
    };
    let (left, middle, right) = (column(x.saturating_sub(1)), column(x), column(x + 1));
    [0, 1, 2].map(|color| (left[color] + 2.0 * middle[color] + right[color]) / 8.0)
}

fn luminance([red, green, blue]: [f32; 3]) -> f32 {
    RED * red + (1.0 - RED - BLUE) * green + BLUE * blue
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn byte(value: f32) -> u8 {
    value.round() as u8
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn primaries_are_those_of_the_recommendation() {
        // Rounded from the formulas of ITU-R BT.709-6, items 3.2, 3.3 and 4.6.
        for (color, expected) in [
            ([255, 255, 255], [235, 128, 128]),
            ([0, 0, 0], [16, 128, 128]),
            ([255, 0, 0], [63, 102, 240]),
            ([0, 255, 0], [173, 42, 26]),
            ([0, 0, 255], [32, 240, 118]),
            ([128, 128, 128], [126, 128, 128]),
        ] {
            let mut planes = Planes::new(17, 3);
            planes.fill(&RgbImage::from_pixel(17, 3, Rgb(color)));
            assert_eq!((planes.width, planes.height), (18, 16));
            let all = |plane: &[u8], value| plane.iter().all(|byte| *byte == value);
            assert!(all(&planes.luma, expected[0]), "{color:?}: {}", planes.luma[0]);
            assert!(all(&planes.blue, expected[1]), "{color:?}: {}", planes.blue[0]);
            assert!(all(&planes.red, expected[2]), "{color:?}: {}", planes.red[0]);
        }
    }

    #[test]
    fn the_edge_is_repeated() {
        let mut planes = Planes::new(17, 17);
        planes.fill(&RgbImage::from_fn(17, 17, |x, y| Rgb([if x == 16 || y == 16 { 255 } else { 0 }; 3])));
        assert_eq!((planes.width, planes.height), (18, 18));
        assert!(planes.luma[16..18].iter().chain(&planes.luma[17 * 18..]).all(|luma| *luma == 235));
        assert_eq!(planes.luma[15 * 18 + 15], 16);
    }
}
