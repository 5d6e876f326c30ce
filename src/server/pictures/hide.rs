//! Operators hide pictures, and show them again.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::picture_of;
use super::view::View;
use super::viewer::Viewer;
use crate::database::Id;
use crate::gallery::LONGEST_REASON;
use crate::server::admin::check_operator;
use crate::server::app::App;
use crate::server::problem::{Answer, Body, PathId, Problem};
use crate::server::visitor::Visitor;

/// Why a picture is hidden.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hiding {
    /// The reason, which operators and the owner of the picture see
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*$",
        example = "It shows a person who did not agree"
    )]
    why: String,
}

/// Hide a published picture
///
/// Only its owner and operators see it then. Hiding it again changes the reason. For operators.
#[utoipa::path(
    post, path = "/admin/pictures/{id}/hide", tag = "admin", operation_id = "hide_picture",
    params(("id" = String, Path, description = "The name of the picture")),
    request_body = Hiding,
    responses((status = 200, description = "The hidden picture", body = View)),
)]
pub(super) async fn hide(
    State(app): State<App>,
    visitor: Visitor,
    viewer: Viewer,
    PathId(id): PathId,
    Body(hiding): Body<Hiding>,
) -> Answer<Json<View>> {
    hide_picture(&app, &visitor, &id, &hiding.why).await?;
    let picture = picture_of(&app, &viewer, &id).await?;
    View::with_files(&app, &viewer, picture).await.map(Json)
}

/// Show a hidden picture again
///
/// Nothing happens if it is not hidden. For operators.
#[utoipa::path(
    post, path = "/admin/pictures/{id}/unhide", tag = "admin", operation_id = "unhide_picture",
    params(("id" = String, Path, description = "The name of the picture")),
    responses((status = 200, description = "The picture", body = View)),
)]
pub(super) async fn unhide(
    State(app): State<App>,
    visitor: Visitor,
    viewer: Viewer,
    PathId(id): PathId,
) -> Answer<Json<View>> {
    unhide_picture(&app, &visitor, &id).await?;
    let picture = picture_of(&app, &viewer, &id).await?;
    View::with_files(&app, &viewer, picture).await.map(Json)
}

/// Hides a picture, as an operator.
pub(in crate::server) async fn hide_picture(app: &App, visitor: &Visitor, id: &Id, why: &str) -> Answer<()> {
    check_operator(visitor)?;
    let wrong = |detail: String| Err(Problem::unprocessable(detail).field("why"));
    let length = why.chars().count();
    if length > LONGEST_REASON {
        return wrong(format!("the reason has {length} characters, and may have {LONGEST_REASON}"));
    }
    if why.chars().any(char::is_control) {
        return wrong("the reason has control characters".into());
    }
    let why = why.trim();
    if why.is_empty() {
        return wrong("a reason is missing".into());
    }
    if !app.gallery.hide(id, &visitor.owner, why).await? {
        return Err(Problem::missing("picture"));
    }
    Ok(app.acts(visitor).note("picture hidden", id.as_str(), Some(why)).await?)
}

/// Shows a picture again, as an operator.
pub(in crate::server) async fn unhide_picture(app: &App, visitor: &Visitor, id: &Id) -> Answer<()> {
    check_operator(visitor)?;
    if app.gallery.unhide(id).await? {
        app.acts(visitor).note("picture shown again", id.as_str(), None).await?;
    }
    Ok(())
}
