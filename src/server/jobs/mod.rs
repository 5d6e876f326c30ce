//! Jobs: asking for a picture, and what becomes of it.

use utoipa_axum::router::OpenApiRouter;

use super::app::App;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
