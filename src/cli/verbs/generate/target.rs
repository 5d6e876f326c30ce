//! Finds where the files of a run go, before any work.

use std::ffi::OsStr;
use std::path::Path;

use super::{Arguments, Subject};
use crate::cli::options::outputs::Outputs;
use crate::files::{check_new_folder, checkpoint_of};
use crate::output::{Kind, PICTURE, Product, Products};
use crate::settings::Settings;
use crate::video::{FileNames, KINDS, MP4, kind_of_output};
use crate::{Error, Result};

/// The files beside the output. An animation without a movie or folder of frames gets an MP4.
pub(in crate::cli) fn files(arguments: &Arguments, subject: Subject) -> FileNames {
    match subject {
        Subject::Animation => with_film(arguments.output.as_deref(), &arguments.files),
        Subject::Picture => arguments.files.clone(),
    }
}

/// The files beside the output of an animation: if none of them would show it, an MP4 is added.
pub(in crate::cli) fn with_film(output: Option<&OsStr>, files: &FileNames) -> FileNames {
    let is_stream = output.is_some_and(|output| output == "-");
    let is_movie = output.is_some_and(|output| kind_of_output(Path::new(output)).is_ok_and(Kind::moves));
    let is_shown = is_stream || is_movie || files.kinds().any(Kind::moves);
    if is_shown { files.clone() } else { files.or(&FileNames::beside([MP4])) }
}

/// Finds the names of all files, and checks that the files can be written. If the output is `-`, the products have no
/// output, and the picture goes to standard output.
pub(in crate::cli) fn products(arguments: &Arguments, files: &FileNames, settings: &Settings) -> Result<Products> {
    let (output, force) = (arguments.output.as_deref(), arguments.force);
    let outputs = Outputs { output, force, files };
    let products = outputs.products(&settings.prompt.all()[0].text, settings.seed.0, |path, kind| {
        arguments.check_rewriting(outputs.is_stream(), kind.moves())?;
        if output.is_some() && arguments.checkpoint_every.is_some() { check_checkpoint(path, force) } else { Ok(()) }
    })?;
    products.check(settings)?;
    Ok(products)
}

/// The kind and the path of each file or folder, in words.
pub(in crate::cli) fn in_words(products: &Products) -> Vec<(&'static str, String)> {
    let stream = products.output().as_os_str().is_empty().then(|| (PICTURE.option, "standard output".to_owned()));
    let shown = |product: &Product| (product.kind.option, product.path.display().to_string());
    stream.into_iter().chain(KINDS.into_iter().filter_map(|kind| products.of(kind)).map(shown)).collect()
}

impl Arguments {
    /// Refuses options that write the picture repeatedly if the output is not such a file.
    fn check_rewriting(&self, is_stream: bool, moves: bool) -> Result<()> {
        let what = match (is_stream, moves) {
            (true, _) => "standard output",
            (false, true) => "a moving picture",
            (false, false) => return Ok(()),
        };
        let hint = "name a picture with --output, such as apple.png";
        if self.save_every.is_some() {
            return Err(Error::usage(format!("--save-every cannot rewrite {what}"), hint));
        }
        if self.checkpoint_every.is_some() {
            return Err(Error::usage(format!("--checkpoint-every needs the file of a picture, not {what}"), hint));
        }
        Ok(())
    }
}

/// Checks that the checkpoint of a picture can be written. An existing checkpoint is not replaced without `force`.
pub(in crate::cli) fn check_checkpoint(picture: &Path, force: bool) -> Result<()> {
    let path = checkpoint_of(picture);
    // Whether its folder may be created was checked with the picture.
    check_new_folder(&path)?;
    if !force && path.exists() {
        let hint = format!("continue with `text2art resume {}`, or start over with --force", path.display());
        return Err(Error::file(&path, "the checkpoint already exists", hint));
    }
    Ok(())
}
