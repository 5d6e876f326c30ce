//! Files that are made from the files of a job that is done, when somebody first needs them: small pictures for lists, and
//! copies that do not tell the prompt. They belong to the job as its other files do, and go with it.

mod plain;
mod thumbnail;

use std::path::Path;
use std::time::Duration;

use axum::http::StatusCode;
use tempfile::TempPath;
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub(super) use plain::plain;
pub(super) use thumbnail::{NAME as THUMBNAIL, size as thumbnail_size, thumbnail};

use super::app::App;
use super::problem::{Answer, Problem};
use crate::error::{Error, Result};
use crate::objects::is_missing;
use crate::queue::{Artifact, JobId};

/// How many files are made at once: each takes a core, and a large picture 100 MiB.
const AT_ONCE: usize = 2;
/// The longest wait until another file is made.
const TURN_WAIT: Duration = Duration::from_secs(60);

/// How the names of files begin that are being made.
const PREFIX: &str = "derived-";

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// What is made from what.
struct Recipe {
    /// The name of the file that it is made from
    from: &'static str,
    /// Its own name
    name: &'static str,
    media_type: &'static str,
    /// Reads the first file, and fills the second one, which is empty
    make: fn(&Path, &Path) -> Result<()>,
}

impl Recipe {
    /// The file of a job, which is made if it is missing; none if the job has nothing to make it from.
    async fn of(&self, app: &App, job: &JobId, artifacts: &[Artifact]) -> Answer<Option<Artifact>> {
        let made_of = |artifacts: &[Artifact]| artifacts.iter().find(|made| made.name == self.name).cloned();
        if let Some(made) = made_of(artifacts) {
            return Ok(Some(made));
        }
        let Some(source) = artifacts.iter().find(|made| made.name == self.from) else { return Ok(None) };
        let Ok(Ok(turn)) = timeout(TURN_WAIT, TURNS.acquire()).await else {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many pictures are being prepared");
            return Err(problem.hint("try again in a moment").retry_after(10));
        };
        // Another request may have made it meanwhile.
        if let Some(made) = made_of(&app.queue.artifacts(job).await?) {
            return Ok(Some(made));
        }
        let folder = app.config.incoming();
        let given = match app.objects.borrow(&source.object, &folder, PREFIX, &source.sha256).await {
            // The job was deleted in this moment.
            Err(error) if is_missing(&error) => return Ok(None),
            fetched => fetched?,
        };
        let make = self.make;
        let work = move || {
            // The work goes on if the visitor leaves, and so does its turn.
            let _turn = turn;
            let target = empty(&folder)?;
            make(&given, &target).map(|()| target)
        };
        let target = tokio::task::spawn_blocking(work).await;
        let target = target.map_err(|error| Error::fault(format!("a file could not be made: {error}")))??;
        // Beside the file that it was made from, whose key has the claim that drew it.
        let folder = source.object.rsplit_once('/').map_or("", |(folder, _)| folder);
        let object = format!("{folder}/{}", self.name);
        let stored = app.objects.create_from(&object, &target, self.media_type).await?;
        let made = Artifact {
            name: self.name.to_owned(),
            object,
            media_type: self.media_type.to_owned(),
            bytes: stored.bytes,
            sha256: stored.sha256,
        };
        if app.queue.add_file(job, &made).await? {
            return Ok(Some(made));
        }
        app.objects.delete(&made.object).await?;
        Ok(None)
    }
}

/// An empty file in a folder that exists.
fn empty(folder: &Path) -> Result<TempPath> {
    let fault = |source| Error::Write { path: folder.to_owned(), source };
    Ok(tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder).map_err(fault)?.into_temp_path())
}
