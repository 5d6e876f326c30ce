//! The gallery over HTTP: publishing pictures, looking at them, liking them, and hiding them.
//!
//! Whoever can reach the server sees published pictures, with or without a login. What is hidden is there for its owner and
//! for operators only.

mod feed;
mod files;
mod hide;
mod likes;
mod public;
mod publish;
mod view;
mod viewer;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use hide::{hide_picture as hide, unhide_picture as unhide};
pub(super) use likes::{add as like, remove as unlike};
pub(super) use public::is_like;
pub(super) use publish::{publish, withdraw};
pub(super) use view::View;
pub(super) use viewer::Viewer;

use super::app::App;
use super::part::{self, wrong};
use super::problem::{Answer, Body, Parameters, PathId, Problem};
use super::visitor::Visitor;
use crate::database::Id;
use crate::gallery::{LONGEST_LIST, LONGEST_SEARCH, Order, Picture, Place, Search};

/// How many pictures a list has by default: it fills rows of 2, 3, 4 and 6.
const USUAL_LIST: u32 = 24;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show, delete))
        .routes(routes!(likes::like, likes::unlike))
        .routes(routes!(hide::hide))
        .routes(routes!(hide::unhide))
}

/// The routes of files, which are at the addresses that people share.
pub fn file_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(files::fetch)).route(feed::PATH, get(feed::feed))
}

/// Looks up a picture that the viewer may see.
pub(super) async fn picture_of(app: &App, viewer: &Viewer, id: &Id) -> Answer<Picture> {
    let picture = app.gallery.picture(id).await?;
    picture.filter(|picture| viewer.sees(picture)).ok_or_else(|| Problem::missing("picture"))
}

/// A picture to be published.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPicture)]
struct NewPicture {
    /// The job that drew it
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$", example = "3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    job: String,
    /// What it is called
    #[schema(max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", example = "Still life")]
    title: Option<String>,
    /// Whether others may see its prompt, its settings and its recipe. If not, its files do not tell them either
    show_prompt: bool,
}

/// Publish a picture
///
/// It gets a name of its own, and is seen by everybody who can reach the server. Only the owner of a job publishes its
/// picture.
#[utoipa::path(
    post, path = "/pictures", tag = "pictures", operation_id = "publish_picture",
    request_body = NewPicture,
    responses(
        (status = 201, description = "The picture is published", body = View,
            headers(("location" = String, description = "The address of the picture"))),
        (status = 200, description = "The picture was published in the same way before", body = View),
        (status = 404, description = "There is no such job, or it belongs to someone else", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "The job is not done, or its picture was published differently", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn create(
    State(app): State<App>,
    visitor: Visitor,
    viewer: Viewer,
    Body(new): Body<NewPicture>,
) -> Answer<Response> {
    let job =
        Id::parse(&new.job).ok_or_else(|| Problem::unprocessable("this cannot be the id of a job").field("job"))?;
    let published = publish(&app, &visitor, &job, new.title.as_deref().unwrap_or_default(), new.show_prompt).await?;
    let location = HeaderValue::try_from(format!("/api/v1/pictures/{}", published.picture.id));
    let status = if published.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let view = View::with_files(&app, &viewer, published.picture).await?;
    let mut response = (status, Json(view)).into_response();
    if let (StatusCode::CREATED, Ok(location)) = (status, location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Which pictures to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// `new`, the default, for the most recently published first; `liked` for those that most people like
    #[param(pattern = "^(new|liked)$")]
    sort: Option<String>,
    /// Only pictures in whose titles and shared prompts all of these words are
    #[param(max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    q: Option<String>,
    /// The `next` of the list that this one continues
    #[param(max_length = 39, pattern = r"^[0-9]{1,18}(\.[0-9]{1,18})?$")]
    before: Option<String>,
    /// How many pictures; 24 by default
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

impl Which {
    /// The search, if it can be done.
    pub(super) fn search(&self) -> Answer<Search> {
        let order = match self.sort.as_deref() {
            None => Order::Newest,
            Some(word) => Order::parse(word).ok_or_else(|| wrong("sort", "sort can be `new` or `liked`"))?,
        };
        let words = self.q.clone().unwrap_or_default();
        if words.chars().count() > LONGEST_SEARCH || words.chars().any(char::is_control) {
            return Err(wrong("q", "the words to search for are too long, or have control characters")
                .hint(format!("give at most {LONGEST_SEARCH} characters")));
        }
        let after = match self.before.as_deref().map(str::parse::<Place>) {
            None => None,
            Some(Ok(place)) => Some(place),
            Some(Err(())) => return Err(wrong("before", "this is not the `next` of a list")),
        };
        let limit = part::limit(self.limit, USUAL_LIST, LONGEST_LIST)?;
        Ok(Search { order, words, after, limit })
    }
}

/// A part of a list of pictures.
#[derive(Serialize, ToSchema)]
struct Pictures {
    /// The pictures in the order that was asked for. Their settings and files are left out
    #[schema(max_items = 100)]
    items: Vec<View>,
    /// What continues the list; left out if this is its end
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List published pictures
#[utoipa::path(
    get, path = "/pictures", tag = "pictures", operation_id = "list_pictures", params(Which),
    responses((status = 200, description = "The newest or the most liked pictures", body = Pictures)),
)]
async fn list(State(app): State<App>, viewer: Viewer, Parameters(which): Parameters<Which>) -> Answer<Json<Pictures>> {
    let Page { pictures, next } = Page::of(&app, &which.search()?).await?;
    Ok(Json(Pictures { items: View::all(&app, &viewer, pictures).await?, next: next.map(|next| next.to_string()) }))
}

/// A page of a list.
pub(super) struct Page {
    /// Its pictures
    pub pictures: Vec<Picture>,
    /// Where the next page begins; none at the end
    pub next: Option<Place>,
}

impl Page {
    /// Looks the page up.
    pub(super) async fn of(app: &App, search: &Search) -> Answer<Self> {
        let pictures = app.gallery.list(search).await?;
        let next = part::next(&pictures, search.limit, |last| Place::of(last, search.order));
        Ok(Self { pictures, next })
    }
}

/// Look at a published picture
#[utoipa::path(
    get, path = "/pictures/{id}", tag = "pictures", operation_id = "show_picture",
    params(("id" = String, Path, description = "The name of the picture")),
    responses((status = 200, description = "The picture", body = View)),
)]
async fn show(State(app): State<App>, viewer: Viewer, PathId(id): PathId) -> Answer<Json<View>> {
    let picture = picture_of(&app, &viewer, &id).await?;
    View::with_files(&app, &viewer, picture).await.map(Json)
}

/// Withdraw a published picture
///
/// It is deleted from the gallery with its likes; its job stays.
#[utoipa::path(
    delete, path = "/pictures/{id}", tag = "pictures", operation_id = "withdraw_picture",
    params(("id" = String, Path, description = "The name of the picture")),
    responses(
        (status = 204, description = "The picture is no longer published"),
        (status = 409, description = "An operator hid the picture", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn delete(State(app): State<App>, visitor: Visitor, PathId(id): PathId) -> Answer<StatusCode> {
    withdraw(&app, &visitor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
