//! What a picture was made of, kept so that it can be drawn again at any size.

use image::{DynamicImage, RgbaImage};

use super::list::refusal;
use super::{Blueprint, of};
use crate::picture::Size;
use crate::settings::Settings;
use crate::{Error, Result};

/// What a finished picture was made of, such as its strokes, as bytes that only its drawer reads. A drawing comes from a
/// file, so a drawer must expect any bytes; they should begin with the version of their form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing(Vec<u8>);

/// Turns a picture that was drawn with these settings into the text of an SVG. The drawing is what the picture was made
/// of, if it is known: drawers without [`Drawer::drawing`](super::Drawer::drawing) have none.
pub type Vector = fn(&Settings, &RgbaImage, Option<&Drawing>) -> Result<String>;

/// Draws a finished picture again at a size, with or without alpha, as files show it.
pub type Render = fn(&Settings, &Drawing, Size) -> Result<DynamicImage>;

/// The drawing at a share of the way from one to another, 0 to 1; none if they do not have the same number of parts.
pub type Between = fn(&Drawing, &Drawing, f64) -> Result<Option<Drawing>>;

/// Prepares to show the parts of a drawing one after the other, at a size.
pub type Reveal = fn(&Settings, &Drawing, Size) -> Result<Box<dyn Parts>>;

/// A drawing whose parts are shown one after the other.
pub trait Parts {
    /// The number of parts.
    fn count(&self) -> usize;

    /// The picture of the first `shown` parts, at most [`Parts::count`], as files show it; with all parts, what
    /// [`Render`] draws. From call to call, `shown` does not fall, so a picture can continue from the one before.
    ///
    /// # Errors
    /// If the computation fails.
    fn picture(&mut self, shown: usize) -> Result<DynamicImage>;
}

impl Drawing {
    /// The most bytes of a drawing: those of the spectrum of 4096x4096 pixels in half precision, and some more.
    pub const LARGEST: usize = 128 << 20;

    /// A drawing of these bytes; none if they are more than [`Drawing::LARGEST`].
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() <= Self::LARGEST).then_some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The error of a drawer that cannot read a drawing, with what is wrong with it.
    #[must_use]
    pub fn unreadable(problem: &str) -> Error {
        Error::usage(format!("the drawing in the picture cannot be read: {problem}"), "draw the picture again")
    }
}

/// The function that turns a picture with these settings into the text of an SVG.
///
/// # Errors
/// If the drawer cannot make SVGs.
pub fn vector(settings: &Settings) -> Result<Vector> {
    able(settings, "svg", |blueprint| blueprint.vector())
}

/// The function that shows the parts of a drawing with these settings one after the other.
///
/// # Errors
/// If the drawings of the drawer have no parts.
pub fn reveal(settings: &Settings) -> Result<Reveal> {
    able(settings, "reveal", |blueprint| blueprint.reveal())
}

/// What a drawer can do; the error names the drawers that can do what an option asks for.
fn able<Ability>(
    settings: &Settings,
    option: &str,
    ability: impl Fn(&dyn Blueprint) -> Option<Ability>,
) -> Result<Ability> {
    let blueprint = of(&settings.drawer)?;
    if settings.is_inpainted() {
        let problem = format!("‹{option}› cannot show an inpainted picture: outside ‹mask›, it is the init image");
        let hint = format!("leave out ‹{option}›, or give ‹prompt-outside› to draw all of the picture");
        return Err(Error::usage(problem, hint));
    }
    ability(blueprint).ok_or_else(|| refusal(blueprint, option, |other| ability(other).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_has_a_bound() {
        assert!(Drawing::new(vec![0; Drawing::LARGEST]).is_some());
        assert_eq!(Drawing::new(vec![0; Drawing::LARGEST + 1]), None);
    }
}
