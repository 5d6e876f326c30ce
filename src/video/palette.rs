//! The colors of a GIF: at most 256, chosen in OKLab, where distances match what eyes see.

use std::collections::BTreeSet;

use quantette::color_map::{IndexedColorMap, NearestNeighborColorMap};
use quantette::color_space::{oklab_to_srgb8, srgb8_to_oklab};
use quantette::deps::palette::cast::{from_component_slice, into_component_vec};
use quantette::deps::palette::{Oklab, Srgb};
use quantette::wu::{BinnerF32x3, WuF32x3};
use quantette::{PaletteBuf, PaletteCounts, PaletteSize};

use crate::{Error, Result};

/// A color in OKLab.
pub(super) type Perceived = Oklab;
type Nearest = NearestNeighborColorMap<Oklab, f32, 3>;

/// Converts pixels of three bytes to OKLab.
pub(super) fn perceived(pixels: &[u8]) -> Vec<Perceived> {
    srgb8_to_oklab(from_component_slice::<Srgb<u8>>(pixels))
}

/// The square of the distance of two colors. From about 0.0004 on (0.02 squared), eyes see the difference side by side.
pub(super) fn distance(one: Perceived, other: Perceived) -> f32 {
    let (lightness, a, b) = (one.l - other.l, one.a - other.a, one.b - other.b);
    lightness * lightness + a * a + b * b
}

/// The colors of a frame, or of all frames.
#[derive(Debug)]
pub(super) struct Palette {
    /// Three bytes per color
    pub(super) bytes: Vec<u8>,
    /// The same colors in OKLab
    pub(super) colors: Vec<Perceived>,
    nearest: Nearest,
}

impl Palette {
    /// Chooses at most `most` colors that are close to those of the pixels; exactly the pixels' own if these are few.
    pub(super) fn of_pixels(pixels: &[Perceived], most: usize) -> Result<Self> {
        let mut few = BTreeSet::new();
        let is_few = pixels.iter().all(|pixel| {
            few.insert([pixel.l, pixel.a, pixel.b].map(f32::to_bits));
            few.len() <= most
        });
        if is_few {
            let color = |bits: [u32; 3]| Oklab::from(bits.map(f32::from_bits));
            return Self::new(&few.into_iter().map(color).collect::<Vec<_>>());
        }
        let wu = WuF32x3::run_slice(pixels, BinnerF32x3::oklab_from_srgb8()).map_err(|error| fault(&error))?;
        Self::new(wu.palette(PaletteSize::from_usize_clamped(most)).as_slice())
    }

    fn new(colors: &[Oklab]) -> Result<Self> {
        // Distances are measured to the colors as shown, rounded to bytes.
        let bytes = oklab_to_srgb8(colors);
        let colors = srgb8_to_oklab(&bytes);
        let nearest = Nearest::new(PaletteBuf::new(colors.clone()).map_err(|error| fault(&error))?);
        Ok(Self { bytes: into_component_vec(bytes), colors, nearest })
    }

    /// The index of the nearest color.
    pub(super) fn nearest(&self, color: Perceived) -> u8 {
        self.nearest.palette_index(&color)
    }
}

/// The number of leading bits of each channel that select a cell of the histogram.
const CELL_BITS: u32 = 5;
/// More colors than a palette has: from this number on, only the cells are used.
const MANY: usize = 257;

/// The colors of any number of pictures, in little memory: exact while there are few, then in cells of 32 levels per
/// channel.
pub(super) struct Histogram {
    few: BTreeSet<[u8; 3]>,
    /// The number of pixels in each cell, and the sums of their channels
    cells: Vec<(u64, [u64; 3])>,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { few: BTreeSet::new(), cells: vec![(0, [0; 3]); 1 << (3 * CELL_BITS)] }
    }

    /// Counts pixels of three bytes.
    pub(super) fn add(&mut self, pixels: &[u8]) {
        for &pixel in pixels.as_chunks::<3>().0 {
            if self.few.len() < MANY {
                self.few.insert(pixel);
            }
            let cell = pixel.iter().fold(0, |cell, &byte| cell << CELL_BITS | usize::from(byte >> (8 - CELL_BITS)));
            let (count, sums) = &mut self.cells[cell];
            *count += 1;
            sums.iter_mut().zip(pixel).for_each(|(sum, byte)| *sum += u64::from(byte));
        }
    }

    /// Chooses at most `most` colors that are close to all colors.
    pub(super) fn palette(&self, most: usize) -> Result<Palette> {
        if self.few.len() <= most {
            let pixels: Vec<u8> = self.few.iter().flatten().copied().collect();
            return Palette::new(&perceived(&pixels));
        }
        // The library counts pixels in 32 bits.
        let total: u64 = self.cells.iter().map(|(count, _)| count).sum();
        let scale = total / u64::from(u32::MAX / 2) + 1;
        let used = self.cells.iter().filter(|(count, _)| *count > 0);
        #[allow(clippy::cast_possible_truncation)]
        let (means, counts): (Vec<[u8; 3]>, Vec<u32>) =
            used.map(|(count, sums)| (sums.map(|sum| (sum / count) as u8), (count / scale).max(1) as u32)).unzip();
        let counts = PaletteCounts::new(perceived(means.as_flattened()), counts).map_err(|error| fault(&error))?;
        let wu = WuF32x3::run_palette_counts(&counts, BinnerF32x3::oklab_from_srgb8());
        let wu = wu.ok_or_else(|| fault(&"there are no pixels"))?;
        Palette::new(wu.palette(PaletteSize::from_usize_clamped(most)).as_slice())
    }
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::fault(format!("cannot choose a GIF's colors: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All grays.
    fn grays() -> Vec<u8> {
        (0..=255).flat_map(|gray| [gray; 3]).collect()
    }

    #[test]
    fn few_colors_stay_as_they_are() {
        let palette = Palette::of_pixels(&perceived(&grays()), 256).unwrap();
        assert_eq!(palette.bytes.len(), 3 * 256);
        let mut histogram = Histogram::new();
        histogram.add(&grays());
        for palette in [palette, histogram.palette(256).unwrap()] {
            for gray in grays().as_chunks::<3>().0 {
                let index = usize::from(palette.nearest(perceived(gray)[0]));
                assert_eq!(palette.bytes[3 * index..3 * index + 3], *gray);
            }
        }
    }

    #[test]
    fn many_colors_come_near() {
        // Every 8th level of each channel: 32,768 colors, approximated by 255.
        let level = |index: u32| u8::try_from(8 * (index % 32)).unwrap();
        let pixels: Vec<u8> =
            (0..1 << 15).flat_map(|index| [level(index >> 10), level(index >> 5), level(index)]).collect();
        let mut histogram = Histogram::new();
        histogram.add(&pixels);
        let colors = perceived(&pixels);
        for palette in [Palette::of_pixels(&colors, 255).unwrap(), histogram.palette(255).unwrap()] {
            assert!(palette.bytes.len() <= 3 * 255);
            let far = |color: Perceived| distance(color, palette.colors[usize::from(palette.nearest(color))]);
            let total: f32 = colors.iter().map(|color| far(*color)).sum();
            // With 255 cells for the cube of all colors, a cell is about 0.08 wide.
            assert!((total / 32_768.0).sqrt() < 0.06, "{total}");
        }
    }
}
