//! A folder of frames: numbered PNGs.

use std::path::{Path, PathBuf};

use image::DynamicImage;

use crate::files::{Existing, check_folder, write_whole};
use crate::output::{Help, Kind, Make, Recipe, check_nothing, encode_pixels};
use crate::{Error, Result};

/// A folder with a PNG of each frame.
pub const FRAMES: Kind = Kind {
    name: "frames",
    extension: "",
    option: "frames",
    help: Some(Help {
        heading: "Moving pictures",
        short: "Write each frame as a PNG with its recipe into this folder",
        more: "The folder is created if needed. The frames are named 000000.png, 000001.png and so on.",
    }),
    check: check_nothing,
    make: Make::Folder,
};

/// Frames go into here: `000000.png`, `000001.png` and so on.
pub struct Folder {
    path: PathBuf,
    existing: Existing,
    count: usize,
}

impl Folder {
    /// Whether frames can be written there, before any work.
    ///
    /// # Errors
    /// Where it is no folder, cannot be made or written to, or holds frames that are not to be replaced.
    pub fn check(path: &Path, existing: Existing) -> Result<()> {
        if !path.exists() {
            if path.is_symlink() {
                let hint = "create that folder first, or remove the link";
                return Err(Error::file(path, "this is a link to a folder that does not exist", hint));
            }
            return check_folder(path);
        }
        if !path.is_dir() {
            return Err(Error::file(path, "this is not a folder", "name a folder; it is created if needed"));
        }
        check_folder(&path.join("frame"))?;
        if existing == Existing::Keep && frames_from(path, 0)?.next().is_some() {
            let hint = "choose another folder, or replace the frames with --force";
            return Err(Error::file(path, "the folder already contains frames", hint));
        }
        Ok(())
    }

    /// Makes the folder where there is none. At most `kept` frames that are there are an earlier part of the run.
    ///
    /// # Errors
    /// As for [`Folder::check`].
    pub fn create(path: &Path, existing: Existing, kept: usize) -> Result<Self> {
        Self::check(path, existing)?;
        if !path.exists() {
            let made = std::fs::create_dir(path);
            made.map_err(|error| {
                Error::file(path, format!("the folder cannot be created: {error}"), "choose another folder")
            })?;
        }
        Ok(Self { path: path.to_owned(), existing, count: first_replaced(path, kept) })
    }

    /// The frames that a run replaces or removes which goes on after at most `kept` frames of an earlier part.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn replaced(path: &Path, kept: usize) -> Result<Vec<PathBuf>> {
        Ok(frames_from(path, first_replaced(path, kept))?.collect())
    }

    /// Whether the first so many frames are there.
    #[must_use]
    pub fn has_first(path: &Path, count: usize) -> bool {
        first_replaced(path, count) == count
    }

    /// The last frame in a folder, and whether all before it are there; none where there is no frame.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn last(path: &Path) -> Result<Option<(PathBuf, bool)>> {
        let frames: Vec<_> = frames_from(path, 0)?.collect();
        let last = frames.iter().max_by_key(|frame| number_of(frame));
        Ok(last.map(|last| (last.clone(), number_of(last).is_some_and(|number| number + 1 == frames.len()))))
    }

    /// Removes a folder's frames, and the folder where nothing else is in it.
    ///
    /// # Errors
    /// Where they cannot be removed.
    pub fn remove(path: &Path) -> Result<()> {
        for frame in frames_from(path, 0)? {
            std::fs::remove_file(&frame).map_err(|source| Error::Write { path: frame, source })?;
        }
        // Other files in it are not ours.
        let _ = std::fs::remove_dir(path);
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the next frame, with its recipe where it has one.
    ///
    /// # Errors
    /// Where the disk is full or the folder is gone.
    pub fn push(&mut self, picture: &DynamicImage, recipe: Option<&Recipe>) -> Result<()> {
        let path = frame(&self.path, self.count);
        write_whole(&path, &encode_pixels(picture, recipe)?, self.existing)?;
        self.count += 1;
        Ok(())
    }

    /// Removes what a longer run left behind the last frame, and returns where the frames are.
    ///
    /// # Errors
    /// Where that cannot be removed.
    pub fn finish(self) -> Result<PathBuf> {
        if self.existing == Existing::Replace {
            for path in frames_from(&self.path, self.count)? {
                std::fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
            }
        }
        Ok(self.path)
    }
}

/// The first frame that is not among the `kept` ones that are there without a gap.
fn first_replaced(folder: &Path, kept: usize) -> usize {
    (0..kept).find(|number| !frame(folder, *number).exists()).unwrap_or(kept)
}

fn frame(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("{number:06}.png"))
}

/// Frames in a folder from this number on.
fn frames_from(folder: &Path, first: usize) -> Result<impl Iterator<Item = PathBuf> + use<>> {
    let listed = std::fs::read_dir(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
    let is_such = move |path: &PathBuf| number_of(path).is_some_and(|number| number >= first);
    Ok(listed.filter_map(|entry| Some(entry.ok()?.path())).filter(is_such))
}

/// The number of a frame; none of what is no frame.
fn number_of(path: &Path) -> Option<usize> {
    let name = path.file_name()?.to_str()?.strip_suffix(".png")?;
    (name.len() >= 6).then(|| name.parse().ok()).flatten()
}
