//! How the picture itself is encoded: its format, by the name of its file, and its quality.

use std::path::Path;

use candle_core::Tensor;
use image::DynamicImage;

use super::notes::Notes;
use super::png::finished;
use super::{Kind, Make, Recipe, check_nothing, encode_pixels, jpeg, webp};
use crate::drawer::Drawing;
use crate::picture::{Size, over_white};
use crate::{Error, Result};

/// The picture itself.
pub const PICTURE: Kind = Kind {
    name: "picture",
    extension: "png",
    others: &["png", "jpg", "jpeg", "webp"],
    option: "picture",
    help: None,
    check: check_nothing,
    make: Make::Picture,
};

/// The quality of a JPEG if no other is chosen: artifacts are hardly visible, without colors that are coarser than the
/// brightness.
const JPEG_QUALITY: u8 = 90;
/// The longest side of a JPEG, in pixels.
const LONGEST_JPEG: usize = 65_535;

/// The format of a picture's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    WebP,
}

/// How a picture is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    format: Format,
    /// 1 to 100; none for the usual quality of a JPEG, and for a WebP without loss
    quality: Option<u8>,
}

impl Encoding {
    /// The encoding of a picture with this name: that of its extension, or a PNG. A quality from 1 to 100, if there is one,
    /// is that of a JPEG or a WebP.
    #[must_use]
    pub fn of(path: &Path, quality: Option<usize>) -> Self {
        let extension = path.extension().unwrap_or_default();
        let is = |names: &[&str]| names.iter().any(|name| extension.eq_ignore_ascii_case(name));
        let format = if is(&["jpg", "jpeg"]) {
            Format::Jpeg
        } else if is(&["webp"]) {
            Format::WebP
        } else {
            Format::Png
        };
        let quality = quality.filter(|_| format != Format::Png).map(|quality| u8::try_from(quality).unwrap_or(100));
        Self { format, quality }
    }

    /// Whether the format takes a quality.
    #[must_use]
    pub fn has_quality(self) -> bool {
        self.format != Format::Png
    }

    /// Whether the file has exactly the pixels of the picture.
    #[must_use]
    pub fn is_exact(self) -> bool {
        match self.format {
            Format::Png => true,
            Format::Jpeg => false,
            Format::WebP => self.quality.is_none(),
        }
    }

    /// Checks that the format has room for a picture of this size.
    ///
    /// # Errors
    /// If a side is too long.
    pub fn check(self, path: &Path, size: Size) -> Result<()> {
        let (name, most) = match self.format {
            Format::Png => return Ok(()),
            Format::Jpeg => ("JPEG", LONGEST_JPEG),
            Format::WebP => ("WebP", webp::LONGEST_SIDE),
        };
        if size.width.max(size.height) <= most {
            return Ok(());
        }
        let problem = format!("a {name} has at most {most} pixels a side, but the picture has {size}");
        Err(Error::file(path, problem, "give the picture a name that ends in .png, or make it smaller"))
    }

    /// About how many bytes it takes to encode a picture of this size, besides the picture; measured with noise, which
    /// takes the most.
    #[must_use]
    pub fn memory(self, size: Size) -> u64 {
        let a_pixel = match (self.format, self.quality) {
            (Format::Png, _) => 0,
            (Format::Jpeg, _) => 8,
            (Format::WebP, Some(_)) => 28,
            (Format::WebP, None) => 48,
        };
        (size.width as u64).saturating_mul(size.height as u64).saturating_mul(a_pixel)
    }

    /// What is lost of a transparent picture in this format, in a sentence; none if nothing is.
    #[must_use]
    pub fn loss_of_alpha(self, path: &Path) -> Option<String> {
        let lost = "a JPEG has no transparency, so the picture is laid over white; a PNG or a WebP keeps it";
        (self.format == Format::Jpeg).then(|| format!("{}: {lost}", path.display()))
    }

    /// Encodes a picture, of a shape that [`to_pixels`](crate::picture::to_pixels) takes. If there is a recipe, the file
    /// contains it; if there is a drawing, a PNG contains that as well. The same picture, recipe and drawing give the same
    /// bytes.
    ///
    /// # Errors
    /// If the tensor has another shape, or is too large for the format.
    pub fn encode(self, picture: &Tensor, recipe: Option<&Recipe>, drawing: Option<&Drawing>) -> Result<Vec<u8>> {
        self.encode_pixels(&finished(picture, recipe)?, recipe, drawing)
    }

    /// Encodes 8-bit pixels, with or without alpha, as [`Encoding::encode`] does.
    ///
    /// # Errors
    /// If there are too many pixels for the format.
    pub fn encode_pixels(
        self,
        pixels: &DynamicImage,
        recipe: Option<&Recipe>,
        drawing: Option<&Drawing>,
    ) -> Result<Vec<u8>> {
        let notes = || recipe.map(Notes::of).transpose();
        match self.format {
            Format::Png => encode_pixels(pixels, recipe, drawing),
            Format::Jpeg => {
                let opaque = over_white(pixels.clone());
                jpeg::encode(&opaque, self.quality.unwrap_or(JPEG_QUALITY), notes()?.as_ref())
            }
            Format::WebP => webp::encode(pixels, self.quality, notes()?.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_the_format() {
        let of = |name: &str, quality| Encoding::of(Path::new(name), quality);
        for (name, format) in [
            ("a.png", Format::Png),
            ("a.JPG", Format::Jpeg),
            ("a.b/c.jpeg", Format::Jpeg),
            ("a.webp", Format::WebP),
            ("", Format::Png),
            ("jpg", Format::Png),
        ] {
            assert_eq!(of(name, Some(70)).format, format, "{name}");
            assert_eq!(of(name, Some(70)).has_quality(), of(name, Some(70)) != of(name, None), "{name}");
        }
        assert!(of("a.png", Some(5)).is_exact() && of("a.webp", None).is_exact());
        assert!(!of("a.webp", Some(100)).is_exact() && !of("a.jpg", Some(100)).is_exact());
    }

    #[test]
    fn every_format_says_how_large_it_can_be() {
        let check = |name: &str, side: usize| {
            Encoding::of(Path::new(name), None).check(Path::new(name), Size { width: 9, height: side })
        };
        assert!(check("a.webp", 16_383).is_ok() && check("a.jpg", 65_535).is_ok() && check("a.png", 70_000).is_ok());
        assert!(check("a.webp", 16_384).unwrap_err().to_string().contains("at most 16383 pixels"));
        assert!(check("a.jpg", 65_536).unwrap_err().is_usage());
    }
}
