//! Which moving pictures are asked for, and what their files are called.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ValueHint;

use super::Outputs;
use crate::files::{Existing, Kind, PartialFile, kind_of};
use crate::{Error, Result};

/// Says that there is to be none.
const NONE: &str = "none";

/// What to make beside the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct MovingPictures {
    /// Make an animated GIF of the iterations, too
    ///
    /// Without a name it is the picture's with .gif. `-o x.gif` makes a GIF and no PNG. `none`, in a line of a batch,
    /// makes none.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "", help_heading = "Moving pictures")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub gif: Option<OsString>,
    /// Make an MP4 of the iterations, too
    ///
    /// Without a name it is the picture's with .mp4. `-o x.mp4` makes an MP4 and no PNG. It is H.264 and plays in
    /// browsers; an odd side is encoded with its last row or column twice.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "", help_heading = "Moving pictures")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub mp4: Option<OsString>,
    /// Write each frame as a PNG into this folder, with the recipe that makes it
    ///
    /// The folder is made where there is none; the frames are called 000000.png and so on.
    #[arg(long, value_name = "DIR", help_heading = "Moving pictures", value_hint = ValueHint::DirPath)]
    pub frames: Option<OsString>,
}

/// Where the moving pictures of a run go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MovingPaths {
    /// An animated GIF
    pub gif: Option<PathBuf>,
    /// An MP4
    pub mp4: Option<PathBuf>,
    /// A folder of frames
    pub frames: Option<PathBuf>,
}

impl MovingPictures {
    /// What is asked for with what `weaker` asks for where this says nothing; `none` asks for none.
    #[must_use]
    pub fn or(&self, weaker: &Self) -> Self {
        let either = |own: &Option<OsString>, other: &Option<OsString>| own.clone().or_else(|| other.clone());
        Self {
            gif: either(&self.gif, &weaker.gif),
            mp4: either(&self.mp4, &weaker.mp4),
            frames: either(&self.frames, &weaker.frames),
        }
    }

    /// What the names of those files end in that are called as the picture is.
    #[must_use]
    pub fn extensions_beside(&self) -> Vec<&'static str> {
        let beside = [(&self.gif, Kind::Gif), (&self.mp4, Kind::Mp4)];
        beside
            .into_iter()
            .filter(|(asked, _)| asked.as_ref().is_some_and(|name| name.is_empty()))
            .map(|(_, kind)| kind.extension())
            .collect()
    }

    /// The paths beside an output of some kind, which may be a moving picture itself; `named` makes a path of a name that
    /// was given.
    ///
    /// # Errors
    /// Where a name does not fit the option, or an option names what the output is.
    pub fn paths(&self, output: &Path, kind: Kind, named: impl Fn(&OsStr) -> PathBuf) -> Result<MovingPaths> {
        let asked = |name: &Option<OsString>| name.clone().filter(|name| name != NONE);
        let file = |name: &Option<OsString>, which: Kind| {
            let Some(name) = asked(name) else { return Ok((kind == which).then(|| output.to_owned())) };
            match (name.is_empty(), kind == which) {
                (true, true) => Ok(Some(output.to_owned())),
                (true, false) => Ok(Some(output.with_extension(which.extension()))),
                (false, true) => Err(twice(which)),
                (false, false) => name_of_kind(named(&name), which).map(Some),
            }
        };
        let frames = asked(&self.frames);
        if frames.as_ref().is_some_and(|name| name.is_empty()) {
            return Err(Error::usage("--frames names no folder", "name one, or leave the option out"));
        }
        let frames = frames.map(|name| named(&name));
        let paths = MovingPaths { gif: file(&self.gif, Kind::Gif)?, mp4: file(&self.mp4, Kind::Mp4)?, frames };
        if let Some(folder) = &paths.frames
            && [Some(output), paths.gif.as_deref(), paths.mp4.as_deref()].contains(&Some(folder))
        {
            let message = format!("--frames {} is the name of another file that is to be made", folder.display());
            return Err(Error::usage(message, "give the folder a name of its own"));
        }
        Ok(paths)
    }
}

impl MovingPaths {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.gif.iter().chain(&self.mp4).chain(&self.frames)
    }

    /// What is to be made, with what is to become of a file that is there.
    ///
    /// # Errors
    /// What `existing` returns, and names that are too long.
    pub fn outputs(&self, existing: impl Fn(&Path) -> Result<Existing>) -> Result<Outputs> {
        let with = |path: &Option<PathBuf>| {
            path.as_ref().map(|path| Ok::<_, Error>((path.clone(), existing(path)?))).transpose()
        };
        self.gif.iter().chain(&self.mp4).try_for_each(|path| PartialFile::check_name(path))?;
        Ok(Outputs { gif: with(&self.gif)?, mp4: with(&self.mp4)?, frames: with(&self.frames)? })
    }
}

/// A path given to an option of one kind: a word of the prompt is none.
fn name_of_kind(path: PathBuf, kind: Kind) -> Result<PathBuf> {
    if kind_of(&path, &[kind]).is_ok() {
        return Ok(path);
    }
    let extension = kind.extension();
    let message = format!("--{extension} takes a name that ends in .{extension}, and {} does not", path.display());
    Err(Error::usage(message, format!("give such a name, or write the prompt before --{extension}")))
}

fn twice(kind: Kind) -> Error {
    let extension = kind.extension();
    Error::usage(format!("--output and --{extension} both name a file ending in .{extension}"), "name it once")
}
