//! The gallery: published pictures, a page at a time, and each by itself.

mod actions;
mod picture;
mod wall;

use axum::Router;
use axum::routing::{get, post};

use crate::server::app::App;

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/gallery", get(wall::show))
        .route("/g/{id}", get(picture::show))
        .route("/g/{id}/like", post(actions::like))
        .route("/g/{id}/unlike", post(actions::unlike))
        .route("/g/{id}/withdraw", post(actions::withdraw))
        .route("/g/{id}/hide", post(actions::hide))
        .route("/g/{id}/unhide", post(actions::unhide))
}
