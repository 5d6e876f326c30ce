//! Folders of frames: numbered PNGs.

use std::path::{Path, PathBuf};

use image::DynamicImage;

use crate::files::{
    Existing, check_folder, check_new_folder, read_regular, remove_if_present, unreadable, write_whole,
};
use crate::output::{Help, Kind, Make, Recipe, check_nothing, encode_pixels};
use crate::{Error, Result};

/// A folder with a PNG for each frame.
pub const FRAMES: Kind = Kind {
    name: "frames",
    extension: "",
    others: &[],
    option: "frames",
    help: Some(Help {
        heading: "Moving pictures",
        short: "Also write each frame, as a PNG with its recipe, to this folder",
        more: "The folder is created if needed. The frames are named 000000.png, 000001.png and so on. In a \
               batch file, `none` disables it.",
    }),
    check: check_nothing,
    make: Make::Folder,
};

/// The largest frame that is copied, in bytes.
const LARGEST_FRAME: u64 = 1 << 30;

/// A folder of frames in the making: `000000.png`, `000001.png` and so on.
pub struct Folder {
    path: PathBuf,
    existing: Existing,
    count: usize,
}

impl Folder {
    /// Checks, before any work, that frames can be written into a folder.
    ///
    /// # Errors
    /// If the path is not a folder, the folder cannot be created or written to, or it contains frames that must not be
    /// replaced.
    pub fn check(path: &Path, existing: Existing) -> Result<()> {
        Self::check_with(path, existing, check_folder)
    }

    /// Checks a folder as [`Folder::check`] does, if the folders above it will be created.
    ///
    /// # Errors
    /// As for [`Folder::check`], if they cannot be created.
    pub fn check_new(path: &Path, existing: Existing) -> Result<()> {
        Self::check_with(path, existing, check_new_folder)
    }

    fn check_with(path: &Path, existing: Existing, check_above: impl Fn(&Path) -> Result<()>) -> Result<()> {
        if !path.exists() {
            if path.is_symlink() {
                let hint = "create that folder first, or remove the link";
                return Err(Error::file(path, "this is a link to a folder that does not exist", hint));
            }
            return check_above(path);
        }
        if !path.is_dir() {
            return Err(Error::file(path, "this is not a folder", "name a folder; it is created if needed"));
        }
        check_folder(&path.join("frame"))?;
        if existing == Existing::Keep && frames_from(path, 0)?.next().is_some() {
            let hint = "choose another folder, or replace the frames with ‹force›";
            return Err(Error::file(path, "the folder already contains frames", hint));
        }
        Ok(())
    }

    /// Creates the folder if needed. The first `kept` frames in it, up to a gap, are an earlier part of the run.
    ///
    /// # Errors
    /// If [`Folder::check`] fails, or the folder cannot be created.
    pub fn create(path: &Path, existing: Existing, kept: usize) -> Result<Self> {
        Self::check(path, existing)?;
        make(path)?;
        Ok(Self { path: path.to_owned(), existing, count: first_replaced(path, kept) })
    }

