//! Makes an upload of a picture that the server drew, so that another one can start from it.

use tempfile::TempPath;

use super::receive::unwritable;
use super::{Upload, keep_file};
use crate::objects::is_missing;
use crate::queue::Artifact;
use crate::server::app::App;
use crate::server::problem::{Answer, Problem};

/// Makes an upload of an owner from the picture of a job.
pub(in crate::server) async fn take(app: &App, owner: &str, picture: &Artifact) -> Answer<Upload> {
    keep_file(app, owner, copied(app, picture).await?).await
}

/// Copies a picture out of the store, into a file that vanishes with the returned path.
async fn copied(app: &App, picture: &Artifact) -> Answer<TempPath> {
    let folder = app.config.incoming();
    tokio::fs::create_dir_all(&folder).await.map_err(|error| unwritable(&error))?;
    let file = tempfile::Builder::new().prefix("upload-").tempfile_in(&folder);
    let (file, path) = file.map_err(|error| unwritable(&error))?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    app.objects.append(&picture.object, &mut file, &picture.sha256).await.map_err(|error| {
        // The job was deleted in this moment.
        if is_missing(&error) { Problem::missing("picture") } else { error.into() }
    })?;
    tokio::io::AsyncWriteExt::flush(&mut file).await.map_err(|error| unwritable(&error))?;
    Ok(path)
}
