//! Kinds of files that a run writes: what each is called, and what makes it.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use image::{DynamicImage, RgbImage};

use super::{Product, Recipe};
use crate::files::open_regular;
use crate::picture::Size;
use crate::settings::{Settings, VideoSettings};
use crate::{Error, Result};

/// A kind of file. Each is a constant beside what makes it, and an entry of [`KINDS`](crate::video::KINDS).
#[derive(Clone, Copy)]
pub struct Kind {
    /// What people call it
    pub name: &'static str,
    /// What its name ends in, without the period; empty for a folder
    pub extension: &'static str,
    /// The option that asks for it, and its name in the files of a batch
    pub option: &'static str,
    /// How the option is explained; none if no option asks for it
    pub help: Option<Help>,
    /// Refuses settings that such a file cannot show
    pub check: fn(&Settings) -> Result<()>,
    /// What makes it
    pub make: Make,
}

/// How the help explains an option.
#[derive(Clone, Copy)]
pub struct Help {
    /// Under which heading
    pub heading: &'static str,
    /// In a line
    pub short: &'static str,
    /// What is added where there is room; may be empty
    pub more: &'static str,
}

/// What makes a kind of file.
#[derive(Clone, Copy)]
pub enum Make {
    /// The picture itself: a PNG with its recipe
    Picture,
    /// The finished picture in another form
    Still(Still),
    /// Frames, while the run goes on
    Movie(fn(&Product, Size, &VideoSettings) -> Result<Box<dyn Encoder>>),
    /// A folder of frames
    Folder,
}

/// Makes a file of the finished picture.
#[derive(Clone, Copy)]
pub struct Still {
    /// Makes its bytes
    pub encode: fn(&Settings, &DynamicImage) -> Result<Vec<u8>>,
    /// What they begin with, in every such file that this program writes
    pub begins: &'static [u8],
}

impl Still {
    /// Whether the file at a path begins as such files do.
    #[must_use]
    pub fn is_like(self, path: &Path) -> bool {
        let mut begins = vec![0; self.begins.len()];
        let read = open_regular(path).and_then(|mut file| file.read_exact(&mut begins));
        read.is_ok() && begins == self.begins
    }
}

/// Makes one file of frames. If it is dropped unfinished, nothing is left of the file.
pub trait Encoder: Send {
    /// Adds a picture that is seen for so many slots, at least one.
    ///
    /// # Errors
    /// If the disk is full.
    fn push(&mut self, picture: &RgbImage, slots: usize) -> Result<()>;

    /// Shows the last picture for more slots.
    ///
    /// # Errors
    /// If the disk is full.
    fn hold(&mut self, slots: usize) -> Result<()>;

    /// Completes the file with its recipe, gives it its name and returns that.
    ///
    /// # Errors
    /// If the disk is full, or the folder is gone.
    fn finish(self: Box<Self>, recipe: Option<&Recipe>) -> Result<PathBuf>;
}

impl Kind {
    /// Whether it is made of frames.
    #[must_use]
    pub fn moves(self) -> bool {
        matches!(self.make, Make::Movie(_) | Make::Folder)
    }

    /// Whether a run can make it in place of a PNG, by the name of its output.
    #[must_use]
    pub fn is_output(self) -> bool {
        matches!(self.make, Make::Picture | Make::Movie(_))
    }

    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(self) -> bool {
        matches!(self.make, Make::Folder)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.option == other.option
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// The kind of a file, by the extension of its name.
///
/// # Errors
/// If the extension is not that of one of `kinds`.
pub fn kind_of(path: &Path, kinds: &[Kind]) -> Result<Kind> {
    let extension = path.extension().unwrap_or_default();
    let kind = kinds.iter().find(|kind| extension.eq_ignore_ascii_case(kind.extension));
    kind.copied().ok_or_else(|| {
        let extensions: Vec<String> = kinds.iter().map(|kind| format!(".{}", kind.extension)).collect();
        let expected = match extensions.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => extensions.concat(),
        };
        let hint = format!("give the output a name that ends in {expected}");
        Error::file(path, format!("unsupported file type; expected {expected}"), hint)
    })
}

/// What every picture can be.
pub(crate) fn check_nothing(_: &Settings) -> Result<()> {
    Ok(())
}
