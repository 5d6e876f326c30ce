//! Waits for the jobs of a request, and cancels them if nobody waits any longer.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::{Instant, timeout};

use crate::queue::{Cancelling, Job, JobId, State};
use crate::server::app::App;
use crate::server::problem::{Answer, Problem};

/// The longest wait for all jobs.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// The longest wait for a hint that a job changed, before all are looked at in any case.
const HINT_WAIT: Duration = Duration::from_secs(2);

/// The jobs of a request. Those that have not ended when this value is dropped are canceled, as nobody would fetch their
/// pictures.
pub(super) struct Asked {
    app: App,
    jobs: Vec<JobId>,
    is_over: bool,
}

impl Asked {
    /// No jobs yet.
    pub fn new(app: App) -> Self {
        Self { app, jobs: Vec::new(), is_over: false }
    }

    /// Adds a job.
    pub fn add(&mut self, job: JobId) {
        self.jobs.push(job);
    }

    /// Waits until all jobs have a picture. Returns the jobs in the order in which they were added.
    pub async fn pictures(mut self) -> Answer<Vec<JobId>> {
        let until = Instant::now() + LONGEST_WAIT;
        let mut changes = self.app.changes.listen();
        loop {
            let mut waiting = 0;
            for id in &self.jobs {
                let job = self.app.queue.job(id, None).await?;
                let job = job.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "the picture was deleted"))?;
                if !is_done(&job)? {
                    waiting += 1;
                }
            }
            if waiting == 0 {
                self.is_over = true;
                return Ok(std::mem::take(&mut self.jobs));
            }
            if Instant::now() >= until {
                let detail = format!("the pictures were not ready within {} minutes", LONGEST_WAIT.as_secs() / 60);
                return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, detail)
                    .hint("ask with POST /api/v1/jobs, which does not wait"));
            }
            // Changes of other jobs are no reason to look. A lost hint is.
            let hint = async { while changes.recv().await.is_ok_and(|job| !self.jobs.contains(&job)) {} };
            let _ = timeout(HINT_WAIT, hint).await;
        }
    }
}

/// Whether a job has its picture; an error if it will never have one.
fn is_done(job: &Job) -> Answer<bool> {
    match job.state {
        State::Done => Ok(true),
        State::Queued | State::Running => Ok(false),
        State::Cancelled => Err(Problem::new(StatusCode::CONFLICT, "the picture was canceled")),
        State::Dead => {
            let error = job.error.clone().unwrap_or_else(|| "the picture could not be drawn".into());
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error);
            Err(problem.hint(job.hint.clone().unwrap_or_default()))
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let (app, jobs) = (self.app.clone(), std::mem::take(&mut self.jobs));
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.is_over || jobs.is_empty() {
            return;
        }
        runtime.spawn(async move {
            for job in jobs {
                match app.queue.cancel(&job, None).await {
                    Ok(Cancelling::Done | Cancelling::Asked) => app.changes.tell(&job),
                    Ok(Cancelling::TooLate(_) | Cancelling::Unknown) => {}
                    Err(error) => tracing::warn!(%error, job = job.as_str(), "a job was not canceled"),
                }
            }
        });
    }
}
