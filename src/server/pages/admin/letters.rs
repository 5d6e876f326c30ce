//! Letters that could not be sent.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::{Desk, back};
use crate::server::admin::{LetterView, dead_letters, send_letter_again};
use crate::server::app::App;
use crate::server::pages::{Form, Layout, render};
use crate::server::problem::{Answer, PathName};

#[derive(Template)]
#[template(path = "admin/letters.html", config = "src/server/pages/askama.toml")]
struct LettersPage {
    layout: Layout,
    done: Option<&'static str>,
    is_configured: bool,
    letters: Vec<LetterView>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/admin/letters", get(list)).route("/admin/letters/{name}/resend", post(resend))
}

async fn list(State(app): State<App>, desk: Desk) -> Answer<Response> {
    let (letters, is_configured) = (dead_letters(&app).await?, app.mail.is_configured());
    Ok(render(&LettersPage { layout: desk.layout, done: desk.done, is_configured, letters }))
}

async fn resend(State(app): State<App>, desk: Desk, PathName(name): PathName, form: Form) -> Answer<Response> {
    send_letter_again(&app, &desk.visitor, &name).await?;
    Ok(back(&form, "/admin/letters", "resent"))
}
