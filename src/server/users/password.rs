//! Passwords: changing one's own, and links for those who forgot theirs.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::user_of;
use crate::accounts::{Changed, RESET_LASTS, User};
use crate::error::Result;
use crate::server::app::App;
use crate::server::guard::{Entrance, Network, session_of};
use crate::server::problem::{Answer, Body, Problem};
use crate::server::visitor::Visitor;

/// What the addresses of links begin with.
pub(in crate::server) const LINK: &str = "/reset/";

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordChange)]
pub(super) struct Change {
    /// The password so far
    #[schema(min_length = 1, max_length = 1024, format = Password)]
    current: String,
    /// The new password
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    password: String,
}

/// Who forgot the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ForgottenPassword)]
pub(super) struct Forgotten {
    /// The name of the user
    #[schema(min_length = 1, max_length = 50, example = "anna")]
    name: String,
}

/// A link, and the password that it sets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordReset)]
pub(super) struct Reset {
    /// The secret of the link: its end
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-~]+$")]
    link: String,
    /// The new password
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    password: String,
}

/// Change your password
///
/// Ends all your other sessions. Tokens stay valid. Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    put, path = "/me/password", tag = "users", operation_id = "change_password",
    request_body = Change,
    responses((status = 204, description = "The password is changed")),
)]
pub(super) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    Body(asked): Body<Change>,
) -> Answer<StatusCode> {
    entrance.check_own_account()?;
    change_own(&app, &visitor, network, &headers, &asked.current, &asked.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the password of a visitor who knows the current one.
pub(in crate::server) async fn change_own(
    app: &App,
    visitor: &Visitor,
    network: Network,
    headers: &HeaderMap,
    current: &str,
    password: &str,
) -> Answer<()> {
    app.guard.limits.check_login(&visitor.name, network)?;
    let user = user_of(app, visitor).await?;
    match app.accounts.change_password(&user, current, password, session_of(&app.config, headers)).await? {
        Changed::Yes => Ok(()),
        Changed::Wrong => Err(wrong("current")),
        Changed::Busy => Err(busy()),
    }
}

/// Ask for an email to reset a forgotten password
///
/// If there is a user of this name with a password and a confirmed address, an email with a link goes there. The answer is
/// the same if there is not.
#[utoipa::path(
    post, path = "/password/forgotten", tag = "users", operation_id = "forget_password",
    request_body = Forgotten,
    responses(
        (status = 202, description = "An email may be on its way"),
        (status = 409, description = "The server does not send email", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn forgotten(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    Body(asked): Body<Forgotten>,
) -> Answer<StatusCode> {
    ask_for_letter(&app, network, &asked.name)?;
    Ok(StatusCode::ACCEPTED)
}

/// Sends a letter with a link to a user who forgot the password, if there is one. The answer comes before that is known, so
/// that neither it nor its time tells.
pub(in crate::server) fn ask_for_letter(app: &App, network: Network, name: &str) -> Answer<()> {
    if !app.mail.is_configured() {
        return Err(Problem::new(StatusCode::CONFLICT, "this server does not send email")
            .hint("ask whoever runs it for a link: `text2art serve admin user reset NAME` makes one"));
    }
    app.guard.limits.check_letter(name, network)?;
    let (app, name) = (app.clone(), name.to_owned());
    tokio::spawn(async move {
        if let Err(error) = send_letter(&app, &name).await {
            tracing::warn!(%error, hint = error.hint(), "an email about a forgotten password could not be written");
        }
    });
    Ok(())
}

async fn send_letter(app: &App, name: &str) -> Result<()> {
    let Some(user) = app.accounts.user(name).await?.filter(|user| !user.disabled) else { return Ok(()) };
    // Whoever was added without a password is to use tokens alone.
    if !app.accounts.has_password(&user).await? {
        return Ok(());
    }
    app.mail.put_reset(&user, LINK, RESET_LASTS).await.map(drop)
}

/// Set a forgotten password
///
/// Takes the secret of a link, which works once and for an hour. Ends all sessions of the user. Tokens stay valid.
#[utoipa::path(
    post, path = "/password/reset", tag = "users", operation_id = "reset_password",
    request_body = Reset,
    responses(
        (status = 204, description = "The password is set"),
        (status = 403, description = "The link is not valid", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn reset(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    Body(asked): Body<Reset>,
) -> Answer<StatusCode> {
    reset_by(&app, network, &asked.link, &asked.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the password of the user of a link, and returns the user.
pub(in crate::server) async fn reset_by(app: &App, network: Network, link: &str, password: &str) -> Answer<User> {
    app.guard.limits.check_link(network)?;
    let user = app.accounts.reset_password(link, password).await?;
    let user = user.ok_or_else(|| {
        Problem::new(StatusCode::FORBIDDEN, "the link is not valid")
            .hint("it may have been used already, or it has expired: ask for a new one")
    })?;
    tracing::info!(user = user.name, "a forgotten password was set");
    Ok(user)
}

/// The password that proves who someone is, is wrong.
pub(super) fn wrong(field: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "the password is wrong").hint("enter the password you log in with").field(field)
}

/// Too many passwords are compared at this moment.
pub(super) fn busy() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many people log in at this moment")
        .hint("try again in a moment")
        .retry_after(5)
}
