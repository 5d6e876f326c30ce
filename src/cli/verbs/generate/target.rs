//! Finds where the files of a run go, before any work.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::Path;

use super::Arguments;
use crate::files::{Existing, Naming, check_folder, check_target, checkpoint_of};
use crate::output::{Make, PNG, Product, Products};
use crate::settings::Settings;
use crate::video::{Folder, KINDS, kind_of_output};
use crate::{Error, Result};

/// Finds the names of all files, and checks that the files can be written. If the output is `-`, the products have no
/// output, and the picture goes to standard output.
pub(in crate::cli) fn products(arguments: &Arguments, settings: &Settings) -> Result<Products> {
    let Arguments { files, force, .. } = arguments;
    let (output, force) = (arguments.output.as_deref(), *force);
    let (prompt, seed) = (&settings.prompt.all()[0].text, settings.seed.0);
    let beside = files.extensions_beside();
    let named = |template: &OsStr| Naming::Template(template.to_owned()).path_with(prompt, seed, &beside);
    let is_stream = output.is_some_and(|output| output == "-");
    let (base, kind) = match output.filter(|_| !is_stream) {
        None => (Naming::Free.path_with(prompt, seed, &beside), PNG),
        Some(template) => {
            let path = named(template);
            let kind = kind_of_output(&path)?;
            (path, kind)
        }
    };
    if is_stream && std::io::stdout().is_terminal() {
        let hint = "redirect standard output, or name a file with --output";
        return Err(Error::usage("refusing to write an image to the terminal", hint));
    }
    if output.is_none() {
        check_folder(&base)?;
    }
    let existing =
        if output.is_some_and(|_| !is_stream && kind == PNG) { check_target(&base, force)? } else { Existing::Keep };
    arguments.check_rewriting(is_stream, kind.moves())?;
    if output.is_some() && arguments.checkpoint_every.is_some() {
        check_checkpoint(&base, force)?;
    }
    let products = files.products(&base, kind, named)?;
    products.check_names()?;
    let products = products.with_existing(|Product { kind, path, .. }| match kind.make {
        Make::Picture => Ok(existing),
        Make::Folder => {
            let existing = if force { Existing::Replace } else { Existing::Keep };
            Folder::check(path, existing).map(|()| existing)
        }
        Make::Movie(_) | Make::Still(_) => check_target(path, force),
    })?;
    products.check(settings)?;
    Ok(if is_stream { products.without_output() } else { products })
}

/// The kind and the path of each file or folder, in words.
pub(in crate::cli) fn in_words(products: &Products) -> Vec<(&'static str, String)> {
    let stream = products.output().as_os_str().is_empty().then(|| (PNG.option, "standard output".to_owned()));
    let shown = |product: &Product| (product.kind.option, product.path.display().to_string());
    stream.into_iter().chain(KINDS.into_iter().filter_map(|kind| products.of(kind)).map(shown)).collect()
}

impl Arguments {
    /// Refuses options that write a PNG repeatedly if the output is not such a PNG.
    fn check_rewriting(&self, is_stream: bool, moves: bool) -> Result<()> {
        let what = match (is_stream, moves) {
            (true, _) => "standard output",
            (false, true) => "a moving picture",
            (false, false) => return Ok(()),
        };
        let hint = "name a PNG with --output";
        if self.save_every.is_some() {
            return Err(Error::usage(format!("--save-every cannot rewrite {what}"), hint));
        }
        if self.checkpoint_every.is_some() {
            return Err(Error::usage(format!("--checkpoint-every needs a PNG, not {what}"), hint));
        }
        Ok(())
    }
}

/// Checks that the checkpoint of a picture can be written. An existing checkpoint is not replaced without `force`.
pub(in crate::cli) fn check_checkpoint(picture: &Path, force: bool) -> Result<()> {
    let path = checkpoint_of(picture);
    check_folder(&path)?;
    if !force && path.exists() {
        let hint = format!("continue with `text2art resume {}`, or start over with --force", path.display());
        return Err(Error::file(&path, "the checkpoint already exists", hint));
    }
    Ok(())
}
