//! Users, tokens and sessions.

use utoipa_axum::router::OpenApiRouter;

use super::app::App;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
