//! Makes an upload of a picture that the server drew, so that another one can start from it.

use super::receive::unwritable;
use super::{Upload, keep_file};
use crate::error::Error;
use crate::objects::is_missing;
use crate::queue::Artifact;
use crate::server::app::App;
use crate::server::problem::{Answer, Problem};

/// Makes an upload of an owner from the picture of a job.
pub(in crate::server) async fn take(app: &App, owner: &str, picture: &Artifact) -> Answer<Upload> {
    let borrowed = app.objects.borrow(&picture.object, &app.config.incoming(), "upload-", &picture.sha256).await;
    let file = borrowed.map_err(|error| match error {
        // The job was deleted in this moment.
        error if is_missing(&error) => Problem::missing("picture"),
        Error::Write { source, .. } => unwritable(&source),
        error => error.into(),
    })?;
    keep_file(app, owner, file).await
}
