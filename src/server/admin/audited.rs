//! What operators did.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Operator;
use crate::server::app::App;
use crate::server::audit::{self, Entry};
use crate::server::moment::moment;
use crate::server::part;
use crate::server::problem::{Answer, Parameters};

/// How many acts a list has by default.
const USUAL_LIST: u32 = 50;
/// The most acts of a list.
const LONGEST_LIST: u32 = 100;

/// Something that an operator did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Act)]
pub(in crate::server) struct EntryView {
    /// Grows from act to act
    pub number: i64,
    /// When
    #[schema(format = DateTime)]
    pub at: String,
    /// The name of the operator, or `command line`
    #[schema(example = "olga")]
    pub who: String,
    /// What was done
    #[schema(example = "job requeued")]
    pub what: String,
    /// The name of what it was done to; empty for the whole queue
    pub target: String,
    /// More about it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Which acts to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The `next` of the list that this one continues
    before: Option<i64>,
    /// How many acts; 50 by default
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A part of a list of acts.
#[derive(Serialize, ToSchema)]
pub(in crate::server) struct Acts {
    /// The newest first
    #[schema(max_items = 100)]
    pub items: Vec<EntryView>,
    /// What continues the list; left out if this is its end
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        let Entry { number, at, who, what, target, detail } = entry;
        Self { number, at: moment(at), who, what, target, detail }
    }
}

/// What operators did, the newest first.
pub(in crate::server) async fn entries(app: &App, before: Option<i64>, limit: Option<u32>) -> Answer<Acts> {
    let limit = part::limit(limit, USUAL_LIST, LONGEST_LIST)?;
    let entries = audit::list(&app.database, before, limit).await?;
    let next = part::next(&entries, limit, |entry| entry.number.to_string());
    Ok(Acts { items: entries.into_iter().map(EntryView::from).collect(), next })
}

/// List what operators did
#[utoipa::path(
    get, path = "/admin/audit", tag = "admin", operation_id = "admin_list_audit", params(Which),
    responses((status = 200, description = "The newest acts", body = Acts)),
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Operator,
    Parameters(which): Parameters<Which>,
) -> Answer<Json<Acts>> {
    entries(&app, which.before, which.limit).await.map(Json)
}
