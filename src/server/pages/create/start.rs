//! The picture that the new one starts from.

use super::wish::Wish;
use crate::database::Id;
use crate::queue::{Job, State};
use crate::server::app::App;
use crate::server::jobs::files::{self, PICTURE};
use crate::server::jobs::job_of;
use crate::server::problem::{Answer, Problem};
use crate::server::uploads::{Uploads, take};
use crate::server::visitor::Visitor;

/// The picture that the new one starts from, for the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// The name of its field
    pub field: &'static str,
    /// The value of the field
    pub value: String,
    /// Where to see it
    pub url: String,
    /// Columns
    pub width: u32,
    /// Rows
    pub height: u32,
}

impl Start {
    /// What a wish starts from; none if that is nothing, or does not exist any longer.
    pub async fn of(app: &App, visitor: &Visitor, wish: &Wish) -> Answer<Option<Self>> {
        if let Some(id) = Id::parse(&wish.init_image)
            && let Some(upload) = Uploads::new(app).look(&visitor.owner, &id).await?
        {
            let url = format!("/api/v1/uploads/{id}/picture.png");
            let (width, height) = (upload.width, upload.height);
            return Ok(Some(Self { field: "init_image", value: id.to_string(), url, width, height }));
        }
        let Some(id) = Id::parse(&wish.init) else { return Ok(None) };
        let Ok(job) = finished(app, visitor, &id).await else { return Ok(None) };
        let Some(result) = app.queue.result(&job.id).await? else { return Ok(None) };
        let url = files::url(&id, PICTURE);
        Ok(Some(Self { field: "init", value: id.to_string(), url, width: result.width, height: result.height }))
    }
}

/// Keeps the picture of a job as an upload of the visitor, if the wish starts from one.
pub(super) async fn kept(app: &App, visitor: &Visitor, wish: &Wish) -> Answer<Option<Id>> {
    if wish.init.is_empty() || !wish.init_image.is_empty() {
        return Ok(None);
    }
    let wrong = || {
        Problem::unprocessable("the picture to start from does not exist any longer")
            .hint("choose another one")
            .field("init_image")
    };
    let id = Id::parse(&wish.init).ok_or_else(wrong)?;
    let job = finished(app, visitor, &id).await.map_err(|_| wrong())?;
    let artifacts = app.queue.artifacts(&job.id).await?;
    let artifact = artifacts.into_iter().find(|artifact| artifact.name == PICTURE).ok_or_else(wrong)?;
    take(app, &visitor.owner, &artifact).await.map(|upload| Some(upload.id))
}

async fn finished(app: &App, visitor: &Visitor, id: &Id) -> Answer<Job> {
    let job = job_of(app, visitor, id).await?;
    if job.state == State::Done { Ok(job) } else { Err(Problem::missing("picture")) }
}
