//! A picture's shape, independent of its size.

use std::fmt;
use std::str::FromStr;

use crate::Result;
use crate::picture::Size;

/// A shape: a ratio of width to height, or the shape of the init image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// A ratio of width to height
    Ratio(u32, u32),
    /// The shape of the init image
    Retain,
}

const NAMES: [(&str, Aspect); 4] = [
    ("square", Aspect::Ratio(1, 1)),
    ("portrait", Aspect::Ratio(4, 5)),
    ("widescreen", Aspect::Ratio(16, 9)),
    ("retain", Aspect::Retain),
];
/// Sides are multiples of this many pixels, the side of a token in many VQGANs.
const STEP: f64 = 8.0;

impl Aspect {
    /// The size of this shape with about as many pixels as `size`. `init_image` returns the size of the init image.
    ///
    /// # Errors
    /// If `init_image` fails.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn at(self, size: Size, init_image: impl FnOnce() -> Result<Size>) -> Result<Size> {
        let ratio = match self {
            Self::Ratio(width, height) => f64::from(width) / f64::from(height),
            Self::Retain => {
                let size = init_image()?;
                size.width as f64 / size.height as f64
            }
        };
        let pixels = size.width as f64 * size.height as f64;
        let side = |length: f64| ((length / STEP).round().max(1.0) * STEP) as usize;
        Ok(Size { width: side((pixels * ratio).sqrt()), height: side((pixels / ratio).sqrt()) })
    }
}

impl FromStr for Aspect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, aspect)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(*aspect);
        }
        let sides = text.split_once(':').and_then(|(width, height)| {
            let side = |text: &str| text.trim().parse().ok().filter(|side| (1..=1000).contains(side));
            Some(Self::Ratio(side(width)?, side(height)?))
        });
        sides.ok_or_else(|| {
            let names = NAMES.map(|(name, _)| name);
            let near = crate::text::did_you_mean(text, names);
            format!("`{text}` is not a valid shape: use {}, or W:H such as 3:2{near}", names.join(", "))
        })
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(width, height) => write!(formatter, "{width}:{height}"),
            Self::Retain => formatter.write_str("retain"),
        }
    }
}

crate::text::serde_as_text!(Aspect);
