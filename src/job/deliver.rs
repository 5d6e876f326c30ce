//! Delivers the final picture and all files made from it.

use std::path::{Path, PathBuf};

use candle_core::Tensor;

use super::{Delivery, Done, Progress};
use crate::drawer;
use crate::files::{Existing, write_beside, write_whole};
use crate::output::{Make, PNG, Product, Products, Recipe, Saver, encode, encode_pixels};
use crate::picture::to_pixels;
use crate::progress::Event;
use crate::session::{End, Finished};
use crate::video::{Recording, reveal};
use crate::{Error, Result};

/// The results of a run.
pub(super) struct Drawn {
    pub(super) finished: Finished,
    pub(super) recording: Recording,
    /// The picture's other forms: the path of each, or why it failed
    pub(super) stills: Vec<Result<PathBuf>>,
    /// Whether the picture was written under its name during the run
    pub(super) is_saved: bool,
}

/// Writes the final picture, finishes the movies, and reports each file.
pub(super) fn deliver(
    products: &Products,
    saver: &mut Saver,
    drawn: Drawn,
    delivery: Delivery,
    progress: &dyn Progress,
) -> Result<Done> {
    let Drawn { finished, recording, stills, is_saved } = drawn;
    let Finished { picture, drawing, iterations, figures, end } = finished;
    let cut_short = matches!(end, End::Stopped | End::Fault(_));
    let recipe = saver.recipe(iterations, figures, cut_short)?;
    let bytes = encode(&picture, Some(&recipe), drawing.as_ref())?;
    let instead = products.instead();
    let mut png = match products.picture() {
        Some(Product { path, existing, .. }) => {
            // An earlier save of the same run may be replaced.
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
    let reveals = products.iter().filter(|product| matches!(product.kind.make, Make::Reveal));
    let tell = &mut |event| {
        progress.tell(event);
        Ok(())
    };
    let size = recipe.settings.upscaled_size();
    let reveals: Vec<_> =
        reveals.map(|product| reveal(product, drawing.as_ref(), size, recipe.clone(), tell)).collect();
    let pictures: Vec<_> = products.iter().filter_map(|product| finished_form(product, &picture, &recipe)).collect();
    let made = recording.finish(iterations, &picture, recipe.clone()).into_iter();
    let made = made.chain(reveals).chain(stills).chain(pictures);
    let (made, failed): (Vec<_>, Vec<_>) = made.partition(Result::is_ok);
    let failed = failed.into_iter().find_map(Result::err);
    if let (Some(movie), Some(_)) = (instead, &failed) {
        // If the movie fails, the picture must not be lost.
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

/// Writes another picture made of the finished one and returns its path; none for other products.
fn finished_form(product: &Product, picture: &Tensor, recipe: &Recipe) -> Option<Result<PathBuf>> {
    let Make::Finished(make) = product.kind.make else { return None };
    let write = || {
        let settings = &recipe.settings;
        let pixels = drawer::of(&settings.drawer)?.finish(settings, to_pixels(picture)?);
        let bytes = encode_pixels(&make(settings, &pixels)?, Some(recipe), None)?;
        write_whole(&product.path, &bytes, product.existing)?;
        Ok(product.path.clone())
    };
    Some(write())
}

/// Writes the picture and returns its path.
fn write(path: &Path, bytes: &[u8], existing: Existing, delivery: Delivery) -> Result<PathBuf> {
    match delivery {
        Delivery::Always => write_beside(path, bytes, existing).map_err(|error| rescue(error, path, bytes)),
        Delivery::WhenDone => write_whole(path, bytes, existing).map(|()| path.to_owned()),
    }
}

/// Saves the picture in the temporary folder if it cannot be written to its path, such as when the folder was removed
/// or the disk is full.
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
