//! The picture that the new one starts from.

use super::wish::Wish;
use crate::database::Id;
use crate::server::app::App;
use crate::server::problem::Answer;
use crate::server::uploads::{Upload, Uploads};
use crate::server::visitor::Visitor;

/// The picture that the new one starts from, for the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// The upload
    pub id: String,
    /// Where to see it
    pub url: String,
    /// Columns
    pub width: u32,
    /// Rows
    pub height: u32,
}

impl Start {
    /// What a wish starts from; none if that is nothing, or does not exist any longer.
    pub async fn of(app: &App, visitor: &Visitor, wish: &Wish) -> Answer<Option<Self>> {
        let Some(id) = Id::parse(&wish.init_image) else { return Ok(None) };
        let upload = Uploads::new(app).look(&visitor.owner, &id).await?;
        let start = |upload: Upload| Self {
            id: id.to_string(),
            url: format!("/api/v1/uploads/{id}/picture.png"),
            width: upload.width,
            height: upload.height,
        };
        Ok(upload.map(start))
    }
}
