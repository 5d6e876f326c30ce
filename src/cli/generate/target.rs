//! Where the picture and the moving pictures of a run go, found out before any work.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::super::output::{Kind, check_target, kind_of};
use super::Arguments;
use crate::output::{Existing, Naming, check_folder, checkpoint_of};
use crate::settings::Settings;
use crate::video::{Folder, Outputs};
use crate::{Error, Result};

/// What to make beside the picture.
#[derive(clap::Args)]
pub(in crate::cli) struct MovingPictures {
    /// Make an animated GIF of the iterations, too
    ///
    /// Without a name it is the picture's with .gif. `-o x.gif` makes a GIF and no PNG.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "", help_heading = "Moving pictures")]
    gif: Option<String>,
    /// Make an MP4 of the iterations, too
    ///
    /// Without a name it is the picture's with .mp4. `-o x.mp4` makes an MP4 and no PNG. It is H.264 and plays in
    /// browsers; an odd side is encoded with its last row or column twice.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "", help_heading = "Moving pictures")]
    mp4: Option<String>,
    /// Write each frame as a PNG into this folder, with the recipe that makes it
    ///
    /// The folder is made where there is none; the frames are called 000000.png and so on.
    #[arg(long, value_name = "DIR", help_heading = "Moving pictures")]
    frames: Option<PathBuf>,
}

/// Where the picture goes.
pub(in crate::cli) enum Target {
    StandardOutput,
    File(PathBuf, Existing),
    /// Only moving pictures are wanted: this one
    Moving(PathBuf),
}

/// Where everything goes.
pub(super) struct Targets {
    pub(super) picture: Target,
    pub(super) moving: Outputs,
}

impl Targets {
    /// Finds the names, and that files of these names can be written.
    pub(super) fn new(arguments: &Arguments, settings: &Settings) -> Result<Self> {
        let Arguments { moving, force, .. } = arguments;
        let (output, force) = (arguments.output.as_deref(), *force);
        let prompt = &settings.prompt.all()[0].text;
        let seed = settings.seed.0;
        let beside = |asked: &Option<String>, kind: Kind| (asked.as_deref() == Some("")).then_some(kind.extension());
        let beside = [beside(&moving.gif, Kind::Gif), beside(&moving.mp4, Kind::Mp4)];
        let beside: Vec<_> = beside.into_iter().flatten().collect();
        let named = |template: &str| Naming::Template(template.to_owned()).path_with(prompt, seed, &beside);
        let (base, kind) = match output {
            None | Some("-") => (Naming::Free.path_with(prompt, seed, &beside), Kind::Png),
            Some(template) => {
                let path = named(template);
                let kind = kind_of(&path, &[Kind::Png, Kind::Gif, Kind::Mp4])?;
                (path, kind)
            }
        };
        let picture = match (output, kind) {
            (Some("-"), _) if std::io::stdout().is_terminal() => {
                let hint = "name a file with --output, or send the output to a file or a program";
                return Err(Error::usage("a picture is not written to a terminal", hint));
            }
            (Some("-"), _) => Target::StandardOutput,
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
        let file = |asked: &Option<String>, which: Kind| {
            let path = match (asked.as_deref(), kind == which) {
                (None, false) => return Ok(None),
                (None | Some(""), true) => base.clone(),
                (Some(_), true) => return Err(twice(which)),
                (Some(""), false) => base.with_extension(which.extension()),
                (Some(name), false) => name_of_kind(named(name), which)?,
            };
            let existing = check_target(&path, force)?;
            Ok(Some((path, existing)))
        };
        let (gif, mp4) = (file(&moving.gif, Kind::Gif)?, file(&moving.mp4, Kind::Mp4)?);
        let existing = if force { Existing::Replace } else { Existing::Keep };
        let frames = moving.frames.clone().map(|folder| (folder, existing));
        if let Some((folder, existing)) = &frames {
            Folder::check(folder, *existing)?;
        }
        let moving = Outputs { gif, mp4, frames };
        moving.check_size(settings.size)?;
        Ok(Self { picture, moving })
    }

    /// Each file or folder by its kind, in words.
    pub(super) fn in_words(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &Path| path.display().to_string();
        let picture = match &self.picture {
            Target::StandardOutput => Some("standard output".to_owned()),
            Target::File(path, _) => Some(shown(path)),
            Target::Moving(_) => None,
        };
        let Outputs { gif, mp4, frames } = &self.moving;
        let moving = [("gif", gif), ("mp4", mp4), ("frames", frames)];
        let moving = moving.map(|(kind, file)| (kind, file.as_ref().map(|(path, _)| shown(path))));
        let all = std::iter::once(("picture", picture)).chain(moving);
        all.filter_map(|(kind, path)| Some((kind, path?))).collect()
    }
}

/// A path given to an option of one kind: a word of the prompt is none.
fn name_of_kind(path: PathBuf, kind: Kind) -> Result<PathBuf> {
    if kind_of(&path, &[kind]).is_ok() {
        return Ok(path);
    }
    let extension = kind.extension();
    let message = format!("--{extension} takes a name that ends in .{extension}, and {} does not", path.display());
    Err(Error::usage(message, format!("give such a name, or write the prompt before --{extension}")))
}

fn twice(kind: Kind) -> Error {
    let extension = kind.extension();
    Error::usage(format!("--output and --{extension} both name a file ending in .{extension}"), "name it once")
}

impl Arguments {
    /// Refuses what needs a PNG that can be written again and again where there is none.
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
    if !force && path.exists() {
        let hint = format!("go on with `text2art resume {}`, or begin anew with --force", path.display());
        return Err(Error::file(&path, "the checkpoint is already there", hint));
    }
    Ok(())
}
