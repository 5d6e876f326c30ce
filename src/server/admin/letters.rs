//! Letters that could not be sent. Their recipients are not shown.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Operator;
use crate::mail::DeadLetter;
use crate::server::app::App;
use crate::server::moment::moment;
use crate::server::problem::{Answer, PathName, Problem};
use crate::server::visitor::Visitor;

/// An email that could not be sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(in crate::server) struct LetterView {
    /// Its name
    pub id: String,
    /// What it is about: `done`, `failed`, `confirm` or `reset`
    #[schema(pattern = "^(done|failed|confirm|reset)$", example = "done")]
    pub kind: &'static str,
    /// The job that it tells of
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// How often it failed
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub failures: u32,
    /// Why it failed last
    pub error: String,
    /// When it was written
    #[schema(format = DateTime)]
    pub created: String,
    /// When it was given up
    #[schema(format = DateTime)]
    pub ended: String,
    /// Whether it can be sent again: what had a secret link is forgotten
    pub can_be_sent: bool,
}

/// Emails that could not be sent.
#[derive(Serialize, ToSchema)]
pub(super) struct Letters {
    /// The newest first
    #[schema(max_items = 100)]
    items: Vec<LetterView>,
}

impl From<DeadLetter> for LetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            can_be_sent: letter.can_be_sent(),
            id: letter.id,
            kind: letter.kind.as_str(),
            job: letter.job,
            failures: letter.failures,
            error: letter.error,
            created: moment(letter.created),
            ended: moment(letter.ended),
        }
    }
}

/// The letters that could not be sent, the newest first.
pub(in crate::server) async fn letters(app: &App) -> Answer<Vec<LetterView>> {
    Ok(app.mail.dead_letters().await?.into_iter().map(LetterView::from).collect())
}

/// Sends a letter again.
pub(in crate::server) async fn send_again(app: &App, visitor: &Visitor, id: &str) -> Answer<()> {
    if !app.mail.send_again(id).await? {
        return Err(Problem::missing("email that can be sent again"));
    }
    Ok(app.acts(visitor).note("letter sent again", id, None).await?)
}

/// List emails that could not be sent
#[utoipa::path(
    get, path = "/admin/letters", tag = "admin", operation_id = "admin_list_letters",
    responses((status = 200, description = "The emails", body = Letters)),
)]
pub(super) async fn list(State(app): State<App>, _: Operator) -> Answer<Json<Letters>> {
    Ok(Json(Letters { items: letters(&app).await? }))
}

/// Send an email again
#[utoipa::path(
    post, path = "/admin/letters/{name}/resend", tag = "admin", operation_id = "admin_resend_letter",
    params(("name" = String, Path, description = "The name of the email", max_length = 100)),
    responses((status = 202, description = "The email waits to be sent")),
)]
pub(super) async fn resend(
    State(app): State<App>,
    Operator(visitor): Operator,
    PathName(name): PathName,
) -> Answer<StatusCode> {
    send_again(&app, &visitor, &name).await?;
    Ok(StatusCode::ACCEPTED)
}
