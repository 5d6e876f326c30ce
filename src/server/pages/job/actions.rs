//! What the forms of the page of a job do.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::database::Id;
use crate::server::app::App;
use crate::server::jobs::{actions, job_of};
use crate::server::pages::{Form, local_path, redirect};
use crate::server::pictures;
use crate::server::problem::{Answer, PathId, Problem};
use crate::server::visitor::Visitor;

/// Where a form leads: to the page that it names, or else to another one.
fn next(form: &Form, other: &str) -> Response {
    redirect(form.some("next").map_or(other, local_path))
}

pub(super) async fn cancel(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId,
    form: Form,
) -> Answer<Response> {
    match actions::cancel(&app, &visitor, &id).await {
        // It ended while the visitor clicked: the page says how.
        Err(problem) if problem.status() != StatusCode::CONFLICT => Err(problem),
        _ => Ok(next(&form, &format!("/p/{id}"))),
    }
}

pub(super) async fn delete(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId,
    form: Form,
) -> Answer<Response> {
    actions::delete(&app, &visitor, &id).await?;
    Ok(next(&form, "/mine"))
}

/// Asks for the picture once more: with another seed, unless the form says `seed=same`.
pub(super) async fn again(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId,
    form: Form,
) -> Answer<Response> {
    let job = job_of(&app, &visitor, &id).await?;
    let reseed = form.get("seed") != "same";
    // Whoever sends the form twice gets one picture. Names of other forms must not be met.
    let key = Id::parse(form.get("key")).map(|key| format!("again-{id}-{reseed}-{key}"));
    let added = actions::again(&app, &visitor, &job, reseed, key.as_deref()).await?;
    Ok(redirect(&format!("/p/{}", added.id)))
}

/// Leads to the form for a picture that starts from this one.
pub(super) async fn start(State(app): State<App>, visitor: Visitor, PathId(id): PathId, _: Form) -> Answer<Response> {
    let job = job_of(&app, &visitor, &id).await?;
    let upload = actions::start_from(&app, &visitor, &job).await?;
    Ok(redirect(&format!("/?from={id}&init_image={upload}")))
}

/// Publishes the picture, and leads to where everybody sees it.
pub(super) async fn publish(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId,
    form: Form,
) -> Answer<Response> {
    let published = pictures::publish(&app, &visitor, &id, form.get("title"), form.has("show_prompt")).await?;
    Ok(redirect(&format!("/g/{}", published.picture.id)))
}

/// Takes the picture out of the gallery.
pub(super) async fn withdraw(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId,
    form: Form,
) -> Answer<Response> {
    let job = job_of(&app, &visitor, &id).await?;
    let picture = app.gallery.of_job(&job.id).await?.ok_or_else(|| Problem::missing("picture"))?;
    pictures::withdraw(&app, &visitor, &picture.id).await?;
    Ok(next(&form, &format!("/p/{id}")))
}
