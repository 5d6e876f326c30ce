//! The final picture gets to its place.

use std::path::{Path, PathBuf};

use super::Target;
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::stdout;
use crate::cli::{DONE, FAILED, INTERRUPTED};
use crate::files::{Existing, Naming, write_beside};
use crate::output::{Saver, encode};
use crate::progress::Event;
use crate::session::{End, Finished};
use crate::settings::Settings;
use crate::video::Recording;
use crate::{Error, Result};

/// Keeps a picture that cannot be written where it was to be: its folder vanished, or its disk is full.
fn rescue(error: Error, path: &Path, bytes: &[u8]) -> Error {
    let Error::Write { path: _, source } = &error else { return error };
    let place = std::env::temp_dir().join(path.file_name().unwrap_or_default());
    match write_beside(&place, bytes, Existing::Keep) {
        Ok(kept) => Error::Write {
            path: path.to_owned(),
            source: std::io::Error::new(source.kind(), format!("{source}; the picture is kept as {}", kept.display())),
        },
        Err(_) => error,
    }
}

/// Keeps a picture that standard output did not take.
fn rescue_unprinted(error: anyhow::Error, settings: &Settings, bytes: &[u8]) -> anyhow::Error {
    let name = Naming::Free.path(&settings.prompt.all()[0].text, settings.seed.0);
    let place = std::env::temp_dir().join(name.file_name().unwrap_or_default());
    match (error.downcast::<stdout::Unprinted>(), write_beside(&place, bytes, Existing::Keep)) {
        (Ok(error), Ok(kept)) => error.with_path(&kept).into(),
        (Ok(error), Err(_)) => error.into(),
        (Err(error), _) => error,
    }
}

/// Writes the final picture, finishes the moving ones (`svg` is what became of the cells' file), reports how the run
/// went, and returns the exit code.
pub(in crate::cli) fn deliver(
    target: &Target,
    saver: &mut Saver,
    (recording, svg): (Recording, Option<Result<PathBuf>>),
    finished: &Finished,
    saved: bool,
    reporter: &Reporter,
) -> anyhow::Result<u8> {
    let (iterations, loss) = (finished.iterations, finished.loss);
    let cut_short = matches!(finished.end, End::Stopped | End::Fault(_));
    let recipe = saver.recipe(iterations, loss, cut_short)?;
    let bytes = encode(&finished.picture, Some(&recipe))?;
    let place = match target {
        Target::StandardOutput => {
            stdout::print(&bytes).map_err(|error| rescue_unprinted(error, saver.settings(), &bytes))?;
            None
        }
        // What an earlier save of this run wrote is ours to replace.
        Target::File(path, existing) => Some((path.clone(), if saved { Existing::Replace } else { *existing })),
        Target::Moving(_) => None,
    };
    let write = |(path, existing): (PathBuf, Existing)| {
        write_beside(&path, &bytes, existing).map_err(|error| rescue(error, &path, &bytes))
    };
    let mut picture = place.map(write);
    let (moving, failed): (Vec<_>, Vec<_>) =
        recording.finish(iterations, &finished.picture, recipe).into_iter().chain(svg).partition(Result::is_ok);
    let failed = failed.into_iter().find_map(Result::err);
    if let (Target::Moving(path), Some(_)) = (target, &failed) {
        // The picture is not lost with them.
        picture = Some(write((path.with_extension("png"), Existing::Keep)));
    }
    let mut paths = Vec::new();
    let lost = match picture.transpose() {
        Ok(path) => {
            paths.extend(path);
            None
        }
        Err(error) => Some(error),
    };
    paths.extend(moving.into_iter().flatten());
    for path in &paths {
        reporter.tell(&Event::Saved { path: path.clone() });
    }
    if lost.is_none() {
        let (seed, path) = (saver.settings().seed.0, paths.first().cloned());
        let path = path.filter(|_| !matches!(target, Target::StandardOutput));
        let (size, iterations_total) = (saver.settings().size, saver.settings().iterations_to_run());
        let (seconds, ending) = (reporter.seconds(), finished.end.ending());
        let (width, height) = (size.width, size.height);
        reporter.tell(&Event::Finished {
            path,
            seed,
            iterations,
            loss,
            seconds,
            width,
            height,
            iterations_total,
            ending,
        });
    }
    if !matches!(target, Target::StandardOutput) {
        for path in &paths {
            stdout::print_path(path)?;
        }
    }
    if let Some(error) = lost {
        return Err(error.into());
    }
    if let End::Fault(fault) = &finished.end {
        let message = format!("{fault}; the last good picture was saved");
        reporter.tell(&Event::Failed { message, hint: fault.hint(), exit_code: FAILED });
        return Ok(FAILED);
    }
    if let Some(error) = failed {
        let message = format!("{error}; the picture was saved");
        reporter.tell(&Event::Failed { message, hint: error.hint(), exit_code: FAILED });
        return Ok(FAILED);
    }
    Ok(if matches!(finished.end, End::Stopped) { INTERRUPTED } else { DONE })
}
