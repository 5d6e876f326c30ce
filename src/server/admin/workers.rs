//! Who draws.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Operator;
use crate::queue::{JobId, Worker};
use crate::server::app::App;
use crate::server::moment::moment;
use crate::server::problem::{Answer, PathId, Problem};
use crate::server::visitor::Visitor;

/// A worker.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Worker)]
pub(in crate::server) struct WorkerView {
    /// Its name
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$", example = "3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    pub id: String,
    /// The name of its machine
    #[schema(example = "mill")]
    pub host: String,
    /// The number of its process
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub pid: u32,
    /// The version of its program
    pub version: String,
    /// What it draws on
    pub device: String,
    /// How many jobs it draws at once
    #[schema(minimum = 1, maximum = 256)]
    pub slots: u32,
    /// The instruction set that the processor computes with
    pub instructions: String,
    /// The published models that the worker has; unless it is offline, it can download others
    #[schema(max_items = 1000)]
    pub models: Vec<String>,
    /// The memory of the machine for each job, in bytes
    pub memory: u64,
    /// How many it draws now
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub running: u32,
    /// When it was first seen
    #[schema(format = DateTime)]
    pub started: String,
    /// When it was last seen
    #[schema(format = DateTime)]
    pub seen: String,
    /// Whether it was seen within the last minute
    pub alive: bool,
    /// Whether it takes no more jobs
    pub draining: bool,
}

/// The workers.
#[derive(Serialize, ToSchema)]
pub(super) struct Workers {
    /// The most recently seen first
    #[schema(max_items = 1000)]
    items: Vec<WorkerView>,
}

impl From<Worker> for WorkerView {
    fn from(worker: Worker) -> Self {
        Self {
            id: worker.info.id,
            host: worker.info.host,
            pid: worker.info.pid,
            version: worker.info.version,
            device: worker.info.device,
            slots: worker.info.slots,
            instructions: worker.info.instructions,
            models: worker.info.models,
            memory: worker.info.memory,
            running: worker.running,
            started: moment(worker.started),
            seen: moment(worker.seen),
            alive: worker.alive,
            draining: worker.draining,
        }
    }
}

/// The workers, the most recently seen first.
pub(in crate::server) async fn workers(app: &App) -> Answer<Vec<WorkerView>> {
    Ok(app.queue.workers().await?.into_iter().map(WorkerView::from).collect())
}

/// Lets a worker take no more jobs, or again.
pub(in crate::server) async fn drain(app: &App, visitor: &Visitor, id: &JobId, draining: bool) -> Answer<()> {
    if app.acts(visitor).drain(id.as_str(), draining).await? { Ok(()) } else { Err(Problem::missing("worker")) }
}

/// The worker after it was told something.
async fn told(app: &App, visitor: &Visitor, id: &JobId, draining: bool) -> Answer<Json<WorkerView>> {
    drain(app, visitor, id, draining).await?;
    let found = workers(app).await?.into_iter().find(|worker| worker.id == id.as_str());
    found.map(Json).ok_or_else(|| Problem::missing("worker"))
}

/// List the workers
#[utoipa::path(
    get, path = "/admin/workers", tag = "admin", operation_id = "admin_list_workers",
    responses((status = 200, description = "The workers, including those silent for up to a day", body = Workers)),
)]
pub(super) async fn list(State(app): State<App>, _: Operator) -> Answer<Json<Workers>> {
    Ok(Json(Workers { items: workers(&app).await? }))
}

/// Drain a worker
///
/// It takes no more jobs, and finishes those it has.
#[utoipa::path(
    post, path = "/admin/workers/{id}/drain", tag = "admin", operation_id = "admin_drain_worker",
    params(("id" = String, Path, description = "The name of the worker")),
    responses((status = 200, description = "The worker takes no more jobs within 20 seconds", body = WorkerView)),
)]
pub(super) async fn drain_one(
    State(app): State<App>,
    Operator(visitor): Operator,
    PathId(id): PathId,
) -> Answer<Json<WorkerView>> {
    told(&app, &visitor, &id, true).await
}

/// Let a drained worker take jobs again
#[utoipa::path(
    post, path = "/admin/workers/{id}/undrain", tag = "admin", operation_id = "admin_undrain_worker",
    params(("id" = String, Path, description = "The name of the worker")),
    responses((status = 200, description = "The worker takes jobs again within 20 seconds", body = WorkerView)),
)]
pub(super) async fn undrain_one(
    State(app): State<App>,
    Operator(visitor): Operator,
    PathId(id): PathId,
) -> Answer<Json<WorkerView>> {
    told(&app, &visitor, &id, false).await
}
