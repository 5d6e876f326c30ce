//! Fetching the files of a job to where a batch on this machine would put them.

use image::RgbImage;

use crate::batch::Sample;
use crate::client::{Artifact, Job, Server};
use crate::files::{Existing, hash_file, write_beside};
use crate::output::{InputRecord, Kind, PICTURE, Products, Recipe, with_other_recipe};
use crate::progress::Event;
use crate::settings::Settings;
use crate::{Error, Result, picture};

/// Whether a job has all files of a picture.
pub(super) fn has_all(job: &Job, files: &Products) -> bool {
    files.iter().all(|product| job.file(product.kind.extension).is_some())
}

/// Fetches the files of a sample; files in `replaced` may exist. Returns the recipe in the output.
///
/// # Errors
/// If the server does not provide a file, or it cannot be written.
pub(super) fn deliver(
    server: &Server,
    (sample, replaced): (&Sample, &[std::path::PathBuf]),
    inputs: &[InputRecord],
    job: &Job,
    tell: &dyn Fn(Event),
) -> Result<Recipe> {
    let products = sample.files.clone().with_existing(|product| {
        // Files that an interrupted attempt fetched may be fetched again. Not every kind of file has a recipe.
        let is_own = || {
            let has_bytes_of = |artifact: &Artifact| {
                product.path.metadata().is_ok_and(|metadata| metadata.len() == artifact.bytes)
                    && hash_file(&product.path).is_ok_and(|sha256| sha256 == artifact.sha256)
            };
            job.file(product.kind.extension).is_some_and(has_bytes_of)
                || Recipe::read(&product.path).is_ok_and(|recipe| {
                    let of_sample = as_here(recipe.clone(), &sample.settings, inputs);
                    of_sample == recipe
                })
        };
        let may = replaced.contains(&product.path) || (product.path.exists() && is_own());
        Ok(if may { Existing::Replace } else { Existing::Keep })
    })?;
    products.create_folders()?;
    let mut output = sample.files.output().to_owned();
    for product in products.iter() {
        let artifact = file(job, product.kind)?;
        let path = if inputs.is_empty() {
            server.fetch(&job.id, artifact, (&product.path, product.existing), &mut |_| {})?
        } else {
            // The server has other names for the files that the picture uses.
            let fetched = server.fetch_bytes(&job.id, artifact)?;
            let named = with_other_recipe(&fetched, &|recipe| Ok(as_here(recipe, &sample.settings, inputs)))?;
            write_beside(&product.path, &named, product.existing)?
        };
        tell(Event::Saved { path: path.clone() });
        if product.path == sample.files.output() {
            output = path;
        }
    }
    Recipe::read(&output)
}

/// The recipe that a run on this machine would write.
fn as_here(recipe: Recipe, settings: &Settings, inputs: &[InputRecord]) -> Recipe {
    let (cut_batch, device) = (recipe.settings.cut_batch, recipe.settings.device);
    let settings = Settings { cut_batch, device, ..settings.clone() };
    Recipe { settings, inputs: inputs.to_vec(), ..recipe }
}

/// The picture of a job.
///
/// # Errors
/// If the server does not provide it, or it cannot be read.
pub(super) fn picture(server: &Server, job: &Job) -> Result<RgbImage> {
    let bytes = server.fetch_bytes(&job.id, file(job, PICTURE)?)?;
    let fault = |source: std::io::Error| Error::Write { path: std::env::temp_dir(), source };
    let mut kept = tempfile::NamedTempFile::with_suffix(".png").map_err(fault)?;
    std::io::Write::write_all(&mut kept, &bytes).map_err(fault)?;
    picture::read(kept.path())
}

/// The file of a kind that a job has made.
fn file(job: &Job, kind: Kind) -> Result<&Artifact> {
    job.file(kind.extension).ok_or_else(|| {
        let hint = "see what the job made with `text2art jobs ID`";
        Error::usage(format!("the server has no {} for the job {}", kind.name, job.id), hint)
    })
}
