//! Palettes: few colours to draw with, from notation, names and files; and pictures brought to them.
//!
//! What `--palette` takes is told apart by its spelling alone, never by what lies in a folder:
//!
//! 1. a text that ends in `.gpl`, `.act`, `.hex`, `.pal` or what pictures end in is a file (a picture's may be followed
//!    by `\` and a number of colours);
//! 2. all else is notation ([`notation`]), in which a word is first a palette of `weights/palettes.toml`, then a colour
//!    of CSS, then one of xkcd, then a hexadecimal number.

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

use crate::{Error, Result};

pub use built_in::BuiltIn;
pub use dither::{Dither, Indexed};

/// The fewest colours that a picture can be drawn in.
pub const FEWEST_COLOURS: usize = 2;
/// The most colours a palette has: what an index of one byte tells apart.
pub const MOST_COLOURS: usize = 256;

/// Colours to draw with: 2 to 256, or the only one of a picture that has no other; none twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    name: String,
    colours: Vec<[u8; 3]>,
    /// The same in OKLab
    perceived: Vec<[f32; 3]>,
}

impl Palette {
    /// The palette that a text of `--palette` stands for.
    ///
    /// # Errors
    /// Where the text or the file it names is none, with the place in it and, for names, those that are near.
    pub fn load(text: &str) -> Result<Self> {
        match file::Named::of(text) {
            Some(named) => named.read(),
            None => notation::read(text),
        }
    }

    /// The only colour of what is no palette: nothing can be drawn in one.
    fn only(&self) -> Option<[u8; 3]> {
        <[_; 1]>::try_from(&self.colours[..]).ok().map(|[only]| only)
    }

    /// A palette of these colours, in their order, each once.
    ///
    /// # Errors
    /// Where there are none, or more than 256.
    pub fn of_colours(name: impl Into<String>, colours: impl IntoIterator<Item = [u8; 3]>) -> Result<Self> {
        let name = name.into();
        let mut seen = HashSet::new();
        let colours: Vec<_> = colours.into_iter().filter(|colour| seen.insert(*colour)).collect();
        match colours.len() {
            0 => Err(Error::usage(format!("the palette {name} has no colours"), HINT)),
            1..=MOST_COLOURS => {
                let perceived = colours.iter().map(|colour| oklab::of_srgb(*colour)).collect();
                Ok(Self { name, colours, perceived })
            }
            count => {
                Err(Error::usage(format!("the palette {name} has {count} colours: {MOST_COLOURS} are the most"), HINT))
            }
        }
    }

    /// At most `count` colours that come near those of a picture, from dark to light: the picture's own where these
    /// are no more, else the means of clusters in OKLab. The same whatever the threads.
    ///
    /// # Errors
    /// Where the picture has no pixels, or the count is not 1 to 256.
    pub fn of_picture(picture: &RgbImage, count: usize, seed: u64) -> Result<Self> {
        if !(1..=MOST_COLOURS).contains(&count) {
            return Err(Error::usage(format!("a palette cannot have {count} colours"), HINT));
        }
        if picture.is_empty() {
            return Err(Error::usage("a picture without pixels has no colours", "give another picture"));
        }
        Self::of_colours("of the picture", k_means::colours(picture, count, seed))
    }

    /// Its colours as 8-bit sRGB.
    #[must_use]
    pub fn colours(&self) -> &[[u8; 3]] {
        &self.colours
    }

    /// The same in OKLab.
    #[must_use]
    pub fn perceived(&self) -> &[[f32; 3]] {
        &self.perceived
    }

    /// What it was asked for by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which of its colours is nearest to one in OKLab; the first of equals.
    #[must_use]
    pub fn nearest(&self, lab: [f32; 3]) -> usize {
        nearest(&self.perceived, lab)
    }

    fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

const HINT: &str = "give a palette 2 to 256 colours";

/// A colour in six hexadecimal digits.
#[must_use]
pub fn hexadecimal([red, green, blue]: [u8; 3]) -> String {
    format!("{red:02x}{green:02x}{blue:02x}")
}

/// The file that a text of `--palette` names, if it names one.
#[must_use]
pub fn file_of(text: &str) -> Option<PathBuf> {
    file::Named::of(text).map(|named| named.path)
}

/// Which of some colours is nearest; the first of equals.
fn nearest(colours: &[[f32; 3]], lab: [f32; 3]) -> usize {
    let mut best = (f32::INFINITY, 0);
    for (index, colour) in colours.iter().enumerate() {
        let distance = oklab::distance(*colour, lab);
        if distance < best.0 {
            best = (distance, index);
        }
    }
    best.1
}
