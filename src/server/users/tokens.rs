//! Tokens: making and revoking them.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::user_of;
use crate::accounts::{NewToken, Scope, Token};
use crate::server::app::App;
use crate::server::guard::Entrance;
use crate::server::moment::moment;
use crate::server::problem::{Answer, Body, PathId, Problem};
use crate::server::visitor::Visitor;
use crate::server::whole;

/// The most days that a token lasts, if it does not last for ever.
const LONGEST_DAYS: u32 = 3650;

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
pub(super) struct Asked {
    /// What it is for
    #[schema(min_length = 1, max_length = 100, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = "laptop")]
    name: String,
    /// What it may be used for
    #[serde(default = "usual_scope")]
    #[schema(default = "jobs")]
    scope: Scope,
    /// After how many days it becomes invalid; without a number, never
    #[serde(default, deserialize_with = "whole::optional")]
    #[schema(minimum = 1, maximum = 3650, example = 90)]
    days: Option<u32>,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(in crate::server) struct View {
    /// The name for revoking it
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$", example = "3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    pub id: String,
    /// What it is for
    #[schema(example = "laptop")]
    pub name: String,
    /// What it may be used for
    pub scope: Scope,
    /// When it was made
    #[schema(format = DateTime)]
    pub created: String,
    /// When it becomes invalid
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires: Option<String>,
    /// When it was last used, to the minute
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub used: Option<String>,
    /// When it was revoked
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub revoked: Option<String>,
    /// The token itself, in the answer that makes it alone
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^t2a_[A-Za-z0-9_-]{43}$")]
    pub token: Option<String>,
}

/// The tokens of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(super) struct Views {
    /// The oldest first
    items: Vec<View>,
}

fn usual_scope() -> Scope {
    Scope::Jobs
}

impl From<Token> for View {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            scope: token.scope,
            created: moment(token.created),
            expires: token.expires.map(moment),
            used: token.used.map(moment),
            revoked: token.revoked.map(moment),
            token: None,
        }
    }
}

/// Make a token
///
/// It is shown once. Its scope narrows what its user may do. Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    post, path = "/tokens", tag = "users", operation_id = "create_token",
    request_body = Asked,
    responses((status = 201, description = "The token", body = View)),
)]
pub(super) async fn create(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    Body(asked): Body<Asked>,
) -> Answer<(StatusCode, Json<View>)> {
    entrance.check_own_account()?;
    let view = make(&app, &visitor, asked.name, asked.scope, asked.days).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Makes a token for a visitor that lasts so many days, and shows it.
pub(in crate::server) async fn make(
    app: &App,
    visitor: &Visitor,
    name: String,
    scope: Scope,
    days: Option<u32>,
) -> Answer<View> {
    if days.is_some_and(|days| !(1..=LONGEST_DAYS).contains(&days)) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "a token cannot last so long")
            .hint(format!("give a number of days from 1 to {LONGEST_DAYS}, or none"))
            .field("days"));
    }
    let lasts = days.map(|days| Duration::from_hours(24 * u64::from(days)));
    let user = user_of(app, visitor).await?;
    let (token, secret) = app.accounts.create_token(&user, &NewToken { name, scope, lasts }).await?;
    Ok(View { token: Some(secret.reveal().to_owned()), ..View::from(token) })
}

/// List your tokens
///
/// Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    get, path = "/tokens", tag = "users", operation_id = "list_tokens",
    responses((status = 200, description = "Your tokens, without what makes them valid", body = Views)),
)]
pub(super) async fn list(State(app): State<App>, visitor: Visitor, entrance: Entrance) -> Answer<Json<Views>> {
    entrance.check_own_account()?;
    let tokens = app.accounts.tokens(Some(&visitor.owner)).await?;
    Ok(Json(Views { items: tokens.into_iter().map(View::from).collect() }))
}

/// Revoke a token
///
/// Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "users", operation_id = "revoke_token",
    params(("id" = String, Path, description = "The name of the token")),
    responses((status = 204, description = "The token is no longer valid")),
)]
pub(super) async fn revoke(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    PathId(id): PathId,
) -> Answer<StatusCode> {
    entrance.check_own_account()?;
    let revoked = app.accounts.revoke_token(&id, Some(&visitor.owner)).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::missing("token")) }
}
