//! Kinds of files that a run writes: the name of each, and the function that makes it.

use std::fmt;
use std::path::{Path, PathBuf};

use image::{DynamicImage, RgbImage};

use super::{Product, Recipe};
use crate::drawer::Drawing;
use crate::files::begins_with;
use crate::picture::Size;
use crate::settings::{Settings, VideoSettings};
use crate::{Error, Result};

/// A kind of file. Each kind is a constant beside the code that makes it, and an entry of
/// [`KINDS`](crate::video::KINDS).
#[derive(Clone, Copy)]
pub struct Kind {
    /// The name that people use
    pub name: &'static str,
    /// The extension of its files, without the period; empty for a folder
    pub extension: &'static str,
    /// The extensions that names of its files may have instead; if there are any, `extension` is only that of files named
    /// after the picture
    pub others: &'static [&'static str],
    /// The option that requests it, and its key in the files of a batch
    pub option: &'static str,
    /// The help of the option; none if no option requests it
    pub help: Option<Help>,
    /// Returns an error if such a file cannot show the picture of these settings
    pub check: fn(&Settings) -> Result<()>,
    /// How it is made
    pub make: Make,
}

/// The help of an option.
#[derive(Clone, Copy)]
pub struct Help {
    /// The heading
    pub heading: &'static str,
    /// The help in a line
    pub short: &'static str,
    /// The rest of the long help; may be empty
    pub more: &'static str,
}

/// How a kind of file is made.
#[derive(Clone, Copy)]
pub enum Make {
    /// The picture itself, with its recipe
    Picture,
    /// The finished picture in another form
    Still(Still),
    /// One file of frames, made during the run
    Movie(fn(&Product, Size, &VideoSettings) -> Result<Box<dyn Encoder>>),
    /// A folder of frames
    Folder,
    /// A file of frames, made of the drawing of the finished picture
    Reveal,
    /// Another picture made of the finished one, enlarged if settings ask for that: a PNG with the same recipe
    Finished(fn(&Settings, &DynamicImage) -> Result<DynamicImage>),
}

/// How a file is made from the finished picture.
#[derive(Clone, Copy)]
pub struct Still {
    /// Makes the bytes of the file from the picture, and from what the picture was made of if that is known
    pub encode: fn(&Settings, &DynamicImage, Option<&Drawing>) -> Result<Vec<u8>>,
    /// The bytes that every such file of this program begins with
    pub begins: &'static [u8],
}

impl Still {
    /// Whether the file at a path begins like such a file.
    #[must_use]
    pub fn is_like(self, path: &Path) -> bool {
        begins_with(path, self.begins)
    }
}

/// Makes one file from frames. If an encoder is dropped before it is finished, the file is removed.
pub trait Encoder: Send {
    /// Adds a picture that is shown for `slots` slots, at least one.
    ///
    /// # Errors
    /// If the disk is full.
    fn push(&mut self, picture: &RgbImage, slots: usize) -> Result<()>;

    /// Shows the last picture for `slots` more slots.
    ///
    /// # Errors
    /// If the disk is full.
    fn hold(&mut self, slots: usize) -> Result<()>;

    /// Completes the file with its recipe, gives the file its final name, and returns the path.
    ///
    /// # Errors
    /// If the disk is full, or the folder is gone.
    fn finish(self: Box<Self>, recipe: Option<&Recipe>) -> Result<PathBuf>;
}

impl Kind {
    /// Whether files of this kind are made of frames.
    #[must_use]
    pub fn moves(self) -> bool {
        matches!(self.make, Make::Movie(_) | Make::Folder)
    }

    /// Whether a run can make such a file as its output, depending on the name of the output.
    #[must_use]
    pub fn is_output(self) -> bool {
        matches!(self.make, Make::Picture | Make::Movie(_))
    }

    /// The extensions that names of such files may have.
    #[must_use]
    pub fn extensions(&self) -> &[&'static str] {
        if self.others.is_empty() { std::slice::from_ref(&self.extension) } else { self.others }
    }

    /// The ends that names of such files may have, as in `.mp4 or .gif`.
    #[must_use]
    pub fn ends(&self) -> String {
        either(&self.extensions().iter().map(|extension| format!(".{extension}")).collect::<Vec<_>>())
    }

    /// Whether this kind is a folder.
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
    let is = |kind: &&Kind| kind.extensions().iter().any(|own| extension.eq_ignore_ascii_case(own));
    kinds.iter().find(is).copied().ok_or_else(|| {
        let extensions = kinds.iter().flat_map(Kind::extensions).map(|extension| format!(".{extension}"));
        let expected = either(&extensions.collect::<Vec<_>>());
        if path.as_os_str().is_empty() {
            return Error::usage("the name of the output is empty", format!("give it a name that ends in {expected}"));
        }
        if path.is_dir() {
            let name = path.join(format!("NAME.{}", kinds.first().map_or("", |kind| kind.extensions()[0])));
            let hint = format!("name a file in this folder, such as {}", name.display());
            return Error::file(path, "this is a folder, not the name of a file", hint);
        }
        let hint = format!("give the output a name that ends in {expected}");
        let problem = if extension.is_empty() { "the name has no extension" } else { "unsupported file type" };
        Error::file(path, format!("{problem}; expected {expected}"), hint)
    })
}

/// Alternatives, as in `.png, .gif or .mp4`.
fn either(alternatives: &[String]) -> String {
    match alternatives.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => alternatives.concat(),
    }
}

/// The check of a kind that can show every picture.
#[allow(clippy::unnecessary_wraps, reason = "the checks of other kinds can fail")]
pub(crate) fn check_nothing(_: &Settings) -> Result<()> {
    Ok(())
}
