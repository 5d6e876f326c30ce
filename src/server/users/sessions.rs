//! Sessions: logging in and out in a browser.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Me, password};
use crate::accounts::{Login, SESSION_LASTS, Session, User};
use crate::server::app::App;
use crate::server::guard::{Entrance, Network, cookie, cookie_name, of_user, session_of};
use crate::server::moment::moment;
use crate::server::problem::{Answer, Body, PathId, Problem};
use crate::server::visitor::Visitor;

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The name of the user
    #[schema(min_length = 1, max_length = 50, example = "anna")]
    name: String,
    /// The password
    #[schema(min_length = 1, max_length = 1024, format = Password)]
    password: String,
}

/// Log in
///
/// The answer sets a cookie, for browsers. Programs use tokens.
#[utoipa::path(
    post, path = "/sessions", tag = "users", operation_id = "log_in",
    request_body = Credentials,
    responses(
        (status = 200, description = "Who logged in", body = Me, headers(("set-cookie" = String, description = "The session"))),
        (status = 401, description = "The name or the password is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn log_in(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    Body(credentials): Body<Credentials>,
) -> Answer<Response> {
    let user = check(&app, network, &credentials.name, &credentials.password).await?;
    let cookie = begin(&app, &user, &headers).await?;
    let me = Me::new(of_user(&user), Entrance::Session);
    Ok(([(SET_COOKIE, cookie)], Json(me)).into_response())
}

/// The user with this name and password.
pub(in crate::server) async fn check(app: &App, network: Network, name: &str, password: &str) -> Answer<User> {
    app.guard.limits.check_login(name, network)?;
    match app.accounts.by_password(name, password).await? {
        Login::As(user) => Ok(user),
        Login::Wrong => {
            // Without the name, which may be a password in the wrong field.
            tracing::warn!(network = %network.first(), "a login failed");
            Err(Problem::new(StatusCode::UNAUTHORIZED, "the name or the password is wrong"))
        }
        Login::Busy => Err(password::busy()),
    }
}

/// Begins a session of a user, and returns its cookie.
pub(in crate::server) async fn begin(app: &App, user: &User, headers: &HeaderMap) -> Answer<HeaderValue> {
    let client = headers.get(USER_AGENT).and_then(|client| client.to_str().ok());
    let session = app.accounts.begin_session(user, client).await?;
    cookie(&app.config, cookie_name(&app.config), session.reveal(), SESSION_LASTS.as_secs())
}

/// Ends the session of a request, and returns the cookie that makes the browser forget it.
pub(in crate::server) async fn end(app: &App, headers: &HeaderMap) -> Answer<HeaderValue> {
    if let Some(session) = session_of(&app.config, headers) {
        app.accounts.end_session(session).await?;
    }
    cookie(&app.config, cookie_name(&app.config), "", 0)
}

/// Log out
///
/// Ends the session of the cookie. Nothing happens if there is none.
#[utoipa::path(
    delete, path = "/sessions", tag = "users", operation_id = "log_out",
    responses((status = 204, description = "There is no session any more")),
)]
pub(super) async fn log_out(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    let cookie = end(&app, &headers).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(in crate::server) struct View {
    /// The name for ending it
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$", example = "3c9a1f0b7e2d4c6a8b0d1e2f3a")]
    pub id: String,
    /// What its browser called itself
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    pub client: Option<String>,
    /// Whether it is the one that asks
    pub current: bool,
    /// When it began
    #[schema(format = DateTime)]
    pub created: String,
    /// When it was last used, to the minute
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub seen: Option<String>,
    /// When it ends
    #[schema(format = DateTime)]
    pub expires: String,
}

/// The sessions of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Sessions)]
pub(super) struct Views {
    /// The newest first
    #[schema(max_items = 20)]
    items: Vec<View>,
}

impl View {
    fn new(session: Session, own: Option<&str>) -> Self {
        Self {
            current: own.is_some_and(|own| session.is(own)),
            id: session.id.to_string(),
            client: session.client,
            created: moment(session.created),
            seen: session.seen.map(moment),
            expires: moment(session.expires),
        }
    }
}

/// The sessions of a visitor.
pub(in crate::server) async fn views(app: &App, visitor: &Visitor, headers: &HeaderMap) -> Answer<Vec<View>> {
    let own = session_of(&app.config, headers);
    let sessions = app.accounts.sessions(&visitor.owner).await?;
    Ok(sessions.into_iter().map(|session| View::new(session, own)).collect())
}

/// List your sessions
///
/// Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    get, path = "/sessions", tag = "users", operation_id = "list_sessions",
    responses((status = 200, description = "Your sessions, the newest first", body = Views)),
)]
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    headers: HeaderMap,
) -> Answer<Json<Views>> {
    entrance.check_own_account()?;
    Ok(Json(Views { items: views(&app, &visitor, &headers).await? }))
}

/// End a session
///
/// Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    delete, path = "/sessions/{id}", tag = "users", operation_id = "end_session",
    params(("id" = String, Path, description = "The name of the session")),
    responses((status = 204, description = "The session is over")),
)]
pub(super) async fn end_one(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    PathId(id): PathId,
) -> Answer<StatusCode> {
    entrance.check_own_account()?;
    let ended = app.accounts.end_session_of(&visitor.owner, &id).await?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::missing("session")) }
}

/// Log out everywhere else
///
/// Ends all your sessions but the one that asks. Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    delete, path = "/me/sessions", tag = "users", operation_id = "end_other_sessions",
    responses((status = 204, description = "Your other sessions are over")),
)]
pub(super) async fn end_others(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    entrance.check_own_account()?;
    app.accounts.end_other_sessions(&visitor.owner, session_of(&app.config, &headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
