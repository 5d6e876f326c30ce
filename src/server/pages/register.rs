//! Registering.

use askama::Template;
use axum::Router;
use axum::extract::{Extension, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{Asked, Form, Layout, redirect, render, render_with, told};
use crate::server::app::App;
use crate::server::guard::{Entrance, Network};
use crate::server::problem::Answer;
use crate::server::users::{register, sessions};

#[derive(Template)]
#[template(path = "register.html", config = "src/server/pages/askama.toml")]
struct RegisterPage {
    layout: Layout,
    name: String,
    invitation: String,
    error: Option<String>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/register", get(show).post(create))
}

async fn show(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    layout: Layout,
    Asked(query): Asked,
) -> Answer<Response> {
    if layout.entrance == Entrance::Session {
        return Ok(redirect("/account"));
    }
    register::check_allowed(&app, network, query.some("invitation")).await?;
    let invitation = query.get("invitation").to_owned();
    Ok(render(&RegisterPage { layout, name: String::new(), invitation, error: None }))
}

async fn create(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    layout: Layout,
    form: Form,
) -> Answer<Response> {
    let (name, invitation) = (form.get("name"), form.some("invitation"));
    match register::register(&app, network, name, form.exact("password"), invitation).await {
        Ok(user) => {
            let cookie = sessions::begin(&app, &user, &headers).await?;
            Ok(([(SET_COOKIE, cookie)], redirect("/")).into_response())
        }
        // Another name or password would help; with another page, a form would not.
        Err(problem) if problem.status() == StatusCode::FORBIDDEN => Err(problem),
        Err(problem) => {
            let name = name.chars().take(100).collect();
            let invitation = invitation.unwrap_or_default().to_owned();
            let page = RegisterPage { layout, name, invitation, error: Some(told(&problem)) };
            Ok(render_with(problem.status(), &page))
        }
    }
}
