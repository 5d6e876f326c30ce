//! Links that administrators make: invitations, and links for forgotten passwords. Each is shown once.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::{Desk, back};
use crate::server::admin::check_administrator;
use crate::server::app::App;
use crate::server::config::Registration;
use crate::server::pages::{Form, Layout, render_with, told};
use crate::server::problem::{Answer, PathId, PathName, Problem};
use crate::server::users::invitations::{View, invite, link_for, list_all, take_back};

#[derive(Template)]
#[template(path = "admin/invitations.html", config = "src/server/pages/askama.toml")]
struct InvitationsPage {
    layout: Layout,
    done: Option<&'static str>,
    error: Option<String>,
    invitations: Vec<View>,
    /// The link of the invitation that was made just now
    made: Option<String>,
    /// Whether people register with invitations
    are_used: bool,
}

#[derive(Template)]
#[template(path = "admin/reset.html", config = "src/server/pages/askama.toml")]
struct ResetPage {
    layout: Layout,
    done: Option<&'static str>,
    user: String,
    link: String,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/invitations", get(list).post(create))
        .route("/admin/invitations/{id}/withdraw", post(withdraw))
        .route("/admin/users/{name}/reset", post(reset))
}

async fn list(State(app): State<App>, desk: Desk) -> Answer<Response> {
    check_administrator(&desk.visitor)?;
    page(&app, desk, None, None).await
}

async fn create(State(app): State<App>, desk: Desk, form: Form) -> Answer<Response> {
    check_administrator(&desk.visitor)?;
    let made = async { invite(&app, &desk.visitor, form.get("note"), form.days()?).await };
    match made.await {
        Ok(made) => page(&app, desk, made.link, None).await,
        Err(problem) => page(&app, desk, None, Some(&problem)).await,
    }
}

async fn withdraw(State(app): State<App>, desk: Desk, PathId(id): PathId, form: Form) -> Answer<Response> {
    check_administrator(&desk.visitor)?;
    take_back(&app, &desk.visitor, &id).await?;
    Ok(back(&form, "/admin/invitations", "withdrawn"))
}

async fn reset(State(app): State<App>, desk: Desk, PathName(name): PathName) -> Answer<Response> {
    check_administrator(&desk.visitor)?;
    let link = link_for(&app, &desk.visitor, &name).await?.link;
    let page = ResetPage { layout: desk.layout, done: None, user: name, link };
    Ok(render_with(StatusCode::CREATED, &page))
}

/// The page with the invitations, and with the link that was made or what went wrong.
async fn page(app: &App, desk: Desk, made: Option<String>, problem: Option<&Problem>) -> Answer<Response> {
    let status = match (problem, &made) {
        (Some(problem), _) => problem.status(),
        (None, Some(_)) => StatusCode::CREATED,
        (None, None) => StatusCode::OK,
    };
    let page = InvitationsPage {
        layout: desk.layout,
        done: desk.done,
        error: problem.map(told),
        invitations: list_all(app).await?,
        made,
        are_used: app.config.registration == Registration::Invitation,
    };
    Ok(render_with(status, &page))
}
