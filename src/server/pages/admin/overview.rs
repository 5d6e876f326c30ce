//! The first page for operators: the queue, the workers, the disk.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::{Desk, back};
use crate::machine::in_words;
use crate::server::admin::{Overview, WorkerView, list_workers, overview};
use crate::server::app::App;
use crate::server::pages::{Form, Layout, render};
use crate::server::problem::Answer;

#[derive(Template)]
#[template(path = "admin/overview.html", config = "src/server/pages/askama.toml")]
struct OverviewPage {
    layout: Layout,
    done: Option<&'static str>,
    queue: Overview,
    workers: Vec<WorkerView>,
    stored: String,
    free: Option<String>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(show))
        .route("/admin/queue/pause", post(pause))
        .route("/admin/queue/resume", post(resume))
}

async fn show(State(app): State<App>, desk: Desk) -> Answer<Response> {
    let queue = overview(&app).await?;
    let mut workers = list_workers(&app).await?;
    workers.retain(|worker| worker.alive);
    let (stored, free) = (in_words(queue.stored_bytes), queue.free_bytes.map(in_words));
    Ok(render(&OverviewPage { layout: desk.layout, done: desk.done, queue, workers, stored, free }))
}

async fn pause(State(app): State<App>, desk: Desk, form: Form) -> Answer<Response> {
    app.acts(&desk.visitor).pause().await?;
    Ok(back(&form, "/admin", "paused"))
}

async fn resume(State(app): State<App>, desk: Desk, form: Form) -> Answer<Response> {
    app.acts(&desk.visitor).resume().await?;
    Ok(back(&form, "/admin", "resumed"))
}

impl OverviewPage {
    /// How long the oldest job has been waiting, in words.
    fn oldest(&self) -> Option<String> {
        self.queue.oldest_wait.map(seconds)
    }

    /// How long a picture usually takes, in words.
    fn usual(&self) -> Option<String> {
        self.queue.seconds.map(seconds)
    }
}

/// A time in words, as exactly as people want to know it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn seconds(seconds: f64) -> String {
    let whole = seconds.clamp(0.0, 1e12) as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..120 => format!("{whole} s"),
        120..7200 => format!("{} min", whole / 60),
        7200..172_800 => format!("{} h", whole / 3600),
        _ => format!("{} days", whole / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_people_want() {
        for (time, words) in [
            (0.25, "0.2 s"),
            (9.96, "10.0 s"),
            (59.0, "59 s"),
            (600.0, "10 min"),
            (9000.0, "2 h"),
            (864_000.0, "10 days"),
            (-1.0, "-1.0 s"),
        ] {
            assert_eq!(seconds(time), words);
        }
    }
}
