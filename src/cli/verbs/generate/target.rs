//! Where the picture and the moving pictures of a run go, found out before any work.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::Arguments;
use crate::files::{Existing, Kind, Naming, check_folder, check_target, checkpoint_of, kind_of};
use crate::settings::Settings;
use crate::video::{Folder, Outputs};
use crate::{Error, Result, drawer};

/// Where the picture goes.
pub(in crate::cli) enum Target {
    StandardOutput,
    File(PathBuf, Existing),
    /// Only moving pictures are wanted: this one
    Moving(PathBuf),
}

/// Where everything goes.
pub(in crate::cli) struct Targets {
    pub(in crate::cli) picture: Target,
    pub(in crate::cli) moving: Outputs,
    /// The cells as an SVG
    pub(in crate::cli) svg: Option<(PathBuf, Existing)>,
}

impl Targets {
    /// Finds the names, and that files of these names can be written.
    pub(in crate::cli) fn new(arguments: &Arguments, settings: &Settings) -> Result<Self> {
        let Arguments { moving, force, .. } = arguments;
        let (output, force) = (arguments.output.as_deref(), *force);
        let prompt = &settings.prompt.all()[0].text;
        let seed = settings.seed.0;
        let beside = moving.extensions_beside();
        let named = |template: &OsStr| Naming::Template(template.to_owned()).path_with(prompt, seed, &beside);
        let is_stream = output.is_some_and(|output| output == "-");
        let (base, kind) = match output.filter(|_| !is_stream) {
            None => (Naming::Free.path_with(prompt, seed, &beside), Kind::Png),
            Some(template) => {
                let path = named(template);
                let kind = kind_of(&path, &[Kind::Png, Kind::Gif, Kind::Mp4])?;
                (path, kind)
            }
        };
        let picture = match (output, kind) {
            (Some(_), _) if is_stream && std::io::stdout().is_terminal() => {
                let hint = "name a file with --output, or send the output to a file or a program";
                return Err(Error::usage("a picture is not written to a terminal", hint));
            }
            (Some(_), _) if is_stream => Target::StandardOutput,
            (None, _) => {
                check_folder(&base)?;
                Target::File(base.clone(), Existing::Keep)
            }
            (Some(_), Kind::Png) => {
                let existing = check_target(&base, force)?;
                Target::File(base.clone(), existing)
            }
            (Some(_), _) => Target::Moving(base.clone()),
        };
        arguments.check_rewriting(&picture)?;
        if let (Target::File(path, _), Some(_), Some(_)) = (&picture, output, arguments.checkpoint_every) {
            check_checkpoint(path, force)?;
        }
        let paths = moving.paths(&base, kind, named)?;
        let moving = paths.outputs(|path| {
            if paths.frames.as_deref() != Some(path) {
                return check_target(path, force);
            }
            let existing = if force { Existing::Replace } else { Existing::Keep };
            Folder::check(path, existing).map(|()| existing)
        })?;
        moving.check_size(settings.size)?;
        let svg = arguments.svg.as_ref().map(|path| Ok::<_, Error>((path.clone(), check_target(path, force)?)));
        if svg.is_some() {
            drawer::vector(settings)?;
        }
        Ok(Self { picture, moving, svg: svg.transpose()? })
    }

    /// Each file or folder by its kind, in words.
    pub(in crate::cli) fn in_words(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &Path| path.display().to_string();
        let picture = match &self.picture {
            Target::StandardOutput => Some("standard output".to_owned()),
            Target::File(path, _) => Some(shown(path)),
            Target::Moving(_) => None,
        };
        let Outputs { gif, mp4, frames } = &self.moving;
        let moving = [("gif", gif), ("mp4", mp4), ("frames", frames), ("svg", &self.svg)];
        let moving = moving.map(|(kind, file)| (kind, file.as_ref().map(|(path, _)| shown(path))));
        let all = std::iter::once(("picture", picture)).chain(moving);
        all.filter_map(|(kind, path)| Some((kind, path?))).collect()
    }
}

impl Arguments {
    /// Refuses what needs a PNG that can be written again and again if there is none.
    fn check_rewriting(&self, target: &Target) -> Result<()> {
        let what = match target {
            Target::File(..) => return Ok(()),
            Target::StandardOutput => "standard output",
            Target::Moving(_) => "a moving picture",
        };
        let hint = "name a PNG with --output";
        if self.save_every.is_some() {
            return Err(Error::usage(format!("--save-every cannot rewrite {what}"), hint));
        }
        if self.checkpoint_every.is_some() {
            return Err(Error::usage(format!("--checkpoint-every writes beside a PNG, and {what} is none"), hint));
        }
        Ok(())
    }
}

/// Whether a picture's checkpoints can be written: one that is there is worth a run.
pub(in crate::cli) fn check_checkpoint(picture: &Path, force: bool) -> Result<()> {
    let path = checkpoint_of(picture);
    check_folder(&path)?;
    if !force && path.exists() {
        let hint = format!("go on with `text2art resume {}`, or begin anew with --force", path.display());
        return Err(Error::file(&path, "the checkpoint is already there", hint));
    }
    Ok(())
}
