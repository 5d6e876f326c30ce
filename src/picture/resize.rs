//! Resizes pictures.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use super::{Size, Tile};
use crate::{Error, Result};

/// Part of a picture, in pixels and their fractions.
struct Part {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

fn resample(picture: &RgbImage, part: &Part, size: Size, filter: FilterType) -> Result<RgbImage> {
    let fault = |error: String| Error::fault(format!("cannot resize a picture: {error}"));
    let side = |pixels: usize| u32::try_from(pixels).map_err(|error| fault(error.to_string()));
    let (width, height) = (side(size.width)?, side(size.height)?);
    // The type of pixel is named, so that the library's code for the others is not compiled.
    let source = TypedImageRef::<U8x3>::from_buffer(picture.width(), picture.height(), picture.as_raw())
        .map_err(|error| fault(error.to_string()))?;
    let mut resized = RgbImage::new(width, height);
    let mut target =
        TypedImage::<U8x3>::from_buffer(width, height, &mut resized).map_err(|error| fault(error.to_string()))?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(
        part.left,
        part.top,
        part.width,
        part.height,
    );
    Resizer::new().resize_typed(&source, &mut target, &options).map_err(|error| fault(error.to_string()))?;
    Ok(resized)
}

/// The whole picture at another size, bicubic with anti-aliasing (Pillow's `BICUBIC`).
pub(crate) fn bicubic(picture: &RgbImage, size: Size) -> Result<RgbImage> {
    let part = Part { left: 0.0, top: 0.0, width: picture.width().into(), height: picture.height().into() };
    resample(picture, &part, size, FilterType::CatmullRom)
}

/// The whole picture at another size, by the filter of Lanczos with three lobes (Pillow's `LANCZOS`).
///
/// # Errors
/// If a side is too long.
pub fn lanczos(picture: &RgbImage, size: Size) -> Result<RgbImage> {
    let part = Part { left: 0.0, top: 0.0, width: picture.width().into(), height: picture.height().into() };
    resample(picture, &part, size, FilterType::Lanczos3)
}

/// The whole picture at another size, as [`lanczos`] makes it; the filter sees the copies of a picture that is tiled.
///
/// # Errors
/// If a side is too long.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn lanczos_tiled(picture: &RgbImage, size: Size, tile: Option<Tile>) -> Result<RgbImage> {
    let own = Size::of(picture);
    let Some(tile) = tile.filter(|_| own != size && own.width > 0 && own.height > 0) else {
        return lanczos(picture, size);
    };
    // The filter has three lobes, which are wider in a picture that becomes smaller.
    let wide = |from: usize, to: usize| (from as f64 / to as f64).max(1.0);
    let reach = 3.0 * wide(own.width, size.width).max(wide(own.height, size.height));
    let margin = reach.ceil() as usize + 1;
    let (across, down) = tile.margins(margin);
    let (width, height) = (own.width as f64, own.height as f64);
    let part = Part { left: across as f64, top: down as f64, width, height };
    resample(&tile.around(picture, margin), &part, size, FilterType::Lanczos3)
}

/// The largest part around the picture's center that has the proportions of a size, resized to it. A picture that
/// already has that size is returned unchanged.
///
/// # Errors
/// If the picture has no pixels.
pub fn cover(picture: RgbImage, size: Size) -> Result<RgbImage> {
    cover_by(picture, size, FilterType::Lanczos3)
}

/// The same part of a picture as [`cover`] shows, by a filter that makes no value larger or smaller than all around it, so
/// that what is black stays black.
///
/// # Errors
/// If the picture has no pixels.
pub(crate) fn cover_softly(picture: RgbImage, size: Size) -> Result<RgbImage> {
    cover_by(picture, size, FilterType::Bilinear)
}

#[allow(clippy::cast_precision_loss)]
fn cover_by(picture: RgbImage, size: Size, filter: FilterType) -> Result<RgbImage> {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    if (picture.width() as usize, picture.height() as usize) == (size.width, size.height) {
        return Ok(picture);
    }
    if width == 0.0 || height == 0.0 {
        return Err(Error::usage("a picture without pixels cannot be used", "give another picture"));
    }
    let scale = (width / size.width as f64).min(height / size.height as f64);
    let (part_width, part_height) = (size.width as f64 * scale, size.height as f64 * scale);
    let part = Part {
        left: (width - part_width) / 2.0,
        top: (height - part_height) / 2.0,
        width: part_width,
        height: part_height,
    };
    resample(&picture, &part, size, filter)
}

/// The picture in the middle of a larger size, with its edges repeated outward. If the surplus is odd, its smaller part
/// lies left and above.
#[must_use]
pub fn pad_to(picture: &RgbImage, size: Size) -> RgbImage {
    let (width, height) = (picture.width(), picture.height());
    let side = |pixels: usize, least: u32| u32::try_from(pixels).unwrap_or(least).max(least);
    let (new_width, new_height) = (side(size.width, width), side(size.height, height));
    let (left, top) = ((new_width - width) / 2, (new_height - height) / 2);
    RgbImage::from_fn(new_width, new_height, |x, y| {
        *picture.get_pixel(x.saturating_sub(left).min(width - 1), y.saturating_sub(top).min(height - 1))
    })
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn pattern(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([u8::try_from(x).unwrap(), u8::try_from(y).unwrap(), 7]))
    }

    #[test]
    fn covering_keeps_proportions() {
        let picture = pattern(200, 100);
        let covered = cover(picture.clone(), Size { width: 50, height: 50 }).unwrap();
        assert_eq!(covered.dimensions(), (50, 50));
        // The middle half of the columns: 50 to 150.
        let (first, last) = (covered.get_pixel(1, 25).0[0], covered.get_pixel(48, 25).0[0]);
        assert!((50..=56).contains(&first) && (143..=150).contains(&last), "{first} {last}");
        assert_eq!(cover(picture.clone(), Size { width: 200, height: 100 }).unwrap(), picture);
    }

    #[test]
    fn what_is_black_stays_black() {
        let halves = |width: u32| RgbImage::from_fn(width, 30, |x, _| Rgb([if x < width / 2 { 0 } else { 255 }; 3]));
        for (width, size) in [(60, Size { width: 20, height: 10 }), (20, Size { width: 61, height: 60 })] {
            let covered = cover_softly(halves(width), size).unwrap();
            let row: Vec<u8> = covered.rows().next().unwrap().map(|pixel| pixel.0[0]).collect();
            let quarter = size.width / 4;
            assert!(row[..quarter].iter().all(|value| *value == 0) && row.is_sorted(), "{row:?}");
            assert!(row[3 * quarter + 3..].iter().all(|value| *value == 255), "{row:?}");
        }
    }

    #[test]
    fn padding_repeats_edges() {
        let padded = pad_to(&pattern(5, 4), Size { width: 8, height: 8 });
        assert_eq!(padded.get_pixel(0, 0).0, [0, 0, 7]);
        assert_eq!(padded.get_pixel(1, 2).0, [0, 0, 7]);
        assert_eq!(padded.get_pixel(7, 7).0, [4, 3, 7]);
        assert_eq!(padded.get_pixel(3, 3).0, [2, 1, 7]);
    }
}
