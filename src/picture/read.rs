//! Reading a picture file of any common format as 8-bit colours.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};

use crate::files::open_regular;
use crate::models::files::unreadable;
use crate::settings::Size;
use crate::{Error, Result};

/// The longest side that is decoded, in pixels.
const LONGEST_SIDE: u32 = 32_768;
/// The most memory a decoder may take, in bytes.
const MOST_MEMORY: u64 = 1 << 30;
const HINT: &str = "give a picture as PNG, JPEG, WebP, GIF, BMP or TIFF";

fn open(path: &Path) -> Result<ImageReader<BufReader<File>>> {
    let broken = |problem: String| Error::file(path, problem, HINT);
    let metadata = std::fs::metadata(path).map_err(|error| broken(unreadable(&error)))?;
    if !metadata.is_file() {
        return Err(broken("this is no file".into()));
    }
    if metadata.len() == 0 {
        return Err(broken("the file is empty".into()));
    }
    // The format is told by the content; names lie.
    let mut reader = open_regular(path)
        .and_then(|file| ImageReader::new(BufReader::new(file)).with_guessed_format())
        .map_err(|error| broken(unreadable(&error)))?;
    if reader.format().is_none() {
        return Err(broken("this is no picture".into()));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    Ok(reader)
}

fn undecodable(path: &Path, error: &image::ImageError) -> Error {
    let hint = match error {
        image::ImageError::Limits(_) => "give a smaller picture",
        _ => HINT,
    };
    Error::file(path, format!("the picture cannot be decoded: {error}"), hint)
}

/// Decodes a picture: its EXIF turn applied, transparency laid over white, 16 bits and grey brought to
/// 8-bit red, green and blue.
///
/// # Errors
/// Where there is no such file, it is no picture, is damaged, or is larger than 32768 pixels a side or
/// 1 GiB decoded.
pub fn read(path: &Path) -> Result<RgbImage> {
    let mut decoder = open(path)?.into_decoder().map_err(|error| undecodable(path, &error))?;
    if decoder.total_bytes() > MOST_MEMORY {
        let (width, height) = decoder.dimensions();
        return Err(Error::file(path, format!("{width}x{height} pixels are too many"), "give a smaller picture"));
    }
    let orientation = decoder.orientation().map_err(|error| undecodable(path, &error))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| undecodable(path, &error))?;
    picture.apply_orientation(orientation);
    Ok(over_white(picture))
}

/// A picture's width and height as it will be read, its EXIF turn applied.
///
/// # Errors
/// As for [`read`], but for damage behind the header.
pub fn dimensions(path: &Path) -> Result<Size> {
    let mut decoder = open(path)?.into_decoder().map_err(|error| undecodable(path, &error))?;
    let (width, height) = decoder.dimensions();
    let turned = decoder.orientation().is_ok_and(|orientation| {
        use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        matches!(orientation, Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH)
    });
    let (width, height) = if turned { (height, width) } else { (width, height) };
    Ok(Size { width: width as usize, height: height as usize })
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
        let [red, green, blue, alpha] = source.0.map(u32::from);
        let blend = |colour: u32| u8::try_from((colour * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(255);
        target.0 = [red, green, blue].map(blend);
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
    fn what_is_no_picture_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        let problem = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            read(&path).unwrap_err().to_string()
        };
        assert!(problem(b"").ends_with("the file is empty"));
        assert!(problem(b"hello").ends_with("this is no picture"));
        assert!(problem(b"\x89PNG\r\n\x1a\nxxxx").contains("cannot be decoded"));
        assert!(read(folder.path()).unwrap_err().to_string().ends_with("this is no file"));
        assert!(read(&folder.path().join("none")).unwrap_err().to_string().contains("no such file"));
    }
}
