//! A picture's size, as `500x281`.

use std::fmt;
use std::str::FromStr;

/// Width and height in pixels, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns
    pub width: usize,
    /// Rows
    pub height: usize,
}

/// The longest side that is accepted, in pixels.
const LONGEST: usize = 1 << 20;

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (width, height) = text
            .split_once(['x', 'X', '×'])
            .ok_or_else(|| format!("`{text}` is no size: write width and height as 512x384"))?;
        let side = |side: &str| match side.trim().parse::<usize>() {
            Ok(pixels) if (1..=LONGEST).contains(&pixels) => Ok(pixels),
            _ => Err(format!("`{text}` is no size: both sides must be 1 to {LONGEST} pixels")),
        };
        Ok(Self { width: side(width)?, height: side(height)? })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}", self.width, self.height)
    }
}

super::text::serde_as_text!(Size);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        let size: Size = "500x281".parse().unwrap();
        assert_eq!((size, size.to_string()), (Size { width: 500, height: 281 }, "500x281".into()));
        for wrong in ["0x5", "5", "5x", "-1x5", "5x99999999", "axb", ""] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }
}
