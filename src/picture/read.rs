//! Reads a picture file of any common format as 8-bit colors.

use std::path::Path;

use image::{DynamicImage, RgbImage};

use super::source::Source;
use super::{Size, canvas};
use crate::Result;

/// Decodes a picture. It is turned as its notes ask, the colors of its profile are converted to sRGB, transparency is
/// laid over white, and everything becomes 8-bit red, green and blue. A picture of more than 64 megapixels is made
/// smaller while it is decoded.
///
/// # Errors
/// If there is no such file, it is not a picture, it is damaged, or it takes more memory than there is.
pub fn read(path: &Path) -> Result<RgbImage> {
    Source::open(path)?.read()
}

/// Decodes a picture as [`read`] does, but with alpha if something is transparent. A picture of more than 64 megapixels is
/// refused, not made smaller.
///
/// # Errors
/// As for [`read`], and if the picture is too large.
pub fn read_layered(path: &Path) -> Result<DynamicImage> {
    Source::open(path)?.read_layered()
}

/// Decodes a picture as [`read_layered`] does, and returns how bright each pixel is, from black to white, in three equal
/// channels. What is transparent is black.
///
/// # Errors
/// As for [`read_layered`].
pub fn read_mask(path: &Path) -> Result<RgbImage> {
    let layered = read_layered(path)?.into_rgba8();
    let mut mask = RgbImage::new(layered.width(), layered.height());
    for (target, source) in mask.pixels_mut().zip(layered.pixels()) {
        let [red, green, blue, alpha] = source.0.map(u32::from);
        // Luma as in ITU-R BT.709.
        let luma = (2126 * red + 7152 * green + 722 * blue + 5000) / 10_000;
        target.0 = [u8::try_from((luma * alpha + 127) / 255).unwrap_or(u8::MAX); 3];
    }
    Ok(mask)
}

/// The width and height of a picture as [`read_layered`] returns it.
///
/// # Errors
/// As for [`read_layered`], except for damage after the header.
pub fn layered_dimensions(path: &Path) -> Result<Size> {
    let source = Source::open(path)?;
    source.check_layered()?;
    let (width, height) = source.read_size();
    Ok(Size { width: width as usize, height: height as usize })
}

/// What a picture of a stranger may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The longer side as stored, in pixels
    pub side: u32,
    /// All pixels as stored
    pub pixels: u64,
    /// Memory of reading it, in bytes
    pub memory: u64,
}

/// A picture that was read within bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounded {
    /// The picture, as [`read_layered`] returns it; as [`read`] does, if its transparency would take too much memory
    pub picture: DynamicImage,
    /// The format of its file: `png`, `jpeg`, `webp`, `gif`, `bmp` or `tiff`
    pub format: &'static str,
}

/// Decodes a picture as [`read_layered`] does, but refuses it by its header alone if it is beyond the bounds.
///
/// # Errors
/// As for [`read_layered`], and if the picture is beyond the bounds.
pub fn read_within(path: &Path, bounds: Bounds) -> Result<Bounded> {
    let source = Source::open(path)?;
    source.check_bounds(bounds)?;
    let format = source.format();
    let is_layered = source.layered_memory() <= bounds.memory;
    let picture = if is_layered { source.read_layered()? } else { source.read()?.into() };
    Ok(Bounded { picture, format })
}

/// The width and height of a picture as [`read`] returns it.
///
/// # Errors
/// As for [`read`], except for damage after the header.
pub fn dimensions(path: &Path) -> Result<Size> {
    let source = Source::open(path)?;
    source.check()?;
    let (width, height) = source.read_size();
    Ok(Size { width: width as usize, height: height as usize })
}

/// About how many bytes [`read`] takes at its peak.
///
/// # Errors
/// If there is no such file, or it is not a picture.
pub fn reading_memory(path: &Path) -> Result<u64> {
    Ok(Source::open(path)?.memory())
}

/// About how many bytes [`read_layered`] takes at its peak.
///
/// # Errors
/// If there is no such file, or it is not a picture.
pub fn layered_memory(path: &Path) -> Result<u64> {
    Ok(Source::open(path)?.layered_memory())
}

/// A picture laid over white where it is transparent.
#[must_use]
pub fn over_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let layered = picture.into_rgba8();
    let mut opaque = RgbImage::new(layered.width(), layered.height());
    for (target, source) in opaque.pixels_mut().zip(layered.pixels()) {
        target.0 = canvas::over_white(source.0);
    }
    opaque
}
#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Luma, Rgba};

    use super::*;

    #[test]
    fn every_kind_becomes_eight_bit_colours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        ImageBuffer::from_pixel(2, 1, Luma([40_000_u16])).save(&path).unwrap();
        // 40000 / 65535 * 255 = 155.6
        assert_eq!(read(&path).unwrap().get_pixel(0, 0).0, [156, 156, 156]);
        ImageBuffer::from_fn(2, 1, |x, _| Rgba([200_u8, 0, 0, if x == 0 { 0 } else { 128 }])).save(&path).unwrap();
        let picture = read(&path).unwrap();
        // 0.502 of (200, 0, 0) over white
        assert_eq!((picture.get_pixel(0, 0).0, picture.get_pixel(1, 0).0), ([255; 3], [227, 127, 127]));
        assert_eq!(dimensions(&path).unwrap(), Size { width: 2, height: 1 });
    }

    #[test]
    fn white_and_opaque_is_inside_a_mask() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        let pixels: [[u8; 4]; 5] =
            [[255, 255, 255, 255], [255, 255, 255, 0], [0, 0, 0, 255], [255, 255, 255, 128], [0, 255, 0, 255]];
        ImageBuffer::from_fn(5, 1, |x, _| Rgba(pixels[x as usize])).save(&path).unwrap();
        let mask = read_mask(&path).unwrap();
        // 0.7152 of 255 is 182.4.
        assert_eq!(
            mask.pixels().map(|pixel| pixel.0).collect::<Vec<_>>(),
            [255, 0, 0, 128, 182].map(|value| [value; 3])
        );
    }

    #[test]
    fn bounds_are_checked_before_pixels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture");
        image::RgbImage::new(20, 10).save_with_format(&path, image::ImageFormat::Bmp).unwrap();
        let bounds = Bounds { side: 20, pixels: 200, memory: 64 << 20 };
        let bounded = read_within(&path, bounds).unwrap();
        let (width, height) = (bounded.picture.width(), bounded.picture.height());
        assert_eq!((bounded.format, width, height), ("bmp", 20, 10));
        // Nothing follows the header, so that pixels cannot be read.
        let header = std::fs::read(&path).unwrap()[..54].to_vec();
        std::fs::write(&path, header).unwrap();
        for (wrong, words) in [
            (Bounds { side: 19, ..bounds }, "20x10 pixels are too many"),
            (Bounds { pixels: 199, ..bounds }, "20x10 pixels are too many"),
            (Bounds { memory: 1000, ..bounds }, "20x10 pixels takes about"),
            (bounds, "cannot be decoded"),
        ] {
            let problem = read_within(&path, wrong).unwrap_err().to_string();
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn what_is_no_picture_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        let problem = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            read(&path).unwrap_err().to_string()
        };
        assert!(problem(b"").ends_with("the file is empty"));
        assert!(problem(b"hello").ends_with("not an image"));
        assert!(problem(b"\x89PNG\r\n\x1a\nxxxx").contains("cannot be decoded"));
        assert!(read(folder.path()).unwrap_err().to_string().ends_with("this is not a regular file"));
        assert!(read(&folder.path().join("none")).unwrap_err().to_string().contains("not found"));
    }
}
