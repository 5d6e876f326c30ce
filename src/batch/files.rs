//! The files of a picture of a batch: what is made, and what of it is there already.

use std::path::{Path, PathBuf};

use crate::device::DeviceChoice;
use crate::output::Recipe;
use crate::settings::{CutBatch, Settings, VideoSettings};
use crate::video::{Folder, MovingPaths};
use crate::{Error, Result};

/// The files of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// A PNG, or the moving picture that is made instead of one
    pub output: PathBuf,
    /// The moving pictures; if the output is one, it is among them
    pub moving: MovingPaths,
}

/// What is at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing
    Free,
    /// What the settings make, all of it
    Finished,
    /// A part of what they make
    Begun,
    /// Something else
    Other,
}

impl Files {
    /// Whether the output is a PNG.
    #[must_use]
    pub fn has_picture(&self) -> bool {
        !self.is_moving(&self.output)
    }

    /// All of them, the output first.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.output).chain(self.moving.all().filter(|path| **path != self.output))
    }

    /// Removes those that are there.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn remove(&self) -> Result<()> {
        for path in self.all().filter(|path| path.exists()) {
            if self.moving.frames.as_ref() == Some(path) {
                Folder::remove(path)?;
            } else {
                std::fs::remove_file(path).map_err(|source| Error::Write { path: path.clone(), source })?;
            }
        }
        Ok(())
    }

    /// What is at one of their names.
    pub(super) fn found(&self, path: &Path, settings: &Settings) -> Found {
        if self.moving.frames.as_deref() == Some(path) {
            return found_frames(path, settings);
        }
        let is_moving = self.is_moving(path);
        // How it moves decides nothing about a picture that does not.
        let of = |settings: &Settings| if is_moving { settings.clone() } else { still(settings) };
        let is_whole =
            |recipe: Recipe| is_finished(&Recipe { settings: of(&recipe.settings), ..recipe }, &of(settings));
        match Recipe::read(path) {
            Ok(recipe) if is_whole(recipe.clone()) => Found::Finished,
            _ if path.exists() => Found::Other,
            _ => Found::Free,
        }
    }

    fn is_moving(&self, path: &Path) -> bool {
        self.moving.all().any(|moving| moving == path)
    }
}

/// What is in a folder of frames.
fn found_frames(folder: &Path, settings: &Settings) -> Found {
    if !folder.exists() {
        return Found::Free;
    }
    let (last, is_whole) = match Folder::last(folder) {
        Ok(None) => return Found::Free,
        Ok(Some(last)) => last,
        Err(_) => return Found::Other,
    };
    let whole_run = |settings: &Settings| Settings { stop_at: None, ..settings.clone() };
    match Recipe::read(&last) {
        Ok(recipe) if is_whole && is_finished(&recipe, settings) => Found::Finished,
        Ok(recipe) if is_same(&whole_run(&recipe.settings), &whole_run(settings)) => Found::Begun,
        _ => Found::Other,
    }
}

/// Whether settings are those of the same picture: what only says where and how much at a time does not count.
pub(super) fn is_same(one: &Settings, other: &Settings) -> bool {
    let picture =
        |settings: &Settings| Settings { cut_batch: CutBatch::Auto, device: DeviceChoice::Auto, ..settings.clone() };
    picture(one) == picture(other)
}

/// Settings without what decides only how a picture moves.
fn still(settings: &Settings) -> Settings {
    settings.clone().with_video(VideoSettings::default())
}

/// Whether a picture is what settings make, all of it, from the files as they are.
fn is_finished(recipe: &Recipe, settings: &Settings) -> bool {
    is_same(&recipe.settings, settings) && recipe.earlier.is_empty() && recipe.check_inputs(settings).is_ok()
}
