//! Uploads: pictures to start from, and to steer toward.

use utoipa_axum::router::OpenApiRouter;

use super::app::App;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
