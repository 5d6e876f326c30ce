//! Sessions: logging in and out in a browser.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Me;
use crate::accounts::{Login, SESSION_LASTS};
use crate::error::Error;
use crate::server::app::App;
use crate::server::guard::{Entrance, Network, cookie_name, is_secure, of_user, session_of};
use crate::server::problem::{Answer, Body, Problem};
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
    Body(credentials): Body<Credentials>,
) -> Answer<Response> {
    let (visitor, cookie) = begin(&app, network, &credentials.name, &credentials.password).await?;
    Ok(([(SET_COOKIE, cookie)], Json(Me::new(visitor, Entrance::Session))).into_response())
}

/// Begins a session: who logged in, and the cookie for the browser.
///
/// # Errors
///
/// If the name or the password is wrong, or there were too many tries.
pub(in crate::server) async fn begin(
    app: &App,
    network: Network,
    name: &str,
    password: &str,
) -> Answer<(Visitor, HeaderValue)> {
    app.guard.limits.check_login(name, network)?;
    let user = match app.accounts.by_password(name, password).await? {
        Login::As(user) => user,
        Login::Wrong => {
            // Without the name, which may be a password in the wrong field.
            tracing::warn!(network = %network.first(), "a login failed");
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "the name or the password is wrong"));
        }
        Login::Busy => {
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many people log in at this moment")
                .hint("try again in a moment")
                .retry_after(5));
        }
    };
    let session = app.accounts.begin_session(&user).await?;
    let cookie = cookie(app, session.reveal(), SESSION_LASTS.as_secs())?;
    Ok((of_user(&user), cookie))
}

/// Log out
///
/// Ends the session of the cookie. Nothing happens if there is none.
#[utoipa::path(
    delete, path = "/sessions", tag = "users", operation_id = "log_out",
    responses((status = 204, description = "There is no session any more")),
)]
pub(super) async fn log_out(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, end(&app, &headers).await?)]).into_response())
}

/// Ends the session of a request, if there is one: the cookie that makes the browser forget its own.
///
/// # Errors
///
/// If the database does not answer.
pub(in crate::server) async fn end(app: &App, headers: &HeaderMap) -> Answer<HeaderValue> {
    if let Some(session) = session_of(&app.config, headers) {
        app.accounts.end_session(session).await?;
    }
    cookie(app, "", 0)
}

/// A cookie that no script of a page can read, and that is not sent with what pages of other sites change.
fn cookie(app: &App, secret: &str, seconds: u64) -> Answer<HeaderValue> {
    let name = cookie_name(&app.config);
    let secure = if is_secure(&app.config) { "; Secure" } else { "" };
    let cookie = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::try_from(cookie).map_err(|error| Error::fault(format!("a cookie cannot be sent: {error}")).into())
}
