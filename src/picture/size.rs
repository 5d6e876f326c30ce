//! A picture's size, as `500x281`.

use std::fmt;
use std::str::FromStr;

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

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(|| {
            // A single side probably means a square.
            let side = whole_number(text).ok().filter(|side| (1..=LONGEST).contains(side));
            let example = side.map_or_else(|| "512x384".to_owned(), |side| format!("{side}x{side}"));
            format!("`{text}` is not a valid size; write WIDTHxHEIGHT, e.g. {example}")
        })?;
        let side = |side: &str| match whole_number(side) {
            Ok(pixels) if (1..=LONGEST).contains(&pixels) => Ok(pixels),
            _ => Err(format!("`{text}` is not a valid size; both sides must be 1 to {LONGEST} pixels")),
        };
        Ok(Self { width: side(width)?, height: side(height)? })
    }
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
        assert!("512".parse::<Size>().unwrap_err().ends_with("e.g. 512x512"));
        for wrong in ["0x5", "5", "5x", "-1x5", "5x99999999", "axb", ""] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }
}
