//! Where the picture goes.

use std::io::IsTerminal;
use std::path::PathBuf;

use super::super::output;
use super::Arguments;
use crate::output::{Existing, Naming, check_folder};
use crate::settings::Settings;
use crate::{Error, Result};

/// Where the picture goes.
pub(super) enum Target {
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
        return Ok(Target::StandardOutput);
    }
    let path = Naming::Template(template.clone()).path(prompt, seed);
    let existing = output::check_target(&path, arguments.force)?;
    Ok(Target::File(path, existing))
}
