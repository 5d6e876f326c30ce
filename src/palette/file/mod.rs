//! Palettes in files: the formats of GIMP, Adobe, Lospec, JASC and Microsoft, and the colors of pictures.

mod binary;
mod lines;

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{FEWEST_COLOURS, MOST_COLOURS, Palette, hexadecimal};
use crate::files::{open_regular, unreadable_file};
use crate::{Error, Result, picture};

/// The number of colors that a picture is reduced to if no number is given.
const PICTURE_COLORS: usize = 16;
/// The seed of the clusters of a picture's colors, fixed so that a picture always gives the same palette.
const SEED: u64 = 0;
/// The largest palette file that is read, in bytes: a hundred times that of 256 colors with long names.
const MOST_BYTES: u64 = 1 << 20;

/// The formats by file extension.
const ENDINGS: [(&str, Format); 12] = [
    ("gpl", Format::Gimp),
    ("act", Format::Adobe),
    ("hex", Format::Hexadecimal),
    ("pal", Format::Pal),
    ("png", Format::Picture),
    ("jpg", Format::Picture),
    ("jpeg", Format::Picture),
    ("webp", Format::Picture),
    ("gif", Format::Picture),
    ("bmp", Format::Picture),
    ("tif", Format::Picture),
    ("tiff", Format::Picture),
];

/// The format of a file, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// GIMP palettes, which Inkscape, Krita and Aseprite also use
    Gimp,
    /// Adobe color tables
    Adobe,
    /// Lospec's lists of hexadecimal numbers
    Hexadecimal,
    /// Palettes of JASC (Paint Shop Pro) as text, and of Microsoft as RIFF
    Pal,
    /// Any picture
    Picture,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        ENDINGS.iter().find(|(ending, _)| extension.eq_ignore_ascii_case(ending)).map(|(_, format)| *format)
    }
}

/// A file named by the value of `--palette`.
#[derive(Debug, PartialEq)]
pub(super) struct Named<'a> {
    text: &'a str,
    pub(super) path: PathBuf,
    format: Format,
    /// The number of colors, as written
    count: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// The file that a text names, recognized by its extension, with or without `\` and a number after it.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (name, count) = match (Format::of(Path::new(text)), text.rsplit_once('\\')) {
            (None, Some((name, count))) => (name, Some(count)),
            _ => (text, None),
        };
        let path = PathBuf::from(name);
        Some(Self { text, format: Format::of(&path)?, path, count })
    }

    /// Reads the palette.
    pub(super) fn read(&self) -> Result<Palette> {
        let palette = match self.format {
            Format::Picture => {
                let count = self.picture_colors()?;
                Palette::of_picture(&picture::read(&self.path)?, count, SEED)?
            }
            _ if self.count.is_some() => {
                return Err(self.error(
                    "the number of colors of a palette file cannot be chosen",
                    "remove the `\\` and everything after it",
                ));
            }
            format => self.read_table(format)?,
        };
        if let Some(only) = palette.only() {
            let hint = "give a file with at least two colors, or list colors, such as black,gold";
            return Err(self.error(format!("its only color is #{}", hexadecimal(only)), hint));
        }
        Ok(palette.named(self.text))
    }

    fn picture_colors(&self) -> Result<usize> {
        let Some(text) = self.count else { return Ok(PICTURE_COLORS) };
        let count = text.trim().parse().ok().filter(|count| (FEWEST_COLOURS..=MOST_COLOURS).contains(count));
        count.ok_or_else(|| {
            let hint = format!(
                "choose {FEWEST_COLOURS} to {MOST_COLOURS} of the picture's colors, such as {}\\12",
                self.path.display()
            );
            self.error(format!("`{text}` is not a valid number of colors"), hint)
        })
    }

    fn read_table(&self, format: Format) -> Result<Palette> {
        let bytes = self.bytes()?;
        self.check_content(format, &bytes)?;
        let colors = match format {
            Format::Gimp => lines::gimp(&bytes),
            Format::Hexadecimal => lines::hexadecimal(&bytes),
            Format::Adobe => binary::adobe(&bytes),
            Format::Pal if bytes.starts_with(RIFF) => binary::riff(&bytes),
            Format::Pal | Format::Picture => lines::jasc(&bytes),
        };
        let colors = colors.map_err(|problem| self.error(problem, FIX))?;
        if colors.is_empty() {
            return Err(self.error("the file contains no colors", FIX));
        }
        Palette::of_colours(self.text, colors.iter().copied()).map_err(|_| {
            let hint = format!(
                "give a file with at most {MOST_COLOURS} colors, or a picture, which is reduced to a few colors"
            );
            self.error(format!("{} colors are too many", colors.len()), hint)
        })
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        let unreadable =
            |error: std::io::Error| unreadable_file(&self.path, &error, "give a palette file or a picture");
        let metadata = std::fs::metadata(&self.path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(self.error("this is not a regular file", "give a palette file or a picture"));
        }
        let mut bytes = Vec::new();
        let file = open_regular(&self.path).map_err(unreadable)?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        match bytes.len() as u64 {
            0 => Err(self.error("the file is empty", FIX)),
            length if length > MOST_BYTES => Err(self.error("the file is too large for a palette", FIX)),
            _ => Ok(bytes),
        }
    }

    /// Refuses a file whose first bytes show that it is not what its name says.
    fn check_content(&self, format: Format, bytes: &[u8]) -> Result<()> {
        let found = CONTENTS.iter().find(|content| content.is_in(bytes));
        match found {
            Some(content) if content.format != format => Err(self.error(
                format!("this is {}", content.what),
                format!("rename the file, so that its name ends in .{}", content.ending),
            )),
            _ => Ok(()),
        }
    }

    fn error(&self, problem: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::file(&self.path, problem, hint)
    }
}

const FIX: &str = "save the palette again as .gpl, .act, .hex or .pal";
const RIFF: &[u8] = b"RIFF";

/// A kind of content, recognized by its first bytes.
struct Content {
    start: &'static [u8],
    /// The bytes from the eighth on, after a length
    kind: &'static [u8],
    what: &'static str,
    format: Format,
    ending: &'static str,
}

impl Content {
    fn is_in(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(self.start) && bytes.get(8..).unwrap_or_default().starts_with(self.kind)
    }
}

const CONTENTS: [Content; 7] = [
    Content { start: b"\x89PNG\r\n\x1a\n", kind: b"", what: "a PNG picture", format: Format::Picture, ending: "png" },
    Content { start: b"\xff\xd8\xff", kind: b"", what: "a JPEG picture", format: Format::Picture, ending: "jpg" },
    Content { start: b"GIF8", kind: b"", what: "a GIF picture", format: Format::Picture, ending: "gif" },
    Content { start: RIFF, kind: b"WEBP", what: "a WebP picture", format: Format::Picture, ending: "webp" },
    Content { start: RIFF, kind: b"PAL ", what: "a RIFF palette", format: Format::Pal, ending: "pal" },
    Content { start: b"GIMP Palette", kind: b"", what: "a GIMP palette", format: Format::Gimp, ending: "gpl" },
    Content { start: b"JASC-PAL", kind: b"", what: "a JASC palette", format: Format::Pal, ending: "pal" },
];
