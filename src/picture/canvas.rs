//! Collects a picture's rows: in sRGB, over white, and fewer if there are too many of them.

use std::collections::TryReserveError;

use image::{DynamicImage, RgbImage, RgbaImage};

use super::profile::ToSrgb;

/// A picture that is filled row by row. Each square of `factor` x `factor` pixels becomes one pixel, its mean.
pub(super) struct Canvas {
    factor: usize,
    /// Columns and rows of the rows that are pushed
    size: (usize, usize),
    profile: Option<ToSrgb>,
    buffer: Vec<u16>,
    /// Sums of the squares whose rows are being pushed
    sums: Vec<[u32; 3]>,
    /// Number of rows pushed so far
    rows: usize,
    pixels: Vec<u8>,
    /// The alphas; none if colors are laid over white
    alphas: Option<Vec<u8>>,
}

impl Canvas {
    /// A canvas for `height` rows of `width` pixels.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub(super) fn new(
        (width, height): (usize, usize),
        factor: usize,
        profile: Option<ToSrgb>,
    ) -> Result<Self, TryReserveError> {
        let (columns, rows) = (width.div_ceil(factor), height.div_ceil(factor));
        let mut pixels = Vec::new();
        pixels.try_reserve_exact(columns.saturating_mul(rows).saturating_mul(3))?;
        let mut sums = Vec::new();
        if factor > 1 {
            sums.try_reserve_exact(columns)?;
            sums.resize(columns, [0; 3]);
        }
        Ok(Self { factor, size: (width, height), profile, buffer: Vec::new(), sums, rows: 0, pixels, alphas: None })
    }

    /// Keeps transparency, instead of laying colors over white. Only for a picture that is not made smaller.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub(super) fn layered(mut self) -> Result<Self, TryReserveError> {
        let mut alphas = Vec::new();
        alphas.try_reserve_exact(self.pixels.capacity() / 3)?;
        self.alphas = Some(alphas);
        Ok(self)
    }

    /// Adds the next row: red, green, blue and straight alpha, or the channels of the profile. The content of `row` is
    /// unspecified afterwards.
    pub(super) fn push(&mut self, row: &mut [[u16; 4]]) {
        let (width, height) = self.size;
        if self.rows == height || row.len() != width {
            return;
        }
        if let Some(profile) = &self.profile {
            profile.row(row, &mut self.buffer);
        }
        self.rows += 1;
        if let Some(alphas) = self.alphas.as_mut().filter(|_| self.factor == 1) {
            self.pixels.extend(row.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue].map(narrow)));
            alphas.extend(row.iter().map(|pixel| narrow(pixel[3])));
            return;
        }
        if self.factor == 1 {
            self.pixels.extend(row.iter().flat_map(|pixel| over_white(pixel.map(narrow))));
            return;
        }
        for (sums, square) in self.sums.iter_mut().zip(row.chunks(self.factor)) {
            for pixel in square {
                let color = wide_over_white(*pixel);
                (0..3).for_each(|channel| sums[channel] += u32::from(color[channel]));
            }
        }
        let rows = (self.rows - 1) % self.factor + 1;
        if rows < self.factor && self.rows < height {
            return;
        }
        for (index, sums) in self.sums.iter_mut().enumerate() {
            let columns = self.factor.min(width - index * self.factor);
            let count = u32::try_from(columns * rows).unwrap_or(1);
            let mean = |sum: u32| narrow(u16::try_from((sum + count / 2) / count).unwrap_or(u16::MAX));
            self.pixels.extend(sums.map(mean));
            *sums = [0; 3];
        }
    }

    /// The picture, with alpha if it is kept and something is transparent; none if rows are missing.
    pub(super) fn finish_layered(mut self) -> Option<DynamicImage> {
        let alphas = self.alphas.take().filter(|alphas| alphas.iter().any(|alpha| *alpha < u8::MAX));
        let opaque = self.finish()?;
        let Some(alphas) = alphas else { return Some(opaque.into()) };
        let (width, height) = opaque.dimensions();
        let (colors, _) = opaque.as_raw().as_chunks::<3>();
        let pixels = colors.iter().zip(alphas).flat_map(|([red, green, blue], alpha)| [*red, *green, *blue, alpha]);
        RgbaImage::from_raw(width, height, pixels.collect()).map(DynamicImage::from)
    }

    /// The picture without alpha; none if rows are missing.
    fn finish(self) -> Option<RgbImage> {
        let (width, height) = self.size;
        let side = |pixels: usize| u32::try_from(pixels.div_ceil(self.factor)).ok();
        RgbImage::from_raw(side(width)?, side(height)?, self.pixels)
    }
}

/// Reduces 16 bits to 8.
fn narrow(value: u16) -> u8 {
    u8::try_from((u32::from(value) + 128) / 257).unwrap_or(u8::MAX)
}

/// A color with alpha, laid over white.
pub(super) fn over_white([red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    if alpha == u8::MAX {
        return [red, green, blue];
    }
    let alpha = u32::from(alpha);
    let blend = |color: u8| u8::try_from((u32::from(color) * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(255);
    [red, green, blue].map(blend)
}

fn wide_over_white([red, green, blue, alpha]: [u16; 4]) -> [u16; 3] {
    if alpha == u16::MAX {
        return [red, green, blue];
    }
    let (alpha, most) = (u64::from(alpha), u64::from(u16::MAX));
    let blend = |color: u16| (u64::from(color) * alpha + most * (most - alpha) + most / 2) / most;
    [red, green, blue].map(|color| u16::try_from(blend(color)).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_become_their_mean() {
        let mut canvas = Canvas::new((5, 3), 2, None).unwrap();
        let row = |first: u16| (0..5).map(|x| [(first + x) * 257, 0, 0xffff, 0xffff]).collect::<Vec<_>>();
        for first in [0, 10, 20] {
            canvas.push(&mut row(first));
        }
        let picture = canvas.finish().unwrap();
        let reds: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0]).collect();
        // (0 + 1 + 10 + 11) / 4 = 5.5 and so on; the last column and the last row are of half a square.
        assert_eq!((picture.dimensions(), &reds[..]), ((3, 2), &[6, 8, 9, 21, 23, 24][..]));
        assert!(picture.pixels().all(|pixel| pixel.0[1..] == [0, 255]));
    }

    #[test]
    fn nothing_is_white() {
        let mut canvas = Canvas::new((2, 2), 2, None).unwrap();
        canvas.push(&mut [[0; 4], [0; 4]]);
        assert!(Canvas::new((2, 2), 2, None).unwrap().finish().is_none());
        canvas.push(&mut [[0, 0, 0, 0xffff], [0, 0, 0, 0xffff]]);
        assert_eq!(canvas.finish().unwrap().get_pixel(0, 0).0, [128; 3]);
    }
}
