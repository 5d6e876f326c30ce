//! The account, as its user sees it: limits, password, address, tokens, sessions, the archive of one's data, and the end.

mod client;

use askama::Template;
use axum::Router;
use axum::extract::{Extension, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{Asked, EmailSection, Form, Layout, redirect, render, render_with, status_of, told};
use crate::accounts::Scope;
use crate::server::app::App;
use crate::server::guard::{Entrance, Network, session_of};
use crate::server::problem::{Answer, PathId, Problem};
use crate::server::users::{export, leave, password, sessions, tokens};
use crate::server::visitor::Visitor;
use client::in_words;

/// The page of a user.
#[derive(Template)]
#[template(path = "account.html", config = "src/server/pages/askama.toml")]
struct AccountPage {
    layout: Layout,
    visitor: Visitor,
    email: EmailSection,
    tokens: Vec<tokens::View>,
    sessions: Vec<sessions::View>,
    /// The token that was made just now
    made: Option<tokens::View>,
    /// What went well
    done: Option<&'static str>,
    /// What did not
    trouble: Option<Trouble>,
}

/// The page of who has no account.
#[derive(Template)]
#[template(path = "account_none.html", config = "src/server/pages/askama.toml")]
struct NoAccountPage {
    layout: Layout,
    /// Whether the server has no users
    is_local: bool,
}

/// What went wrong in a part of the page.
struct Trouble {
    part: Part,
    text: String,
}

/// A part of the page with a form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Password,
    Tokens,
    Delete,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/account", get(show))
        .route("/account/password", post(change_password))
        .route("/account/tokens", post(make_token))
        .route("/account/tokens/{id}/revoke", post(revoke_token))
        .route("/account/sessions/end-others", post(end_other_sessions))
        .route("/account/sessions/{id}/end", post(end_session))
        .route("/account/export", get(fetch_export))
        .route("/account/delete", post(delete))
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    headers: HeaderMap,
    layout: Layout,
    Asked(query): Asked,
) -> Answer<Response> {
    if matches!(entrance, Entrance::Local | Entrance::Anonymous) {
        return Ok(render(&NoAccountPage { layout, is_local: entrance == Entrance::Local }));
    }
    entrance.check_own_account()?;
    let done = match query.get("done") {
        "password" => Some("Your password is changed. Your other sessions have ended."),
        "token" => Some("The token is revoked."),
        "session" => Some("The session has ended."),
        "sessions" => Some("Your other sessions have ended."),
        _ => None,
    };
    Ok(render(&AccountPage { done, ..AccountPage::of(&app, visitor, &headers, layout).await? }))
}

async fn change_password(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    layout: Layout,
    form: Form,
) -> Answer<Response> {
    entrance.check_own_account()?;
    let (current, new) = (form.exact("current"), form.exact("password"));
    match password::change_own(&app, &visitor, network, &headers, current, new).await {
        Ok(()) => Ok(redirect("/account?done=password#password")),
        Err(problem) => AccountPage::again(&app, visitor, &headers, layout, Part::Password, &problem).await,
    }
}

async fn make_token(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    headers: HeaderMap,
    layout: Layout,
    form: Form,
) -> Answer<Response> {
    entrance.check_own_account()?;
    let made = match (Scope::parse(form.get("scope")), form.days()) {
        (Some(scope), Ok(days)) => tokens::make(&app, &visitor, form.get("name").to_owned(), scope, days).await,
        (None, _) => Err(Problem::unprocessable("choose what the token may be used for")),
        (_, Err(problem)) => Err(problem),
    };
    match made {
        // The secret cannot be shown again, so this answer shows it, and not the page after a redirect.
        Ok(made) => {
            let page = AccountPage::of(&app, visitor, &headers, layout).await?;
            Ok(render_with(StatusCode::CREATED, &AccountPage { made: Some(made), ..page }))
        }
        Err(problem) => AccountPage::again(&app, visitor, &headers, layout, Part::Tokens, &problem).await,
    }
}

async fn revoke_token(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    PathId(id): PathId,
) -> Answer<Response> {
    entrance.check_own_account()?;
    // Of one that is revoked already, the page says the same.
    app.accounts.revoke_token(&id, Some(&visitor.owner)).await?;
    Ok(redirect("/account?done=token#tokens"))
}

async fn end_session(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    PathId(id): PathId,
) -> Answer<Response> {
    entrance.check_own_account()?;
    app.accounts.end_session_of(&visitor.owner, &id).await?;
    Ok(redirect("/account?done=session#sessions"))
}

async fn end_other_sessions(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    headers: HeaderMap,
) -> Answer<Response> {
    entrance.check_own_account()?;
    app.accounts.end_other_sessions(&visitor.owner, session_of(&app.config, &headers)).await?;
    Ok(redirect("/account?done=sessions#sessions"))
}

async fn fetch_export(State(app): State<App>, visitor: Visitor, entrance: Entrance) -> Answer<Response> {
    entrance.check_own_account()?;
    export(&app, &visitor).await
}

async fn delete(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    layout: Layout,
    form: Form,
) -> Answer<Response> {
    entrance.check_own_account()?;
    match leave(&app, &visitor, network, &headers, form.exact("password")).await {
        Ok(cookie) => Ok(([(SET_COOKIE, cookie)], redirect("/login?done=deleted")).into_response()),
        Err(problem) => AccountPage::again(&app, visitor, &headers, layout, Part::Delete, &problem).await,
    }
}

impl AccountPage {
    async fn of(app: &App, visitor: Visitor, headers: &HeaderMap, layout: Layout) -> Answer<Self> {
        let tokens = app.accounts.tokens(Some(&visitor.owner)).await?;
        let tokens = tokens.into_iter().filter(|token| token.revoked.is_none()).map(tokens::View::from).collect();
        let sessions = sessions::views(app, &visitor, headers).await?;
        let email = EmailSection::of(app, &visitor).await?;
        Ok(Self { layout, visitor, email, tokens, sessions, made: None, done: None, trouble: None })
    }

    /// The page again, with what was wrong in one of its forms.
    async fn again(
        app: &App,
        visitor: Visitor,
        headers: &HeaderMap,
        layout: Layout,
        part: Part,
        problem: &Problem,
    ) -> Answer<Response> {
        let trouble = Some(Trouble { part, text: told(problem) });
        let page = Self { trouble, ..Self::of(app, visitor, headers, layout).await? };
        Ok(render_with(status_of(problem), &page))
    }

    /// What was wrong in a part.
    fn trouble_with(&self, part: Part) -> Option<&str> {
        self.trouble.as_ref().filter(|trouble| trouble.part == part).map(|trouble| trouble.text.as_str())
    }
}

/// What a scope allows.
fn allowed(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "look",
        Scope::Jobs => "make pictures",
        Scope::Admin => "everything",
    }
}
