//! The size at which a picture is drawn again.

use std::fmt;
use std::str::FromStr;

use crate::picture::Size;
use crate::{Error, Result};

/// The longest side, in pixels: that of [`Size`]'s texts.
const LONGEST: f64 = 1_048_576.0;

/// How much larger a picture becomes: 0.01 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factor(f64);

impl Default for Factor {
    fn default() -> Self {
        Self(4.0)
    }
}

impl FromStr for Factor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|factor| (0.01..=100.0).contains(factor));
        number.map(Self).ok_or_else(|| format!("`{text}` is not a number from 0.01 to 100"))
    }
}

/// The size that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    Size(Size),
    /// So many times the size of the file
    Times(Factor),
}

impl Wanted {
    /// The size for a picture that was drawn at a size and whose file has the size `now`.
    ///
    /// # Errors
    /// If it has another shape than the picture, or is too large.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn of(self, drawn: Size, now: Size) -> Result<Size> {
        match self {
            Self::Size(size) if has_shape(size, drawn) => Ok(size),
            Self::Size(size) => {
                let height = (drawn.height as f64 * size.width as f64 / drawn.width as f64).round().max(1.0);
                let near = Size { width: size.width, height: height as usize };
                let message = format!("{size} has another shape than the picture, which was drawn at {drawn}");
                Err(Error::usage(message, format!("use --size {near}")))
            }
            Self::Times(Factor(factor)) => {
                let side = |side: usize| {
                    let side = (side as f64 * factor).round().max(1.0);
                    (side <= LONGEST).then_some(side as usize)
                };
                let size = side(now.width).zip(side(now.height)).map(|(width, height)| Size { width, height });
                size.ok_or_else(|| {
                    Error::usage(format!("{factor} times {now} pixels are too many"), "choose a smaller factor")
                })
            }
        }
    }
}

/// As in the names of files.
impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(size) => write!(formatter, "{size}"),
            Self::Times(Factor(factor)) => write!(formatter, "x{factor}"),
        }
    }
}

/// Whether a size has the shape of another, if its sides may be rounded to pixels.
fn has_shape(size: Size, of: Size) -> bool {
    let [width, height, own_width, own_height] = [size.width, size.height, of.width, of.height].map(|side| side as u64);
    (width * own_height).abs_diff(height * own_width) < own_width.max(own_height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> Size {
        text.parse().unwrap()
    }

    #[test]
    fn a_size_has_the_shape_of_the_picture() {
        let of = |wanted: &str, drawn: &str| Wanted::Size(size(wanted)).of(size(drawn), size("1x1"));
        for (wanted, drawn) in
            [("4096x4096", "512x512"), ("1001x563", "500x281"), ("1000x562", "500x281"), ("3x2", "500x281")]
        {
            assert_eq!(of(wanted, drawn).unwrap(), size(wanted));
        }
        for (wanted, drawn) in
            [("4096x4090", "512x512"), ("1920x1080", "512x512"), ("1000x600", "500x281"), ("1000x563", "500x281")]
        {
            assert!(of(wanted, drawn).is_err(), "{wanted}");
        }
        assert_eq!(of("1000x600", "500x281").unwrap_err().hint(), "use --size 1000x562");
    }

    #[test]
    fn a_factor_enlarges_the_file() {
        let times = |factor: &str, now: &str| Wanted::Times(factor.parse().unwrap()).of(size("9x9"), size(now));
        assert_eq!(times("1.5", "33x21").unwrap(), size("50x32"));
        assert_eq!(times("0.01", "33x21").unwrap(), size("1x1"));
        assert!(times("100", "20000x10").is_err());
        assert_eq!(Wanted::Times(Factor::default()).to_string(), "x4");
        assert_eq!(Wanted::Times(Factor(1.5)).to_string(), "x1.5");
        for wrong in ["0", "-1", "nan", "inf", "101", "two"] {
            assert!(wrong.parse::<Factor>().is_err(), "{wrong}");
        }
    }
}
