//! Stores the files of a finished picture.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::follow::Finished;
use super::kept::PICTURE;
use super::prepare::name_of;
use crate::error::{Error, Result};
use crate::objects::{Objects, Stored, job_key};
use crate::output::{self, Kind, Recipe};
use crate::queue::{Artifact, Claim, Picture};

/// Stores the files of a picture, and says what they are. While the store is away, it is tried again for this long.
///
/// # Errors
///
/// If a file is missing, or the store stays away.
pub(super) async fn deliver(
    objects: &Objects,
    claim: &Claim,
    folder: &Path,
    products: &[Kind],
    finished: Finished,
    patience: Duration,
) -> Result<Picture> {
    let path = folder.join(PICTURE);
    let recipe = tokio::task::spawn_blocking(move || Recipe::read(&path));
    let recipe = recipe.await.map_err(|_| Error::fault("the picture could not be read"))??.to_json()?;
    let until = Instant::now() + patience;
    let mut artifacts = Vec::new();
    for kind in [output::PICTURE].iter().chain(products) {
        let (name, media_type) = (name_of(*kind), media_type(*kind));
        let object = job_key(&claim.job, claim.number, &name);
        let Stored { bytes, sha256 } = loop {
            match objects.create_from(&object, &folder.join(&name), media_type).await {
                Err(Error::Network { .. }) if Instant::now() < until => sleep(patience / 60).await,
                stored => break stored?,
            }
        };
        artifacts.push(Artifact { name, object, media_type: media_type.to_owned(), bytes, sha256 });
    }
    let Finished { width, height, iterations, figures, seed, seconds } = finished;
    Ok(Picture { width, height, iterations, figures, seed, seconds, recipe, artifacts })
}

/// The objects that a job has in the store now, other than those of its result: its previews and checkpoints, and what
/// earlier claims left.
pub(super) async fn leftovers(objects: &Objects, claim: &Claim, artifacts: &[Artifact]) -> Vec<String> {
    let listed = objects.list(&format!("jobs/{}", claim.job)).await.unwrap_or_default();
    let is_left = |key: &String| !artifacts.iter().any(|artifact| artifact.object == *key);
    listed.into_iter().map(|found| found.key).filter(is_left).collect()
}

/// Deletes what a job that has ended left. What stays is collected later.
pub(super) async fn tidy(objects: &Objects, leftovers: &[String]) {
    for key in leftovers {
        let _ = objects.delete(key).await;
    }
}

/// The media type of a kind of file.
fn media_type(kind: Kind) -> &'static str {
    match kind.extension.rsplit('.').next().unwrap_or_default() {
        "png" => "image/png",
        "gif" => "image/gif",
        "mp4" => "video/mp4",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
