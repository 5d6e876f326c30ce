//! What the server has of a user, as one archive.
//!
//! ```text
//! text2art/profile.json            the user, with limits, tokens and sessions, but no secrets
//! text2art/jobs/ID/picture.png     the files of the jobs: pictures, movies, and the recipes that draw them again
//! text2art/jobs.json               the jobs, the newest first
//! text2art/pictures.json           those that are published
//! text2art/likes.json              the pictures that the user likes
//! text2art/uploads.json            the uploads
//! text2art/uploads/ID.png          their pictures
//! ```

mod archive;
mod tar;

use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::user_of;
use crate::accounts::User;
use crate::gallery::Picture;
use crate::queue::{Artifact, Filter, Job, JobId, Recorded, State as JobState};
use crate::server::app::App;
use crate::server::guard::Entrance;
use crate::server::jobs::{self, View};
use crate::server::moment::moment;
use crate::server::problem::{Answer, Problem};
use crate::server::uploads::Uploads;
use crate::server::visitor::Visitor;
use archive::{Archive, List, Stopped};

/// How many pieces of an archive wait to be sent. Each is as large as the store reads at a time, far below a megabyte.
const PIECES: usize = 4;
/// How many jobs are looked up at a time.
const AT_A_TIME: u32 = 100;
/// How many archives are made at once: each reads all files of a user.
const AT_ONCE: usize = 4;

/// Whose archives are being made.
static BEING_MADE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The right to make an archive for a user: one at a time, so that whoever reads slowly takes no turn of others.
struct Turn {
    owner: String,
}

impl Turn {
    fn take(owner: &str) -> Answer<Self> {
        let mut owners = BEING_MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |status, detail| Err(Problem::new(status, detail).hint("try again in a minute").retry_after(60));
        if owners.iter().any(|other| other == owner) {
            return busy(StatusCode::TOO_MANY_REQUESTS, "your data is being exported already");
        }
        if owners.len() >= AT_ONCE {
            return busy(StatusCode::SERVICE_UNAVAILABLE, "too many exports are running right now");
        }
        owners.push(owner.to_owned());
        Ok(Self { owner: owner.to_owned() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        BEING_MADE.lock().unwrap_or_else(PoisonError::into_inner).retain(|owner| *owner != self.owner);
    }
}

/// Export what the server has of you
///
/// A tar archive with your profile, jobs, recipes, pictures, movies, likes and uploads. It is made while it is sent. Needs a
/// session, or a token with the scope `admin`.
#[utoipa::path(
    get, path = "/me/export", tag = "users", operation_id = "export_me",
    responses((status = 200, description = "The archive", content_type = "application/x-tar", body = Vec<u8>)),
)]
pub(super) async fn fetch(State(app): State<App>, visitor: Visitor, entrance: Entrance) -> Answer<Response> {
    entrance.check_own_account()?;
    export(&app, &visitor).await
}

