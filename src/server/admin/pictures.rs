//! Pictures that operators hid.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Operator;
use crate::gallery::Picture;
use crate::server::app::App;
use crate::server::moment::moment;
use crate::server::part;
use crate::server::problem::{Answer, Parameters};

/// How many pictures a list has by default.
const USUAL_LIST: u32 = 50;
/// The most pictures of a list.
const LONGEST_LIST: u32 = 100;

/// A picture that an operator hid. What is not known is left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server) struct HiddenPicture {
    /// Its name
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$")]
    pub id: String,
    /// The job that drew it
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$")]
    pub job: String,
    /// The title
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The name of the user who published it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was published
    #[schema(format = DateTime)]
    pub published: String,
    /// Since when it is hidden
    #[schema(format = DateTime)]
    pub since: String,
    /// The name of the operator who hid it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why
    pub why: String,
}

/// Which pictures to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The `next` of the list that this one continues
    before: Option<i64>,
    /// How many pictures; 50 by default
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A part of a list of hidden pictures.
#[derive(Serialize, ToSchema)]
pub(in crate::server) struct HiddenPictures {
    /// The most recently published first
    #[schema(max_items = 100)]
    pub items: Vec<HiddenPicture>,
    /// What continues the list; left out if this is its end
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl HiddenPicture {
    fn of(picture: Picture) -> Option<Self> {
        let hidden = picture.hidden?;
        Some(Self {
            id: picture.id.to_string(),
            job: picture.job.to_string(),
            title: picture.title,
            author: picture.author,
            published: moment(picture.published),
            since: moment(hidden.since),
            by: hidden.by_name,
            why: hidden.why,
        })
    }
}

/// The hidden pictures.
pub(in crate::server) async fn hidden(app: &App, before: Option<i64>, limit: Option<u32>) -> Answer<HiddenPictures> {
    let limit = part::limit(limit, USUAL_LIST, LONGEST_LIST)?;
    let found = app.gallery.hidden(before, limit).await?;
    let next = part::next(&found, limit, |picture| picture.number.to_string());
    Ok(HiddenPictures { items: found.into_iter().filter_map(HiddenPicture::of).collect(), next })
}

/// List the pictures that operators hid
///
/// `POST /api/v1/admin/pictures/{id}/hide` and `unhide` hide pictures, and show them again.
#[utoipa::path(
    get, path = "/admin/pictures", tag = "admin", operation_id = "admin_list_hidden_pictures", params(Which),
    responses((status = 200, description = "The pictures", body = HiddenPictures)),
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Operator,
    Parameters(which): Parameters<Which>,
) -> Answer<Json<HiddenPictures>> {
    hidden(&app, which.before, which.limit).await.map(Json)
}
