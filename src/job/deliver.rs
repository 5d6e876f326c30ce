//! The final picture and all that is made of it get to their places.

use std::path::{Path, PathBuf};

use super::{Delivery, Done, Progress};
use crate::files::{Existing, write_beside, write_whole};
use crate::output::{PNG, Product, Products, Saver, encode};
use crate::progress::Event;
use crate::session::{End, Finished};
use crate::video::Recording;
use crate::{Error, Result};

/// What there is when a run is over.
pub(super) struct Drawn {
    pub(super) finished: Finished,
    pub(super) recording: Recording,
    /// What became of the picture's other forms
    pub(super) stills: Vec<Result<PathBuf>>,
    /// Whether the picture was written under its name on the way
    pub(super) is_saved: bool,
}

/// Writes the final picture, finishes the movies, and tells of each file.
pub(super) fn deliver(
    products: &Products,
    saver: &mut Saver,
    drawn: Drawn,
    delivery: Delivery,
    progress: &dyn Progress,
) -> Result<Done> {
    let Drawn { finished, recording, stills, is_saved } = drawn;
    let Finished { picture, iterations, loss, end } = finished;
    let cut_short = matches!(end, End::Stopped | End::Fault(_));
    let recipe = saver.recipe(iterations, loss, cut_short)?;
    let bytes = encode(&picture, Some(&recipe))?;
    let instead = products.instead();
    let mut png = match products.picture() {
        Some(Product { path, existing, .. }) => {
            // What an earlier save of this run wrote is its own to replace.
            let existing = if is_saved { Existing::Replace } else { *existing };
            Some(write(path, &bytes, existing, delivery))
        }
        None if instead.is_none() => {
            progress.take(&bytes)?;
            None
        }
        None => None,
    };
    if delivery == Delivery::WhenDone {
        png = png.transpose()?.map(Ok);
    }
    let made = recording.finish(iterations, &picture, recipe.clone()).into_iter().chain(stills);
    let (made, failed): (Vec<_>, Vec<_>) = made.partition(Result::is_ok);
    let failed = failed.into_iter().find_map(Result::err);
    if let (Some(movie), Some(_)) = (instead, &failed) {
        // The picture is not lost with the movie.
        let path = movie.path.with_extension(PNG.extension);
        png = Some(write(&path, &bytes, Existing::Keep, Delivery::Always));
    }
    let (png, lost) = match png.transpose() {
        Ok(png) => (png, None),
        Err(error) => (None, Some(error)),
    };
    let paths: Vec<_> = png.iter().cloned().chain(made.into_iter().flatten()).collect();
    for path in &paths {
        progress.tell(Event::Saved { path: path.clone() });
    }
    Ok(Done { recipe, picture, png, paths, lost, failed, end })
}

/// Writes the picture and returns where it is.
fn write(path: &Path, bytes: &[u8], existing: Existing, delivery: Delivery) -> Result<PathBuf> {
    match delivery {
        Delivery::Always => write_beside(path, bytes, existing).map_err(|error| rescue(error, path, bytes)),
        Delivery::WhenDone => write_whole(path, bytes, existing).map(|()| path.to_owned()),
    }
}

/// Keeps a picture that cannot be written where it was to be: its folder vanished, or its disk is full.
fn rescue(error: Error, path: &Path, bytes: &[u8]) -> Error {
    let Error::Write { path: _, source } = &error else { return error };
    let place = std::env::temp_dir().join(path.file_name().unwrap_or_default());
    match write_beside(&place, bytes, Existing::Keep) {
        Ok(kept) => Error::Write {
            path: path.to_owned(),
            source: std::io::Error::new(
                source.kind(),
                format!("{source}; the picture was saved as {}", kept.display()),
            ),
        },
        Err(_) => error,
    }
}
