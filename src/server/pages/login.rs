//! Logging in and out.

use askama::Template;
use axum::Router;
use axum::extract::{Extension, RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{Form, Layout, local_path, redirect, render, render_with, sentence};
use crate::server::app::App;
use crate::server::guard::{Entrance, Network};
use crate::server::problem::{Answer, Problem};
use crate::server::users::{begin_session, end_session};

#[derive(Template)]
#[template(path = "login.html", config = "src/server/pages/askama.toml")]
struct LoginPage {
    layout: Layout,
    name: String,
    next: String,
    error: Option<String>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/login", get(show).post(log_in)).route("/logout", post(log_out))
}

async fn show(layout: Layout, RawQuery(query): RawQuery) -> Response {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let next = local_path(query.get("next")).to_owned();
    if matches!(layout.entrance, Entrance::Session | Entrance::Local) {
        return redirect(&next);
    }
    render(&LoginPage { layout, name: String::new(), next, error: None })
}

async fn log_in(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    layout: Layout,
    form: Form,
) -> Response {
    let next = local_path(form.get("next")).to_owned();
    match begin_session(&app, network, form.get("name"), form.exact("password")).await {
        Ok((_, cookie)) => ([(SET_COOKIE, cookie)], redirect(&next)).into_response(),
        Err(problem) => refused(layout, form.get("name"), next, &problem),
    }
}

/// The form again, with what was typed but the password.
fn refused(layout: Layout, name: &str, next: String, problem: &Problem) -> Response {
    let error = match problem.to_do() {
        Some(hint) => format!("{} {}", sentence(problem.detail()), sentence(hint)),
        None => sentence(problem.detail()),
    };
    // A status of 401 would have to name a way to log in that browsers know, and none of theirs is ours.
    let status = match problem.status() {
        StatusCode::UNAUTHORIZED => StatusCode::UNPROCESSABLE_ENTITY,
        status => status,
    };
    render_with(status, &LoginPage { layout, name: name.to_owned(), next, error: Some(error) })
}

async fn log_out(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    let cookie = end_session(&app, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], redirect("/login")).into_response())
}
