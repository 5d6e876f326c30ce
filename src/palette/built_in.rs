//! The built-in palettes: `weights/palettes.toml`, compiled in.

use std::sync::OnceLock;

use serde::Deserialize;

use super::{Palette, names};
use crate::{Error, Result};

static TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/palettes.toml"));

/// A built-in palette.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuiltIn {
    /// The name for `--palette`
    pub name: String,
    /// A description in one line
    pub title: String,
    /// The source of its numbers
    pub source: String,
    /// Its license
    pub licence: String,
    /// Six hexadecimal digits for each color
    colours: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(rename = "palette")]
    palettes: Vec<BuiltIn>,
}

impl BuiltIn {
    /// All built-in palettes, in the order of the file.
    ///
    /// # Errors
    /// Only if the list in the program is damaged.
    pub fn all() -> Result<&'static [Self]> {
        static LIST: OnceLock<Result<List, String>> = OnceLock::new();
        let list = LIST.get_or_init(|| toml::from_str(TEXT).map_err(|error| error.to_string()));
        let list =
            list.as_ref().map_err(|problem| Error::fault(format!("the list of palettes cannot be read: {problem}")));
        Ok(&list?.palettes)
    }

    /// The built-in palette with a name, in upper or lower case, with `-` or `_` between words.
    ///
    /// # Errors
    /// Only if the list in the program is damaged.
    pub fn of(name: &str) -> Result<Option<&'static Self>> {
        let name = name.trim().replace('_', "-");
        Ok(Self::all()?.iter().find(|palette| palette.name.eq_ignore_ascii_case(&name)))
    }

    /// The colors of the palette.
    ///
    /// # Errors
    /// Only if the list in the program is damaged.
    pub fn palette(&self) -> Result<Palette> {
        let colors: Option<Vec<_>> = self.colours.split_whitespace().map(names::hexadecimal).collect();
        let colors = colors.ok_or_else(|| Error::fault(format!("a color of {} cannot be read", self.name)))?;
        Palette::of_colours(&self.name, colors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_whole() {
        let all = BuiltIn::all().unwrap();
        assert!(all.len() > 30);
        for entry in all {
            let name = &entry.name;
            let palette = Palette::load(name).unwrap();
            assert_eq!(palette, entry.palette().unwrap());
            assert_eq!(palette.colours().len(), entry.colours.split_whitespace().count(), "{name}: a color twice");
            assert!(palette.colours().len() >= 2 && palette.name() == name);
            assert!(!entry.title.is_empty() && entry.source.len() > 10 && !entry.licence.is_empty(), "{name}");
            assert_eq!(all.iter().filter(|other| other.name == *name).count(), 1, "{name} twice");
            assert_eq!(names::color(name), None, "{name} is also a color");
        }
    }

    #[test]
    fn machines_have_the_colours_they_had() {
        let count = |name: &str| Palette::load(name).unwrap().colours().len();
        // Distinct colors: 15 of the Spectrum and of MSX, because black is there twice; 54 of the NES.
        let counts = [
            ("pico-8", 16),
            ("game-boy", 4),
            ("commodore-64", 16),
            ("zx-spectrum", 15),
            ("cga", 16),
            ("cga-1-high", 4),
            ("ega", 64),
            ("nes", 54),
            ("msx", 15),
            ("amstrad-cpc", 27),
            ("web-safe", 216),
            ("1-bit", 2),
            ("viridis", 16),
            ("tab20", 20),
            ("Set1", 9),
            ("Paired", 12),
            ("twilight_shifted", 16),
        ];
        for (name, expected) in counts {
            assert_eq!(count(name), expected, "{name}");
        }
        // The first of matplotlib's cycle of colors, and of ColorBrewer's set.
        assert_eq!(Palette::load("tab10").unwrap().colours()[0], [0x1f, 0x77, 0xb4]);
        assert_eq!(Palette::load("Accent").unwrap().colours()[0], [0x7f, 0xc9, 0x7f]);
        // A color of the survey has this name, and keeps it.
        assert!(BuiltIn::of("twilight").unwrap().is_none());
        assert_eq!(Palette::load("PICO-8").unwrap().colours()[8], [255, 0, 0x4d]);
    }
}
