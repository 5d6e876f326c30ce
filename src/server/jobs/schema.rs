//! The name of the schema of a request for a picture, for the handler that takes it.

use utoipa::ToSchema;

/// A request for a picture. The description of the API puts the schema of the options in this place.
#[derive(ToSchema)]
pub(super) struct NewJob {}
