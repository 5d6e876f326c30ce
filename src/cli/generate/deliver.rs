//! The final picture gets to its place.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::super::report::Reporter;
use super::super::{DONE, FAILED, INTERRUPTED, output};
use super::{Saver, Target};
use crate::output::{Existing, write_whole};
use crate::session::{End, Event, Finished};
use crate::{Error, Result};

/// Writes the final picture. A name that another program took during the run is not worth losing it: the
/// next free one beside it is taken. Returns where it is.
fn write_beside(path: &Path, bytes: &[u8], existing: Existing) -> Result<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut free = path.to_owned();
    for number in 2..10_000 {
        match write_whole(&free, bytes, existing) {
            Err(Error::Write { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
                free = path.with_file_name(format!("{stem}-{number}.png"));
            }
            written => return written.map(|()| free),
        }
    }
    write_whole(&free, bytes, existing).map(|()| free)
}

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

/// Writes the final picture, tells how the run went, and returns the exit code.
pub(super) fn deliver(
    target: &Target,
    saver: &mut Saver,
    finished: &Finished,
    saved: bool,
    reporter: &Reporter,
) -> anyhow::Result<u8> {
    let (iterations, loss) = (finished.iterations, finished.loss);
    let cut_short = matches!(finished.end, End::Stopped | End::Fault(_));
    let bytes = saver.encode(&finished.picture, iterations, loss, cut_short)?;
    let path = match target {
        Target::StandardOutput => {
            output::print(&bytes)?;
            None
        }
        Target::File(path, existing) => {
            // What an earlier save of this run wrote is ours to replace.
            let existing = if saved { Existing::Replace } else { *existing };
            let path = write_beside(path, &bytes, existing).map_err(|error| rescue(error, path, &bytes))?;
            reporter.tell(&Event::Saved { path: path.clone() });
            Some(path)
        }
    };
    let seed = saver.settings.seed.0;
    reporter.tell(&Event::Finished { path: path.clone(), seed, iterations, loss, seconds: reporter.seconds() });
    if let Some(path) = path {
        output::print_line(&path.display().to_string())?;
    }
    Ok(match &finished.end {
        End::Done | End::Plateau => DONE,
        End::Stopped => INTERRUPTED,
        End::Fault(fault) => {
            let message = format!("{fault}; the last good picture was saved");
            reporter.tell(&Event::Failed { message, hint: fault.hint(), exit_code: FAILED });
            FAILED
        }
    })
}
