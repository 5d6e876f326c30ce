//! Limits on what someone else's recipe may cause: models come from repositories outside the list of models only with
//! the user's consent, and paths on other machines are not accessed.

use std::io::IsTerminal;
use std::path::Path;

use crate::cli::terminal::confirmed;
use crate::cli::terminal::report::{Progress, Reporter};
use crate::models::hub::Repository;
use crate::models::manifest::Manifest;
use crate::models::{Finder, Missing};
use crate::progress::Stop;
use crate::settings::{Mask, Overrides, PictureLoss, Settings};
use crate::{Error, Result};

/// The models that the user named, rather than a recipe.
pub(in crate::cli) fn named_by_user(layers: &[&Overrides]) -> Vec<String> {
    let names = |layer: &&Overrides| {
        let single = [&layer.vqgan, &layer.model, &layer.upscaler].into_iter().flatten().cloned();
        single.chain(layer.clip.clone().into_iter().flatten()).collect::<Vec<_>>()
    };
    layers.iter().flat_map(names).collect()
}

/// The repositories that only a recipe names, among the missing models.
pub(in crate::cli) fn strange(missing: &[Missing], named: &[String]) -> Result<Vec<String>> {
    let manifest = Manifest::get()?;
    let is_strange = |name: &&String| {
        let listed = |repository: &Repository| manifest.lists_repository(&repository.id);
        !named.contains(name) && Repository::parse(name).is_some_and(|repository| !listed(&repository))
    };
    let mut strange: Vec<String> = missing.iter().map(|missing| &missing.name).filter(is_strange).cloned().collect();
    strange.sort();
    strange.dedup();
    Ok(strange)
}

/// Gets the user's consent to download from these repositories, by asking if someone can answer. `or` adds another way
/// out to the hint.
///
/// # Errors
/// If there is no consent, or the run is stopped.
pub(in crate::cli) fn get_consent(
    strange: &[String],
    trusted: bool,
    or: &str,
    finder: &Finder,
    stop: &Stop,
    reporter: &Reporter,
) -> Result<()> {
    // Without a network nothing can be downloaded, which is reported for each model.
    if strange.is_empty() || trusted || finder.hub()?.environment().offline {
        return Ok(());
    }
    let names = strange.join(" and ");
    let somebody = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if somebody && reporter.progress() != Progress::Json {
        let statement = format!("This recipe uses models from {names}, which `text2art models list` does not show.");
        if confirmed(&statement, "Download them?", stop)? {
            return Ok(());
        }
    }
    Err(Error::usage(
        format!("the recipe uses models from {names}, which `text2art models list` does not show"),
        format!("if you trust whoever made it, add --trust to download them{or}"),
    ))
}

/// Refuses a recipe that names a file on another machine: even checking that the file exists would reveal to that
/// machine who the user is.
///
/// # Errors
/// If the recipe names such a file, and the user does not trust the recipe.
pub(in crate::cli) fn check_paths(settings: &Settings, of: &Path, trusted: bool) -> Result<()> {
    let elsewhere = |path: &str| path.starts_with(r"\\") || (cfg!(windows) && path.starts_with("//"));
    // Not `Settings::input_files`, which checks whether a palette is a file.
    let init = settings.init_image.iter().map(|path| path.to_string_lossy().into_owned());
    let overlay = settings.overlay.iter().map(|path| path.to_string_lossy().into_owned());
    let mask = settings.mask.iter().filter_map(Mask::file).map(|path| path.to_string_lossy().into_owned());
    let prompts = settings.image_prompt.iter().map(|prompt| prompt.value.clone());
    let losses = settings.losses().filter_map(PictureLoss::file).map(|path| path.to_string_lossy().into_owned());
    let models = settings.clip.iter().chain([&settings.vqgan]);
    let models = models.chain(&settings.upscaler).chain(&settings.palette).cloned();
    let mut files = init.chain(mask).chain(overlay).chain(prompts).chain(losses).chain(models);
    match files.find(|path| !trusted && elsewhere(path)) {
        Some(path) => {
            let problem = format!("the recipe names a file on another machine: {path:?}");
            Err(Error::file(
                of,
                problem,
                "copy the file to this machine and name the copy, or add --trust if you trust the recipe",
            ))
        }
        None => Ok(()),
    }
}
