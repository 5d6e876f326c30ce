//! What a terminal shows of a server: its address, and a line for each job that lives.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use crate::cli::terminal::{Bar, Tone, Unit, labeled, line};
use crate::progress::Figures;
use crate::queue::{Filter, Job, JobId, State};
use crate::server::{App, Config};

/// The most lines of jobs.
const MOST_LINES: usize = 8;
/// The most characters of a prompt in a line.
const LONGEST_PROMPT: usize = 60;
/// How often jobs are looked up at most.
const PAUSE: Duration = Duration::from_millis(200);

/// The lines of the jobs that are drawn.
pub(super) struct Display {
    app: App,
    bars: HashMap<JobId, Bar>,
}

impl Display {
    /// Shows the address, and then the jobs as they change, until the server ends.
    pub(super) fn start(config: &Config, address: SocketAddr, app: App) {
        let url = format!("http://{address}");
        labeled(Tone::Done, "ready:", &url);
        line(&format!("       {url}/docs describes the API, and can be tried"));
        let jobs = match config.workers {
            0 => "no jobs; start `text2art worker` beside it".to_owned(),
            1 => "one job at a time".to_owned(),
            more => format!("up to {more} jobs at once"),
        };
        line(&format!("       draws {jobs}; the data is in {}", place(config)));
        if !config.is_local() && config.open {
            labeled(Tone::Warning, "warning:", "everybody who can reach this address can use the server");
        }
        tokio::spawn(async move { Self { app, bars: HashMap::new() }.run().await });
    }

    async fn run(mut self) {
        let (mut changes, mut stop) = (self.app.changes.listen(), self.app.stop.clone());
        loop {
            let changed = tokio::select! {
                changed = changes.recv() => changed,
                () = stop.requested() => return,
            };
            tokio::time::sleep(PAUSE).await;
            let mut ids: Vec<JobId> = match changed {
                Ok(id) => vec![id],
                Err(RecvError::Lagged(_)) => self.running().await,
                Err(RecvError::Closed) => return,
            };
            while let Ok(id) = changes.try_recv() {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            for id in ids {
                // An error passes; the next change shows the job again.
                match self.app.queue.job(&id, None).await {
                    Ok(Some(job)) => self.show(&job),
                    Ok(None) => drop(self.bars.remove(&id)),
                    Err(_) => {}
                }
            }
        }
    }

    /// The jobs that may have changed while too much happened.
    async fn running(&self) -> Vec<JobId> {
        let filter = Filter { state: Some(State::Running), limit: 100, ..Filter::default() };
        let running = self.app.queue.jobs(&filter).await.unwrap_or_default();
        self.bars.keys().cloned().chain(running.into_iter().map(|job| job.id)).collect()
    }

    fn show(&mut self, job: &Job) {
        match job.state {
            State::Running => {
                if self.bars.len() >= MOST_LINES && !self.bars.contains_key(&job.id) {
                    return;
                }
                let (done, total) = (u64::from(job.iteration.unwrap_or(0)), job.iterations.map(u64::from));
                let bar = self.bars.entry(job.id.clone()).or_insert_with(|| {
                    let mut bar = Bar::new(Unit::Iterations, total);
                    bar.set_name(&short(&job.prompt));
                    bar.begin(done);
                    bar
                });
                bar.set_total(total);
                let figures = Figures::lately(job.loss, job.fit);
                bar.set_note(figures.in_short().unwrap_or_default());
                bar.show(done);
            }
            state => {
                let was_shown = self.bars.remove(&job.id).is_some();
                let text = format!("{} ({})", short(&job.prompt), job.id);
                match state {
                    State::Done => labeled(Tone::Done, "done:", &format!("{text}{}", took(job))),
                    State::Dead => {
                        let error = job.error.as_deref().unwrap_or("unknown");
                        labeled(Tone::Error, "failed:", &format!("{text}: {error}"));
                    }
                    State::Cancelled => labeled(Tone::Warning, "canceled:", &text),
                    _ if was_shown => labeled(Tone::Warning, "waits again:", &text),
                    _ => labeled(Tone::Hint, "queued:", &text),
                }
            }
        }
    }
}

/// The places of a server's data, without passwords.
pub(super) fn place(config: &Config) -> String {
    let elsewhere = &config.elsewhere;
    let database = elsewhere.database.as_ref().map(ToString::to_string);
    let storage = elsewhere.storage.as_ref().map(|storage| storage.bucket.to_string());
    let folder = config.data.display().to_string();
    match (database, storage) {
        (None, None) => folder,
        (database, storage) => {
            format!("{} and {}", database.unwrap_or_else(|| folder.clone()), storage.unwrap_or(folder))
        }
    }
}

fn short(prompt: &str) -> String {
    let mut text: String = prompt.chars().take(LONGEST_PROMPT).collect();
    if text.len() < prompt.len() {
        text.push('…');
    }
    text
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of a job")]
fn took(job: &Job) -> String {
    let milliseconds = job.started.zip(job.finished).map(|(started, finished)| finished.saturating_sub(started));
    milliseconds.map_or_else(String::new, |milliseconds| format!(", {:.1} s", milliseconds as f64 / 1000.0))
}
