//! A picture's size, as `500x281`.

use std::fmt;
use std::str::FromStr;

use image::GenericImageView;

use crate::text::whole_number;

/// Width and height in pixels, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns
    pub width: usize,
    /// Rows
    pub height: usize,
}

/// The longest accepted side, in pixels.
const LONGEST: usize = 1 << 20;

impl Size {
    /// The size of an image.
    #[must_use]
    pub fn of(image: &impl GenericImageView) -> Self {
        Self { width: image.width() as usize, height: image.height() as usize }
    }

    /// The size with sides that are `factor` times as long.
    #[must_use]
    pub fn times(self, factor: usize) -> Self {
        Self { width: self.width.saturating_mul(factor), height: self.height.saturating_mul(factor) }
    }

    /// The size with sides that are `factor` times as long, rounded to whole pixels, at least 1.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn scaled(self, factor: f64) -> Self {
        let side = |pixels: usize| (pixels as f64 * factor).round().max(1.0) as usize;
        Self { width: side(self.width), height: side(self.height) }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(|| {
            let example = meant(text).unwrap_or(Self { width: 512, height: 384 });
            format!("`{text}` is not a valid size; write WIDTHxHEIGHT, e.g. {example}")
        })?;
        let side = |side: &str| match whole_number(side) {
            Ok(pixels) if (1..=LONGEST).contains(&pixels) => Ok(pixels),
            _ => Err(format!("`{text}` is not a valid size; both sides must be 1 to {LONGEST} pixels")),
        };
        Ok(Self { width: side(width)?, height: side(height)? })
    }
}

/// The size that a text without an `x` probably means: two sides, such as `128,96`, or the side of a square.
fn meant(text: &str) -> Option<Size> {
    let side = |text: &str| whole_number(text).ok().filter(|side| (1..=LONGEST).contains(side));
    let sides: Vec<&str> = text.split(|sign: char| !sign.is_ascii_digit()).filter(|side| !side.is_empty()).collect();
    let pair = match sides[..] {
        // A single digit before a comma counts thousands, as in `1,024`.
        [width, height] if width.len() > 1 => side(width).zip(side(height)),
        _ => None,
    };
    let (width, height) = pair.or_else(|| side(text).map(|side| (side, side)))?;
    Some(Size { width, height })
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}", self.width, self.height)
    }
}

crate::text::serde_as_text!(Size);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        let size: Size = "500x281".parse().unwrap();
        assert_eq!((size, size.to_string()), (Size { width: 500, height: 281 }, "500x281".into()));
        for text in ["500 x 281", "500×281", "500X281", "500.0x281"] {
            assert_eq!(text.parse(), Ok(size), "{text}");
        }
        for (text, example) in [
            ("512", "512x512"),
            ("512.0", "512x512"),
            ("1,024", "1024x1024"),
            ("128,128", "128x128"),
            ("128, 96", "128x96"),
            ("128*96", "128x96"),
            ("128 by 96", "128x96"),
            ("128 0", "512x384"),
            ("big", "512x384"),
        ] {
            let error = text.parse::<Size>().unwrap_err();
            assert!(error.ends_with(&format!("e.g. {example}")), "{error}");
        }
        for wrong in ["0x5", "5", "5x", "-1x5", "5x99999999", "axb", ""] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }
}
