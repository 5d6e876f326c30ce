//! Addresses for letters: adding and removing one's own, and the links in letters.
//!
//! A link is opened by programs that look for viruses as well. So it only shows a button, and nothing changes before that is
//! used.

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};

use super::{Form, Layout, redirect, render, render_with};
use crate::error::Result;
use crate::mail::Confirmation;
use crate::server::app::App;
use crate::server::guard::Entrance;
use crate::server::problem::{Answer, Problem};
use crate::server::users::ask_to_confirm;
use crate::server::visitor::Visitor;

/// The part of the account's page about the address for letters, `account_email.html`. A page that includes it has this in
/// its field `email`.
pub struct EmailSection {
    /// Whether the server sends letters
    pub sends: bool,
    /// The confirmed address
    pub address: Option<String>,
    /// Another one that waits to be confirmed
    pub pending: Option<String>,
    /// Whether the letters to the confirmed address are stopped
    pub stopped: bool,
}

impl EmailSection {
    /// The section for a user.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn of(app: &App, visitor: &Visitor) -> Result<Self> {
        let own = app.mail.address_of(&visitor.owner).await?;
        let sends = app.mail.is_configured();
        Ok(Self { sends, address: own.confirmed, pending: own.pending, stopped: own.stopped })
    }
}

#[derive(Template)]
#[template(path = "mail_confirm.html", config = "src/server/pages/askama.toml")]
struct ConfirmPage {
    layout: Layout,
    /// What the link stands for; none if it is no longer valid
    asked: Option<Confirmation>,
}

#[derive(Template)]
#[template(path = "mail_confirmed.html", config = "src/server/pages/askama.toml")]
struct ConfirmedPage {
    layout: Layout,
}

#[derive(Template)]
#[template(path = "mail_stop.html", config = "src/server/pages/askama.toml")]
struct StopPage {
    layout: Layout,
    /// Whether letters are stopped; none if the link is not one of this server
    stopped: Option<bool>,
    /// Whether this changed now
    changed: bool,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/account/email", post(change))
        .route("/mail/confirm/{secret}", get(ask).post(confirm))
        .route("/mail/confirmed", get(confirmed))
        .route("/mail/stop/{secret}", get(ask_to_stop).post(stop))
}

/// Changes the address of a user: `action` is `add`, `remove` or `allow`.
async fn change(State(app): State<App>, visitor: Visitor, entrance: Entrance, form: Form) -> Answer<Response> {
    entrance.check_own_account()?;
    match form.get("action") {
        "remove" => drop(app.mail.remove_address(&visitor.owner).await?),
        "allow" => drop(app.mail.allow(&visitor.owner).await?),
        "add" => ask_to_confirm(&app, &visitor, form.get("address")).await?,
        _ => return Err(Problem::unprocessable("the form does not say what to do").field("action")),
    }
    Ok(redirect("/account#email"))
}

async fn ask(State(app): State<App>, layout: Layout, Path(secret): Path<String>) -> Answer<Response> {
    let asked = app.mail.confirmation(&secret).await?;
    let status = if asked.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(render_with(status, &ConfirmPage { layout, asked }))
}

async fn confirm(State(app): State<App>, layout: Layout, Path(secret): Path<String>) -> Answer<Response> {
    Ok(match app.mail.confirm(&secret).await? {
        Some(_) => redirect("/mail/confirmed"),
        None => render_with(StatusCode::NOT_FOUND, &ConfirmPage { layout, asked: None }),
    })
}

async fn confirmed(layout: Layout) -> Response {
    render(&ConfirmedPage { layout })
}

async fn ask_to_stop(State(app): State<App>, layout: Layout, Path(secret): Path<String>) -> Answer<Response> {
    let stopped = match app.mail.read_stop_token(&secret).await? {
        Some(token) => Some(app.mail.is_stopped(&token).await?),
        None => None,
    };
    Ok(stop_page(layout, stopped, false))
}

/// Stops letters, as the button of the page and the readers of letters ask for (RFC 8058); or allows them again.
async fn stop(
    State(app): State<App>,
    layout: Layout,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    let Some(token) = app.mail.read_stop_token(&secret).await? else { return Ok(stop_page(layout, None, false)) };
    // Readers of letters may send another kind of form, which says nothing more.
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let again = kind.starts_with("application/x-www-form-urlencoded") && Form::parse(&body).has("again");
    if again {
        app.mail.allow_again(&token).await?;
    } else {
        app.mail.stop(&token).await?;
    }
    Ok(stop_page(layout, Some(!again), true))
}

fn stop_page(layout: Layout, stopped: Option<bool>, changed: bool) -> Response {
    let status = if stopped.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    render_with(status, &StopPage { layout, stopped, changed })
}
