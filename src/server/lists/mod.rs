//! What a picture can be made with: qualities, drawers, palettes, styles, models, and the options of a request.

mod models;
mod options;
mod palettes;
mod qualities;
mod styles;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use options::{Kind, Opened, opened};
pub(in crate::server) use qualities::{QualityView, drawers, qualities, usual_settings};

use super::app::App;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(qualities::list))
        .routes(routes!(qualities::list_drawers))
        .routes(routes!(palettes::list))
        .routes(routes!(styles::list))
        .routes(routes!(models::list))
        .routes(routes!(options::list))
}
