//! The queue as a whole, for operators.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Operator;
use crate::server::app::App;
use crate::server::moment::moment;
use crate::server::problem::Answer;

/// The queue and the disk, for operators. What is not known is left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AdminQueue)]
pub(in crate::server) struct Overview {
    /// Jobs that wait
    pub queued: u64,
    /// Jobs that are drawn
    pub running: u64,
    /// Jobs with a picture
    pub done: u64,
    /// Jobs that failed for good and wait for an operator
    pub dead: u64,
    /// Jobs that were canceled
    pub cancelled: u64,
    /// Since when the queue is paused
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub paused: Option<String>,
    /// How long the oldest job that could be drawn has been waiting, in seconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_wait: Option<f64>,
    /// The median time of the last 20 pictures, in seconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Workers that are alive
    pub workers: u64,
    /// How many jobs they draw at once; workers that take no more jobs do not count
    pub slots: u64,
    /// The total size of all job files, in bytes
    pub stored_bytes: u64,
    /// Free space on the disk that holds the data, in bytes
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
}

/// Looks at the queue, the workers and the disk.
pub(in crate::server) async fn overview(app: &App) -> Answer<Overview> {
    let (counts, whole) = (app.queue.counts().await?, app.queue.overview().await?);
    let tenths = |time: std::time::Duration| (time.as_secs_f64() * 10.0).round() / 10.0;
    let folder = app.config.data.clone();
    let free = tokio::task::spawn_blocking(move || fs4::available_space(folder)).await;
    Ok(Overview {
        queued: counts.queued,
        running: counts.running,
        done: counts.done,
        dead: counts.dead,
        cancelled: counts.cancelled,
        paused: app.queue.paused().await?.map(moment),
        oldest_wait: app.queue.longest_wait().await?.map(tenths),
        seconds: whole.usual.map(tenths),
        workers: whole.workers,
        slots: whole.slots,
        stored_bytes: app.queue.stored_bytes().await?,
        free_bytes: free.ok().and_then(std::result::Result::ok),
    })
}

/// Look at the queue, the workers and the disk
#[utoipa::path(
    get, path = "/admin/queue", tag = "admin", operation_id = "admin_show_queue",
    responses((status = 200, description = "The queue", body = Overview)),
)]
pub(super) async fn show(State(app): State<App>, _: Operator) -> Answer<Json<Overview>> {
    overview(&app).await.map(Json)
}

/// Pause the queue
///
/// No job begins until the queue is resumed. Those that run go on, and new ones wait.
#[utoipa::path(
    post, path = "/admin/queue/pause", tag = "admin", operation_id = "admin_pause_queue",
    responses((status = 200, description = "The queue is paused, now or before", body = Overview)),
)]
pub(super) async fn pause(State(app): State<App>, Operator(visitor): Operator) -> Answer<Json<Overview>> {
    app.acts(&visitor).pause().await?;
    overview(&app).await.map(Json)
}

/// Resume the queue
#[utoipa::path(
    post, path = "/admin/queue/resume", tag = "admin", operation_id = "admin_resume_queue",
    responses((status = 200, description = "Jobs begin", body = Overview)),
)]
pub(super) async fn resume(State(app): State<App>, Operator(visitor): Operator) -> Answer<Json<Overview>> {
    app.acts(&visitor).resume().await?;
    overview(&app).await.map(Json)
}
