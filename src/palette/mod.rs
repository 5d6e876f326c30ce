//! Palettes: few colors to draw with, from notation, names and files; and pictures reduced to them.
//!
//! The spelling alone decides what the value of `--palette` is, never the content of a folder:
//!
//! 1. a text that ends in `.gpl`, `.act`, `.hex`, `.pal` or the extension of a picture is a file (a picture's may be
//!    followed by `\` and a number of colors);
//! 2. anything else is notation ([`notation`]), in which a word is first a palette of `weights/palettes.toml`, then a
//!    color of CSS, then one of xkcd, then a hexadecimal number.

mod alike;
mod built_in;
mod dither;
mod file;
mod k_means;
mod names;
mod notation;
pub mod oklab;

use std::collections::HashSet;
use std::path::PathBuf;

use image::RgbImage;

use crate::text::{near_names, question};
use crate::{Error, Result};

pub use built_in::BuiltIn;
pub use dither::{Dither, Indexed};

/// The fewest colors that a picture can be drawn in.
pub const FEWEST_COLOURS: usize = 2;
/// The most colors of a palette: as many as an index of one byte can distinguish.
pub const MOST_COLOURS: usize = 256;

/// Colors to draw with: 2 to 256 of them, or the only color of a picture that has no other; without repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    name: String,
    colors: Vec<[u8; 3]>,
    /// The colors in OKLab
    perceived: Vec<[f32; 3]>,
}

impl Palette {
    /// The palette that a value of `--palette` stands for.
    ///
    /// # Errors
    /// If the text, or the file that it names, is not a valid palette. The error names the place and, for names, the
    /// close ones.
    pub fn load(text: &str) -> Result<Self> {
        match file::Named::of(text) {
            Some(named) => named.read(),
            None => notation::read(text),
        }
    }

    /// The only color of a palette that has no other: nothing can be drawn with it.
    fn only(&self) -> Option<[u8; 3]> {
        <[_; 1]>::try_from(&self.colors[..]).ok().map(|[only]| only)
    }

    /// A palette of these colors, in their order, without repetition.
    ///
    /// # Errors
    /// If there are none, or more than 256.
    pub fn of_colours(name: impl Into<String>, colors: impl IntoIterator<Item = [u8; 3]>) -> Result<Self> {
        let name = name.into();
        let mut seen = HashSet::new();
        let colors: Vec<_> = colors.into_iter().filter(|color| seen.insert(*color)).collect();
        match colors.len() {
            0 => Err(Error::usage(format!("the palette {name} has no colors"), HINT)),
            1..=MOST_COLOURS => {
                let perceived = colors.iter().map(|color| oklab::of_srgb(*color)).collect();
                Ok(Self { name, colors, perceived })
            }
            count => {
                Err(Error::usage(format!("the palette {name} has {count} colors; the limit is {MOST_COLOURS}"), HINT))
            }
        }
    }

    /// At most `count` colors close to those of a picture, from dark to light: the picture's own colors if there are no
    /// more of them, else the means of clusters in OKLab. The number of threads changes nothing.
    ///
    /// # Errors
    /// If the picture has no pixels, or the count is not 1 to 256.
    pub fn of_picture(picture: &RgbImage, count: usize, seed: u64) -> Result<Self> {
        if !(1..=MOST_COLOURS).contains(&count) {
            return Err(Error::usage(format!("a palette cannot have {count} colors"), HINT));
        }
        if picture.is_empty() {
            return Err(Error::usage("a picture without pixels has no colors", "give another picture"));
        }
        Self::of_colours("of the picture", k_means::colors(picture, count, seed))
    }

    /// The colors as 8-bit sRGB.
    #[must_use]
    pub fn colours(&self) -> &[[u8; 3]] {
        &self.colors
    }

    /// The colors in OKLab.
    #[must_use]
    pub fn perceived(&self) -> &[[f32; 3]] {
        &self.perceived
    }

    /// The text that the palette was loaded from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The index of the color nearest to one in OKLab; the first if several are equally near.
    #[must_use]
    pub fn nearest(&self, lab: [f32; 3]) -> usize {
        nearest(&self.perceived, lab)
    }

    fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

const HINT: &str = "use 2 to 256 colors";

/// The color that a text stands for: a name from CSS or xkcd, or a number; none if it is neither.
#[must_use]
pub fn color(text: &str) -> Option<[u8; 3]> {
    names::color(text)
}

/// Names of colors that are close to one that nothing has, as a question: `did you mean ...?`
#[must_use]
pub fn near_colors(name: &str) -> Option<String> {
    question(&near_names(name, names::all().collect::<Vec<_>>()))
}

/// A color in six hexadecimal digits.
#[must_use]
pub fn hexadecimal([red, green, blue]: [u8; 3]) -> String {
    format!("{red:02x}{green:02x}{blue:02x}")
}

/// The file that a text of `--palette` names, if it names one.
#[must_use]
pub fn file_of(text: &str) -> Option<PathBuf> {
    file::Named::of(text).map(|named| named.path)
}

/// The index of the nearest color; the first if several are equally near.
fn nearest(colors: &[[f32; 3]], lab: [f32; 3]) -> usize {
    let mut best = (f32::INFINITY, 0);
    for (index, color) in colors.iter().enumerate() {
        let distance = oklab::distance(*color, lab);
        if distance < best.0 {
            best = (distance, index);
        }
    }
    best.1
}
