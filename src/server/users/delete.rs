//! Deleting one's own account, with all that the server has of it.

use axum::Extension;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{erase, password, sessions, user_of};
use crate::accounts::Login;
use crate::server::app::App;
use crate::server::guard::{Entrance, Network};
use crate::server::problem::{Answer, Body, Problem};
use crate::server::visitor::Visitor;

/// The proof that it is the user who deletes the account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountDeletion)]
pub(super) struct Asked {
    /// The password
    #[schema(min_length = 1, max_length = 1024, format = Password)]
    password: String,
}

/// Delete your account
///
/// Removes the user, its tokens and sessions at once, cancels its jobs, and deletes jobs, pictures and uploads within
/// moments; a job that is drawn ends first. Nothing can bring them back. Needs a session, or a token with the scope
/// `admin`.
#[utoipa::path(
    post, path = "/me/delete", tag = "users", operation_id = "delete_me",
    request_body = Asked,
    responses(
        (status = 204, description = "The account is deleted"),
        (status = 409, description = "The account cannot be deleted this way", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    Body(asked): Body<Asked>,
) -> Answer<Response> {
    entrance.check_own_account()?;
    let cookie = leave(&app, &visitor, network, &headers, &asked.password).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// Deletes the account of a visitor who knows its password, and returns the cookie that ends the session in the browser.
pub(in crate::server) async fn leave(
    app: &App,
    visitor: &Visitor,
    network: Network,
    headers: &HeaderMap,
    password: &str,
) -> Answer<HeaderValue> {
    app.guard.limits.check_login(&visitor.name, network)?;
    let user = user_of(app, visitor).await?;
    if !app.accounts.has_password(&user).await? {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "this account has no password that could prove that it is yours",
        )
        .hint("ask whoever runs the server to set one, or to remove the account"));
    }
    match app.accounts.by_password(&user.name, password).await? {
        Login::As(found) if found.id == user.id => {}
        Login::As(_) | Login::Wrong => return Err(password::wrong("password")),
        Login::Busy => return Err(password::busy()),
    }
    if !app.accounts.depart(&user).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "this is the account of the last admin")
            .hint("make another user an admin first"));
    }
    tracing::info!(user = user.name, "a user deleted the account");
    let (app_of_task, owner) = (app.clone(), user.id.clone());
    tokio::spawn(async move {
        // What stays is deleted by the next round of the maintenance.
        if let Err(error) = erase::erase(&app_of_task, &owner).await {
            tracing::warn!(%error, "the data of a user could not be deleted yet");
        }
    });
    sessions::end(app, headers).await
}
