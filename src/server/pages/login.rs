//! Logging in and out.

use askama::Template;
use axum::Router;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{Asked, Form, Layout, local_path, redirect, render, render_with, status_of, told};
use crate::server::app::App;
use crate::server::config::Registration;
use crate::server::guard::{Entrance, Network};
use crate::server::problem::Answer;
use crate::server::users::sessions;

#[derive(Template)]
#[template(path = "login.html", config = "src/server/pages/askama.toml")]
struct LoginPage {
    layout: Layout,
    name: String,
    next: String,
    error: Option<String>,
    /// What happened before
    done: Option<&'static str>,
    /// Whether anybody may register
    is_open: bool,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/login", get(show).post(log_in)).route("/logout", post(log_out))
}

async fn show(State(app): State<App>, layout: Layout, Asked(query): Asked) -> Response {
    let next = local_path(query.get("next")).to_owned();
    if matches!(layout.entrance, Entrance::Session | Entrance::Local) {
        return redirect(&next);
    }
    let done = match query.get("done") {
        "reset" => Some("Your password is set. Log in with it."),
        "deleted" => Some("Your account is deleted."),
        _ => None,
    };
    render(&LoginPage { done, ..LoginPage::new(&app, layout, next) })
}

async fn log_in(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    layout: Layout,
    form: Form,
) -> Answer<Response> {
    let next = local_path(form.get("next")).to_owned();
    match sessions::check(&app, network, form.get("name"), form.exact("password")).await {
        Ok(user) => {
            let cookie = sessions::begin(&app, &user, &headers).await?;
            Ok(([(SET_COOKIE, cookie)], redirect(&next)).into_response())
        }
        // The form again, with what was typed but the password.
        Err(problem) => {
            let name = form.get("name").chars().take(50).collect();
            let page = LoginPage { name, error: Some(told(&problem)), ..LoginPage::new(&app, layout, next) };
            Ok(render_with(status_of(&problem), &page))
        }
    }
}

async fn log_out(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    let cookie = sessions::end(&app, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], redirect("/login")).into_response())
}

impl LoginPage {
    fn new(app: &App, layout: Layout, next: String) -> Self {
        let is_open = app.config.registration == Registration::Open;
        Self { layout, name: String::new(), next, error: None, done: None, is_open }
    }
}
