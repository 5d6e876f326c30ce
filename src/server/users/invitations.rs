//! Links that admins make for others: invitations, and links for forgotten passwords.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::password;
use crate::accounts::{INVITATION_LASTS, Invitation, RESET_LASTS};
use crate::database::Id;
use crate::server::admin::Administrator;
use crate::server::app::App;
use crate::server::config::{Config, Registration};
use crate::server::moment::moment;
use crate::server::problem::{Answer, Body, PathId, PathName, Problem};
use crate::server::visitor::Visitor;
use crate::server::whole;

/// The most days that an invitation lasts.
const LONGEST_DAYS: u32 = 366;

/// An invitation to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitation)]
pub(super) struct Asked {
    /// Whom it is for, for the list of invitations
    #[serde(default)]
    #[schema(max_length = 100, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$", example = "Anna's cousin")]
    note: String,
    /// After how many days it becomes invalid
    #[serde(default, deserialize_with = "whole::optional")]
    #[schema(minimum = 1, maximum = 366, default = 7)]
    days: Option<u32>,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(in crate::server) struct View {
    /// The name for withdrawing it
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$", example = "3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    pub id: String,
    /// Whom it is for
    #[schema(max_length = 100)]
    pub note: String,
    /// When it was made
    #[schema(format = DateTime)]
    pub created: String,
    /// When it becomes invalid
    #[schema(format = DateTime)]
    pub expires: String,
    /// When someone registered with it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub used: Option<String>,
    /// The user who did
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_by: Option<String>,
    /// The address to register at, in the answer that makes it alone
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    pub link: Option<String>,
}

/// Invitations.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitations)]
pub(super) struct Views {
    /// The newest first
    #[schema(max_items = 1000)]
    items: Vec<View>,
}

/// A link that works once.
#[derive(Serialize, ToSchema)]
#[schema(as = Link)]
pub(in crate::server) struct Link {
    /// The address
    #[schema(format = "uri")]
    pub link: String,
    /// For how many seconds it is valid
    #[schema(minimum = 1, maximum = 3600)]
    pub seconds: u64,
}

impl From<Invitation> for View {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            note: invitation.note,
            created: moment(invitation.created),
            expires: moment(invitation.expires),
            used: invitation.used.map(moment),
            used_by: invitation.used_by,
            link: None,
        }
    }
}

/// The address at which someone who was invited registers.
#[must_use]
pub fn invitation_link(config: &Config, secret: &str) -> String {
    config.address_of(&format!("/register?invitation={secret}"))
}

/// The address at which a forgotten password is set.
#[must_use]
pub fn reset_link(config: &Config, secret: &str) -> String {
    config.address_of(&format!("{}{secret}", password::LINK))
}

/// Invite someone
///
/// The link lets one person register. It is shown once. For admins; the server must have been started with
/// `--registration invitation`.
#[utoipa::path(
    post, path = "/admin/invitations", tag = "users", operation_id = "create_invitation",
    request_body = Asked,
    responses(
        (status = 201, description = "The invitation", body = View),
        (status = 409, description = "Registration takes no invitations here", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(
    State(app): State<App>,
    Administrator(visitor): Administrator,
    Body(asked): Body<Asked>,
) -> Answer<(StatusCode, Json<View>)> {
    let view = invite(&app, &visitor, &asked.note, asked.days).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Makes an invitation that lasts so many days, or as long as usual.
pub(in crate::server) async fn invite(app: &App, admin: &Visitor, note: &str, days: Option<u32>) -> Answer<View> {
    if app.config.registration != Registration::Invitation {
        return Err(Problem::new(StatusCode::CONFLICT, "registration on this server takes no invitations")
            .hint("start it with --registration invitation"));
    }
    if days.is_some_and(|days| !(1..=LONGEST_DAYS).contains(&days)) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "an invitation cannot be valid for that time")
            .hint(format!("give a number of days from 1 to {LONGEST_DAYS}, or none for 7"))
            .field("days"));
    }
    let lasts = days.map_or(INVITATION_LASTS, |days| Duration::from_hours(24 * u64::from(days)));
    let (invitation, secret) = app.acts(admin).invite(note, lasts).await?;
    let link = invitation_link(&app.config, secret.reveal());
    Ok(View { link: Some(link), ..View::from(invitation) })
}

/// List invitations
///
/// Those that were used or are too old stay for 30 days. For admins.
#[utoipa::path(
    get, path = "/admin/invitations", tag = "users", operation_id = "list_invitations",
    responses((status = 200, description = "The invitations, without their links", body = Views)),
)]
pub(super) async fn list(State(app): State<App>, _: Administrator) -> Answer<Json<Views>> {
    Ok(Json(Views { items: list_all(&app).await? }))
}

/// All invitations, the newest first.
pub(in crate::server) async fn list_all(app: &App) -> Answer<Vec<View>> {
    Ok(app.accounts.invitations().await?.into_iter().map(View::from).collect())
}

/// Withdraws an invitation that is not used yet.
pub(in crate::server) async fn take_back(app: &App, admin: &Visitor, id: &Id) -> Answer<()> {
    if app.acts(admin).withdraw_invitation(id).await? { Ok(()) } else { Err(Problem::missing("invitation")) }
}

/// Withdraw an invitation
///
/// Only one that is not used yet. For admins.
#[utoipa::path(
    delete, path = "/admin/invitations/{id}", tag = "users", operation_id = "withdraw_invitation",
    params(("id" = String, Path, description = "The name of the invitation")),
    responses((status = 204, description = "The invitation is no longer valid")),
)]
pub(super) async fn withdraw(
    State(app): State<App>,
    Administrator(visitor): Administrator,
    PathId(id): PathId,
) -> Answer<StatusCode> {
    take_back(&app, &visitor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a link for a forgotten password
///
/// The link lets the user set another password, once and within an hour. It is shown once. For admins.
#[utoipa::path(
    post, path = "/admin/users/{name}/reset", tag = "users", operation_id = "create_reset",
    params(("name" = String, Path, description = "The name of the user")),
    responses((status = 201, description = "The link", body = Link)),
)]
pub(super) async fn reset(
    State(app): State<App>,
    Administrator(visitor): Administrator,
    PathName(name): PathName,
) -> Answer<(StatusCode, Json<Link>)> {
    let link = link_for(&app, &visitor, &name).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

/// Makes a link for the forgotten password of a user.
pub(in crate::server) async fn link_for(app: &App, admin: &Visitor, name: &str) -> Answer<Link> {
    let user = app.accounts.user(name).await?.filter(|user| !user.disabled);
    let user = user.ok_or_else(|| Problem::missing("user"))?;
    let secret = app.acts(admin).begin_reset(&user, RESET_LASTS).await?;
    Ok(Link { link: reset_link(&app.config, secret.reveal()), seconds: RESET_LASTS.as_secs() })
}
