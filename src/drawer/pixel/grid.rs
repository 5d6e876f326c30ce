//! The number of cells of a picture.

use std::ops::RangeInclusive;

use crate::picture::Size;
use crate::{Error, Result};

/// About how many cells there are across a square picture by default, and down: the size of a large sprite, and that of
/// pixray's squares.
const SIDE: f64 = 40.0;
/// The fewest and the most cells across that are about as many, as shares of these.
const NEAR: RangeInclusive<f64> = 0.8..=1.2;
/// The most cells that a picture can have.
pub const MOST_CELLS: usize = 1 << 20;

/// The number of cells that the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grid {
    /// The number of cells across and down
    pub cells: Option<Size>,
    /// How many times as wide and high as in `cells`, or as by default, the cells are
    pub scale: Option<f64>,
}

impl Grid {
    /// The grid of a picture of this size. By default, it has about as many cells as a square of 40 by 40; the cells are
    /// squares of whole pixels if such squares can fill the picture.
    ///
    /// # Errors
    /// If there are more cells than pixels, or more than [`MOST_CELLS`].
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn of(self, picture: Size) -> Result<Size> {
        let scale = self.scale.unwrap_or(1.0);
        let scaled = |cells: usize| ((cells as f64 / scale).round() as usize).max(1);
        let grid = match self.cells {
            Some(Size { width, height }) => Size { width: scaled(width), height: scaled(height) },
            None => squares(picture, scale),
        };
        let hint = "choose fewer with ‹pixel-size› or ‹pixel-scale›, or a larger ‹size›";
        if grid.width > picture.width || grid.height > picture.height {
            let problem = format!("{grid} cells do not fit in a {picture} picture");
            return Err(Error::usage(problem, hint));
        }
        if grid.width * grid.height > MOST_CELLS {
            return Err(Error::usage(format!("{grid} is more than {MOST_CELLS} cells"), hint));
        }
        Ok(grid)
    }
}

/// Squares of whole pixels that fill the picture, about 40 by 40 of them for a scale of one, or as many in another shape.
/// If there are no such squares, the grid that is nearest to that.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn squares(picture: Size, scale: f64) -> Size {
    let Size { width, height } = picture;
    let wanted = ((width as f64 * height as f64).sqrt() * scale / SIDE).max(1.0);
    let away = |side: usize| (side as f64 / wanted).ln().abs();
    let sides = (1..=width.min(height)).filter(|side| width.is_multiple_of(*side) && height.is_multiple_of(*side));
    let side = sides.min_by(|first, second| away(*first).total_cmp(&away(*second)));
    if let Some(side) = side.filter(|side| NEAR.contains(&(wanted / *side as f64))) {
        return Size { width: width / side, height: height / side };
    }
    let count = |pixels: usize| ((pixels as f64 / wanted).round() as usize).clamp(1, pixels);
    Size { width: count(width), height: count(height) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn grid(cells: Option<&str>, scale: Option<f64>, picture: &str) -> Result<String> {
        let cells = cells.map(|cells| cells.parse().unwrap());
        Grid { cells, scale }.of(picture.parse().unwrap()).map(|grid| grid.to_string())
    }

    #[test]
    fn there_are_about_forty_cells_across() {
        let cases = [
            ("640x640", "40x40"),
            ("320x320", "40x40"),
            ("128x128", "32x32"),
            ("500x500", "40x40"),
            ("853x480", "53x30"),
            ("640x360", "64x36"),
            ("576x720", "36x45"),
            ("127x31", "81x20"),
            ("7x9", "7x9"),
        ];
        for (picture, expected) in cases {
            assert_eq!(grid(None, None, picture).unwrap(), expected, "{picture}");
        }
        assert_eq!(grid(None, Some(2.0), "640x640").unwrap(), "20x20");
        assert_eq!(grid(Some("32x16"), None, "640x640").unwrap(), "32x16");
        assert_eq!(grid(Some("32x16"), Some(0.5), "640x640").unwrap(), "64x32");
    }

    #[test]
    fn a_cell_has_a_pixel_at_least() {
        assert!(grid(Some("65x10"), None, "64x64").is_err());
        assert!(grid(Some("2000x2000"), None, "4000x4000").is_err());
    }
}
