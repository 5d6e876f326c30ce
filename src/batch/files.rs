//! The files of a picture of a batch: which of them exist already, and how to remove them.

use std::path::Path;

use crate::device::DeviceChoice;
use crate::output::{Make, Product, Products, Recipe, Still};
use crate::settings::{CutBatch, Settings, VideoSettings};
use crate::video::Folder;
use crate::{Error, Result};

/// What a path holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing
    Free,
    /// The complete result of the settings
    Finished,
    /// A part of the result of the settings
    Begun,
    /// Something else
    Other,
}

/// Removes the files that exist.
///
/// # Errors
/// If a file cannot be removed.
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

/// What the path of a picture's file holds; `is_known` if an earlier run is known to have made the file.
pub(super) fn found(file: &Product, files: &Products, settings: &Settings, is_known: bool) -> Found {
    match file.kind.make {
        Make::Folder => found_frames(&file.path, settings),
        Make::Picture => found_file(&file.path, &still(settings), still),
        Make::Movie(_) | Make::Reveal | Make::Finished(_) => found_file(&file.path, settings, Settings::clone),
        Make::Still(form) => found_still(form, &file.path, (files, settings), is_known),
    }
}

/// What the path of a file with a recipe holds. `of` reduces the recipe's settings to those that decide the file.
fn found_file(path: &Path, settings: &Settings, of: impl Fn(&Settings) -> Settings) -> Found {
    match Recipe::read(path) {
        Ok(recipe) if is_finished(&Recipe { settings: of(&recipe.settings), ..recipe.clone() }, settings) => {
            Found::Finished
        }
        _ if path.exists() => Found::Other,
        _ => Found::Free,
    }
}

/// What a folder of frames holds.
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

/// What the path of a file without a recipe holds. The file is the picture's other form if it looks like a file of
/// this program, and the output exists or an earlier run made it.
fn found_still(form: Still, path: &Path, (files, settings): (&Products, &Settings), is_known: bool) -> Found {
    if !path.exists() {
        return Found::Free;
    }
    let is_own = |output: &Product| is_known || found(output, files, settings, false) == Found::Finished;
    if form.is_like(path) && files.at(files.output()).is_some_and(is_own) { Found::Finished } else { Found::Other }
}

/// Whether two settings make the same picture: the device and the batch of cutouts do not matter.
pub(super) fn is_same(one: &Settings, other: &Settings) -> bool {
    let picture =
        |settings: &Settings| Settings { cut_batch: CutBatch::Auto, device: DeviceChoice::Auto, ..settings.clone() };
    picture(one) == picture(other)
}

/// Settings without those of moving pictures.
fn still(settings: &Settings) -> Settings {
    settings.clone().with_video(VideoSettings::default())
}

/// Whether a picture is the complete result of settings, made from the current input files.
fn is_finished(recipe: &Recipe, settings: &Settings) -> bool {
    is_same(&recipe.settings, settings) && recipe.earlier.is_empty() && recipe.check_inputs(settings).is_ok()
}
