//! Forgotten passwords: asking for a link, and the page that it leads to.
//!
//! A link is opened by programs that look for viruses as well. So it only shows a form, and nothing changes before that is
//! sent.

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::{Asked, Form, Layout, redirect, render, render_with, told};
use crate::server::app::App;
use crate::server::guard::Network;
use crate::server::problem::Answer;
use crate::server::users::password;

#[derive(Template)]
#[template(path = "forgot.html", config = "src/server/pages/askama.toml")]
struct ForgotPage {
    layout: Layout,
    /// Whether the server sends letters
    sends: bool,
    /// Whether a letter was asked for
    asked: bool,
    name: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "reset.html", config = "src/server/pages/askama.toml")]
struct ResetPage {
    layout: Layout,
    /// The name of the user whose password the link sets; none if it is not valid
    user: Option<String>,
    error: Option<String>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/forgot", get(show).post(ask)).route("/reset/{secret}", get(show_reset).post(reset))
}

async fn show(State(app): State<App>, layout: Layout, Asked(query): Asked) -> Response {
    let asked = query.has("asked");
    let sends = app.mail.is_configured();
    render(&ForgotPage { layout, sends, asked, name: String::new(), error: None })
}

async fn ask(State(app): State<App>, Extension(network): Extension<Network>, layout: Layout, form: Form) -> Response {
    match password::ask_for_letter(&app, network, form.get("name")) {
        Ok(()) => redirect("/forgot?asked=1"),
        Err(problem) => {
            let name = form.get("name").chars().take(50).collect();
            let (sends, error) = (app.mail.is_configured(), Some(told(&problem)));
            render_with(problem.status(), &ForgotPage { layout, sends, asked: false, name, error })
        }
    }
}

async fn show_reset(State(app): State<App>, layout: Layout, Path(secret): Path<String>) -> Answer<Response> {
    let user = app.accounts.by_reset(&secret).await?.map(|user| user.name);
    let status = if user.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(render_with(status, &ResetPage { layout, user, error: None }))
}

async fn reset(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    layout: Layout,
    Path(secret): Path<String>,
    form: Form,
) -> Answer<Response> {
    match password::reset_by(&app, network, &secret, form.exact("password")).await {
        Ok(_) => Ok(redirect("/login?done=reset")),
        Err(problem) => {
            let user = app.accounts.by_reset(&secret).await?.map(|user| user.name);
            let status = if user.is_some() { problem.status() } else { StatusCode::NOT_FOUND };
            let error = user.is_some().then(|| told(&problem));
            Ok(render_with(status, &ResetPage { layout, user, error }))
        }
    }
}
