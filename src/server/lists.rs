//! What a picture can be made with: qualities, drawers, palettes and models.

use utoipa_axum::router::OpenApiRouter;

use super::app::App;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