    /// The frames that a run replaces or removes if it continues after at most `kept` frames of an earlier part.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn replaced(path: &Path, kept: usize) -> Result<Vec<PathBuf>> {
        Ok(frames_from(path, first_replaced(path, kept))?.collect())
    }

    /// Whether the first `count` frames exist.
    #[must_use]
    pub fn has_first(path: &Path, count: usize) -> bool {
        first_replaced(path, count) == count
    }

    /// The paths of the first `count` frames, up to a gap.
    #[must_use]
    pub fn first(path: &Path, count: usize) -> Vec<PathBuf> {
        (0..first_replaced(path, count)).map(|number| frame(path, number)).collect()
    }

    /// The path of the frame with a number.
    #[must_use]
    pub fn frame(path: &Path, number: usize) -> PathBuf {
        frame(path, number)
    }

    /// Removes the frames from a number on.
    ///
    /// # Errors
    /// If a frame cannot be removed.
    pub fn cut(path: &Path, count: usize) -> Result<()> {
        for frame in frames_from(path, count)? {
            std::fs::remove_file(&frame).map_err(|source| Error::Write { path: frame, source })?;
        }
        Ok(())
    }

    /// Copies frames of another folder as the first frames of this one, which is created if needed. A frame after them
    /// among the first `kept` is removed, so that it is not mistaken for an earlier part of the run.
    ///
    /// # Errors
    /// If a frame cannot be read, written or removed.
    pub fn copy_first(frames: &[PathBuf], path: &Path, kept: usize) -> Result<()> {
        make(path)?;
        for (number, source) in frames.iter().enumerate() {
            let content = read_regular(source, LARGEST_FRAME)
                .map_err(|error| Error::file(source, unreadable(&error), "restore the frame"))?;
            write_whole(&frame(path, number), &content, Existing::Replace)?;
        }
        for stale in (frames.len()..kept).map(|number| frame(path, number)) {
            remove_if_present(&stale).map_err(|source| Error::Write { path: stale, source })?;
        }
        Ok(())
    }

    /// The last frame in a folder, and whether all frames before it exist; none if there are no frames.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn last(path: &Path) -> Result<Option<(PathBuf, bool)>> {
        let frames: Vec<_> = frames_from(path, 0)?.collect();
        let last = frames.iter().max_by_key(|frame| number_of(frame));
        Ok(last.map(|last| (last.clone(), number_of(last).is_some_and(|number| number + 1 == frames.len()))))
    }

    /// Removes the frames in a folder, and the folder if it is then empty.
    ///
    /// # Errors
    /// If a frame cannot be removed.
    pub fn remove(path: &Path) -> Result<()> {
        for frame in frames_from(path, 0)? {
            std::fs::remove_file(&frame).map_err(|source| Error::Write { path: frame, source })?;
        }
        // The folder may contain files of others.
        let _ = std::fs::remove_dir(path);
        Ok(())
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the next frame, with its recipe if it has one.
    ///
    /// # Errors
    /// If the disk is full, or the folder is gone.
    pub fn push(&mut self, picture: &DynamicImage, recipe: Option<&Recipe>) -> Result<()> {
        let path = frame(&self.path, self.count);
        write_whole(&path, &encode_pixels(picture, recipe, None)?, self.existing)?;
        self.count += 1;
        Ok(())
    }

    /// Removes frames of a longer run after the last frame, and returns the path of the folder.
    ///
    /// # Errors
    /// If a frame cannot be removed.
    pub fn finish(self) -> Result<PathBuf> {
        if self.existing == Existing::Replace {
            Self::cut(&self.path, self.count)?;
        }
        Ok(self.path)
    }
}

/// Creates a folder if there is none.
fn make(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    std::fs::create_dir(path)
        .map_err(|error| Error::file(path, format!("the folder cannot be created: {error}"), "choose another folder"))
}

/// The number of the first missing frame among the first `kept` ones; `kept` if none is missing.
fn first_replaced(folder: &Path, kept: usize) -> usize {
    (0..kept).find(|number| !frame(folder, *number).exists()).unwrap_or(kept)
}

fn frame(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("{number:06}.png"))
}

/// The frames in a folder from a number on.
fn frames_from(folder: &Path, first: usize) -> Result<impl Iterator<Item = PathBuf> + use<>> {
    let listed = std::fs::read_dir(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
    let is_such = move |path: &PathBuf| number_of(path).is_some_and(|number| number >= first);
    Ok(listed.filter_map(|entry| Some(entry.ok()?.path())).filter(is_such))
}

/// The number of a frame; none if the path is not that of a frame.
fn number_of(path: &Path) -> Option<usize> {
    let name = path.file_name()?.to_str()?.strip_suffix(".png")?;
    (name.len() >= 6).then(|| name.parse().ok()).flatten()
}