/// Answers with the archive of a visitor.
pub(in crate::server) async fn export(app: &App, visitor: &Visitor) -> Answer<Response> {
    let user = user_of(app, visitor).await?;
    let turn = Turn::take(&user.id)?;
    let (sender, receiver) = mpsc::channel(PIECES);
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"text2art-{}.tar\"", user.name));
    let app = app.clone();
    tokio::spawn(async move {
        let archive = Archive::new(sender);
        // Ends before the archive does: who has read it may ask for another one.
        let _turn = turn;
        if let Err(Stopped::Problem(problem)) = fill(&app, &user, &archive).await {
            tracing::warn!(status = problem.status().as_u16(), "an export was broken off");
            archive.break_off().await;
        }
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = disposition {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

async fn fill(app: &App, user: &User, archive: &Archive) -> Result<(), Stopped> {
    archive.json("profile.json", &profile(app, user).await?).await?;
    let incoming = app.config.incoming();
    let (mut list, mut published) = (List::new(&incoming)?, List::new(&incoming)?);
    let mut before = None;
    while let Some(jobs) = jobs_before(app, user, &mut before).await? {
        for job in jobs {
            let (artifacts, result) = View::made(app, &job).await?;
            if job.state == JobState::Done {
                files(app, &job.id, &artifacts, result.as_ref(), archive).await?;
                if let Some(picture) = app.gallery.of_job(&job.id).await? {
                    published.add(&about(&picture)).await?;
                }
            }
            list.add(&View::alone(job, &artifacts, result.as_ref())).await?;
        }
    }
    archive.list("jobs.json", list).await?;
    archive.list("pictures.json", published).await?;
    likes(app, user, archive).await?;
    uploads(app, user, archive).await?;
    archive.end().await
}

async fn profile(app: &App, user: &User) -> Result<Value, Stopped> {
    let tokens = app.accounts.tokens(Some(&user.id)).await?;
    let sessions = app.accounts.sessions(&user.id).await?;
    let email = app.mail.address_of(&user.id).await?;
    let tokens: Vec<Value> = tokens
        .into_iter()
        .map(|token| {
            json!({
                "name": token.name, "scope": token.scope, "created": moment(token.created),
                "expires": token.expires.map(moment), "used": token.used.map(moment),
                "revoked": token.revoked.map(moment),
            })
        })
        .collect();
    let sessions: Vec<Value> = sessions
        .into_iter()
        .map(|session| {
            json!({
                "client": session.client, "created": moment(session.created), "seen": session.seen.map(moment),
                "expires": moment(session.expires),
            })
        })
        .collect();
    Ok(json!({
        "name": user.name,
        "role": user.role,
        "email": email.confirmed.or(email.pending).or_else(|| user.email.clone()),
        "created": moment(user.created),
        "limits": {
            "weight": user.limits.weight,
            "max_waiting": user.limits.max_waiting,
            "max_running": user.limits.max_running,
        },
        "tokens": tokens,
        "sessions": sessions,
    }))
}

/// The next jobs of a user, and where those after them begin; none at the end.
async fn jobs_before(app: &App, user: &User, before: &mut Option<i64>) -> Result<Option<Vec<Job>>, Stopped> {
    let filter = Filter { owner: Some(user.id.clone()), state: None, before: *before, limit: AT_A_TIME };
    let jobs = app.queue.jobs(&filter).await?;
    *before = jobs.last().map(|job| job.number);
    Ok((!jobs.is_empty()).then_some(jobs))
}

/// Adds the files of a job that its owner gets from the server.
async fn files(
    app: &App,
    job: &JobId,
    artifacts: &[Artifact],
    result: Option<&Recorded>,
    archive: &Archive,
) -> Result<(), Stopped> {
    for artifact in artifacts.iter().filter(|artifact| jobs::is_served(&artifact.name)) {
        archive.object(&format!("jobs/{job}/{}", artifact.name), &app.objects, &artifact.object).await?;
    }
    if let Some(result) = result {
        archive.text(&format!("jobs/{job}/recipe.json"), result.recipe.clone()).await?;
    }
    Ok(())
}

/// What is known about a published picture.
fn about(picture: &Picture) -> Value {
    json!({
        "id": picture.id.as_str(),
        "job": picture.job.as_str(),
        "title": picture.title,
        "show_prompt": picture.show_prompt,
        "published": moment(picture.published),
        "likes": picture.likes,
        "hidden": picture.hidden.as_ref().map(|hidden| json!({"since": moment(hidden.since), "why": hidden.why})),
    })
}

async fn likes(app: &App, user: &User, archive: &Archive) -> Result<(), Stopped> {
    let mut list = List::new(&app.config.incoming())?;
    let mut last = String::new();
    loop {
        let page = app.gallery.liked_after(&user.id, &last).await?;
        let Some((end, _)) = page.last() else { break };
        last = end.to_string();
        for (picture, since) in page {
            list.add(&json!({"picture": picture.as_str(), "since": moment(since)})).await?;
        }
    }
    archive.list("likes.json", list).await
}

async fn uploads(app: &App, user: &User, archive: &Archive) -> Result<(), Stopped> {
    let uploads = Uploads::new(app);
    let mut list = List::new(&app.config.incoming())?;
    let mut last = String::new();
    loop {
        let page = uploads.after(&user.id, &last).await?;
        let Some(end) = page.last() else { break };
        last = end.id.to_string();
        for upload in page {
            archive.object(&format!("uploads/{}.png", upload.id), &app.objects, &upload.object).await?;
            list.add(&json!({
                "id": upload.id.as_str(), "format": upload.format, "width": upload.width, "height": upload.height,
                "bytes": upload.bytes, "created": moment(upload.created), "expires": moment(upload.expires),
            }))
            .await?;
        }
    }
    archive.list("uploads.json", list).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_the_turns_of_others() {
        let taken = ["anna", "ben", "cleo", "dora"].map(|owner| Turn::take(owner).ok().unwrap());
        let refused = |owner: &str| Turn::take(owner).err().map(|problem| problem.status());
        assert_eq!(refused("anna"), Some(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(refused("emil"), Some(StatusCode::SERVICE_UNAVAILABLE));
        drop(taken);
        assert_eq!(refused("anna"), None);
    }
}
