//! The files of a picture of a batch: what of it is there already, and how it is removed.

use std::path::Path;

use crate::device::DeviceChoice;
use crate::output::{Make, Product, Products, Recipe, Still};
use crate::settings::{CutBatch, Settings, VideoSettings};
use crate::video::Folder;
use crate::{Error, Result};

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

/// Removes those files that are there.
///
/// # Errors
/// If one cannot be removed.
pub(super) fn remove(files: &Products) -> Result<()> {
    for Product { kind, path, .. } in files.iter().filter(|product| product.path.exists()) {
        if kind.is_folder() {
            Folder::remove(path)?;
        } else {
            std::fs::remove_file(path).map_err(|source| Error::Write { path: path.clone(), source })?;
        }
    }
    Ok(())
}

/// What is at the name of a file of a picture; `is_known` if an earlier run is known to have made it.
pub(super) fn found(file: &Product, files: &Products, settings: &Settings, is_known: bool) -> Found {
    match file.kind.make {
        Make::Folder => found_frames(&file.path, settings),
        Make::Picture => found_file(&file.path, &still(settings), still),
        Make::Movie(_) => found_file(&file.path, settings, Settings::clone),
        Make::Still(form) => found_still(form, &file.path, (files, settings), is_known),
    }
}

/// What a file with a recipe is, of which `of` leaves what decides it.
fn found_file(path: &Path, settings: &Settings, of: impl Fn(&Settings) -> Settings) -> Found {
    match Recipe::read(path) {
        Ok(recipe) if is_finished(&Recipe { settings: of(&recipe.settings), ..recipe.clone() }, settings) => {
            Found::Finished
        }
        _ if path.exists() => Found::Other,
        _ => Found::Free,
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

/// What is at the name of a file without a recipe: the picture's other form, if its output is there or an earlier run
/// made it, and it looks like one of this program's.
fn found_still(form: Still, path: &Path, (files, settings): (&Products, &Settings), is_known: bool) -> Found {
    if !path.exists() {
        return Found::Free;
    }
    let is_own = |output: &Product| is_known || found(output, files, settings, false) == Found::Finished;
    if form.is_like(path) && files.at(files.output()).is_some_and(is_own) { Found::Finished } else { Found::Other }
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
