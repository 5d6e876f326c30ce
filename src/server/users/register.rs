//! Registration: adding oneself as a user, if the server lets one.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Me, sessions};
use crate::accounts::{NewUser, Registered, User};
use crate::server::app::App;
use crate::server::config::Registration;
use crate::server::guard::{Entrance, Network, is_public, of_user};
use crate::server::problem::{Answer, Body, Problem};

/// Names that others would take for the server or whoever runs it. Operators can give them.
const RESERVED: [&str; 11] = [
    "admin",
    "administrator",
    "anonymous",
    "local",
    "moderator",
    "operator",
    "root",
    "support",
    "system",
    "text2art",
    "visitor",
];

/// What to do about a name that another user has.
const TAKEN_HINT: &str = "choose another name, or log in";

/// Who registers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Registration)]
pub(super) struct Asked {
    /// The name for the login
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z0-9][a-z0-9_.-]*$", example = "anna")]
    name: String,
    /// The password
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    password: String,
    /// The secret of an invitation: the end of its link
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-~]+$")]
    invitation: Option<String>,
}

/// Register
///
/// Adds a user with the usual limits, and logs in: the answer sets a cookie. A server decides whether anybody may register,
/// only who was invited, or nobody.
#[utoipa::path(
    post, path = "/users", tag = "users", operation_id = "register",
    request_body = Asked,
    responses(
        (status = 201, description = "Who registered", body = Me, headers(("set-cookie" = String, description = "The session"))),
        (status = 403, description = "Nobody may register here, or the invitation is not valid", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "There is already a user with this name", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(
    State(app): State<App>,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    Body(asked): Body<Asked>,
) -> Answer<Response> {
    let user = register(&app, network, &asked.name, &asked.password, asked.invitation.as_deref()).await?;
    let cookie = sessions::begin(&app, &user, &headers).await?;
    let me = Me::new(of_user(&user), Entrance::Session);
    Ok((StatusCode::CREATED, [(SET_COOKIE, cookie)], Json(me)).into_response())
}

/// Adds a user who asked for it, if the server lets one.
pub(in crate::server) async fn register(
    app: &App,
    network: Network,
    name: &str,
    password: &str,
    invitation: Option<&str>,
) -> Answer<User> {
    check_allowed(app, network, invitation).await?;
    let user = NewUser::new(name, Some(password));
    user.check()?;
    if RESERVED.contains(&name) {
        return Err(taken(TAKEN_HINT));
    }
    let invitation = invitation.filter(|_| app.config.registration == Registration::Invitation);
    if invitation.is_none() {
        // Only what would succeed counts, so that nobody is locked out by looking for a name.
        if app.accounts.user(name).await?.is_some() {
            return Err(taken(TAKEN_HINT));
        }
        app.guard.limits.check_registration(network)?;
    }
    match app.accounts.register(&user, invitation).await? {
        Registered::As(user) => {
            tracing::info!(user = user.name, "a user registered");
            Ok(user)
        }
        Registered::Taken => Err(taken(TAKEN_HINT)),
        Registered::Uninvited => Err(uninvited()),
    }
}

/// Whether someone may register, with this invitation if there is one.
pub(in crate::server) async fn check_allowed(app: &App, network: Network, invitation: Option<&str>) -> Answer<()> {
    let hint = "ask whoever runs the server to add you, or to invite you";
    if !is_public(&app.config) && !app.accounts.any_users().await? {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this server has no users: it is yours without a login")
            .hint("to let others in, begin with `text2art serve admin user add NAME`"));
    }
    match app.config.registration {
        Registration::Closed => {
            Err(Problem::new(StatusCode::FORBIDDEN, "nobody can register on this server").hint(hint))
        }
        Registration::Open => Ok(()),
        Registration::Invitation => {
            let Some(sent) = invitation else {
                return Err(
                    Problem::new(StatusCode::FORBIDDEN, "registering on this server takes an invitation").hint(hint)
                );
            };
            app.guard.limits.check_link(network)?;
            if app.accounts.is_invited(sent).await? { Ok(()) } else { Err(uninvited()) }
        }
    }
}

/// Another user has the name.
pub(in crate::server) fn taken(hint: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "there is already a user with this name").hint(hint).field("name")
}

fn uninvited() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "the invitation is not valid")
        .hint("it may have been used already, or it has expired: ask for a new one")
}
