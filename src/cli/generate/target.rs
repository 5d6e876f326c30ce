//! Where the picture goes.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::super::output;
use super::Arguments;
use crate::output::{Existing, Naming, check_folder, checkpoint_of};
use crate::settings::Settings;
use crate::{Error, Result};

/// Where the picture goes.
pub(in crate::cli) enum Target {
    StandardOutput,
    File(PathBuf, Existing),
}

/// Finds out where the picture goes, and that it can go there, before any work.
pub(super) fn target(arguments: &Arguments, settings: &Settings) -> Result<Target> {
    let prompt = &settings.prompt.all()[0].text;
    let seed = settings.seed.0;
    let Some(template) = &arguments.output else {
        let path = Naming::Free.path(prompt, seed);
        check_folder(&path)?;
        return Ok(Target::File(path, Existing::Keep));
    };
    if template == "-" {
        let hint = "name a file with --output, or send the output to a file or a program";
        if std::io::stdout().is_terminal() {
            return Err(Error::usage("a picture is not written to a terminal", hint));
        }
        if arguments.save_every.is_some() {
            return Err(Error::usage("--save-every cannot rewrite standard output", hint));
        }
        if arguments.checkpoint_every.is_some() {
            return Err(Error::usage("--checkpoint-every needs a name for its files, and - is none", hint));
        }
        return Ok(Target::StandardOutput);
    }
    let path = Naming::Template(template.clone()).path(prompt, seed);
    let existing = output::check_target(&path, arguments.force)?;
    if arguments.checkpoint_every.is_some() {
        check_checkpoint(&path, arguments.force)?;
    }
    Ok(Target::File(path, existing))
}

/// Whether a picture's checkpoints can be written: one that is there is worth a run.
pub(in crate::cli) fn check_checkpoint(picture: &Path, force: bool) -> Result<()> {
    let path = checkpoint_of(picture);
    if !force && path.exists() {
        let hint = format!("go on with `text2art resume {}`, or begin anew with --force", path.display());
        return Err(Error::file(&path, "the checkpoint is already there", hint));
    }
    Ok(())
}
