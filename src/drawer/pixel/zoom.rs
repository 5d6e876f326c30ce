//! Redraws cells with another number of pixels.

use image::{ImageBuffer, Pixel};

use crate::picture::Size;

/// Redraws rectangular cells with `zoom` pixels across, each in the color at its middle.
pub(super) fn zoomed<P: Pixel>(
    picture: &ImageBuffer<P, Vec<P::Subpixel>>,
    grid: Size,
    zoom: usize,
) -> ImageBuffer<P, Vec<P::Subpixel>> {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let (columns, rows, zoom) = (side(grid.width), side(grid.height), side(zoom));
    let middle = |at: u32, pixels: u32, cells: u32| {
        let place = (2 * u64::from(at / zoom) + 1) * u64::from(pixels) / (2 * u64::from(cells));
        u32::try_from(place).unwrap_or(u32::MAX)
    };
    ImageBuffer::from_fn(columns.saturating_mul(zoom), rows.saturating_mul(zoom), |x, y| {
        *picture.get_pixel(middle(x, picture.width(), columns), middle(y, picture.height(), rows))
    })
}
