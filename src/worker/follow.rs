//! Follows a process while it draws a job: its output, its time limit, and when it must stop.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::beats::{Reason, Reasons};
use super::child::Outcome;
use super::events::{Fault, Said, Tail};
use super::kept::PICTURE;
use super::process::Process;
use super::setup::Limits;
use super::uploads::Uploads;
use crate::progress::Figures;
use crate::queue::Progress;

/// The time for a child to end whose job was canceled.
const TO_CANCEL: Duration = Duration::from_secs(5);
/// The time for the system to end a child.
const TO_KILL: Duration = Duration::from_secs(10);
/// The time for the last lines of a child that has ended.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How the work of a process on a job ended.
#[derive(Default)]
pub(super) struct Ran {
    /// The number of the job; none if the process draws it alone
    task: Option<u64>,
    /// Whether the job has begun. Until then, the output of a kept process is about an earlier job
    pub(super) has_begun: bool,
    /// Whether the process said that the job ended
    pub(super) has_ended: bool,
    /// Whether the process could draw another job
    pub(super) is_alive: bool,
    /// None if the system could not end the process
    pub(super) status: Option<Outcome>,
    /// Why it was asked to end
    pub(super) reason: Option<Reason>,
    /// Which limit it exceeded, in words
    pub(super) exceeded: Option<String>,
    /// What it drew
    pub(super) finished: Option<Finished>,
    /// What it said was wrong
    pub(super) fault: Option<Fault>,
    /// What else it wrote
    pub(super) tail: Tail,
}

/// What a child drew.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finished {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) iterations: Option<u32>,
    pub(super) figures: Figures,
    pub(super) seed: u64,
    pub(super) seconds: f64,
}

/// Follows a process to the end of its job, and to its own end if it does not continue.
pub(super) async fn follow(
    process: &mut Process,
    limits: &Limits,
    reasons: &mut Reasons,
    progress: &watch::Sender<Progress>,
    uploads: &Uploads,
) -> Ran {
    let mut ran = Ran { task: process.task, has_begun: process.is_new(), ..Ran::default() };
    let Process { child, said, .. } = process;
    let mut is_open = true;
    let wall = Instant::now() + limits.wall;
    let mut silence = Instant::now() + limits.silence;
    // When a child that must end is killed, and then given up.
    let mut last_call: Option<(Instant, bool)> = None;
    loop {
        let until = last_call.map_or(wall.min(silence), |(until, _)| until);
        tokio::select! {
            line = said.recv(), if is_open => match line {
                Some(line) => {
                    silence = Instant::now() + limits.silence;
                    ran.hear(&line, progress, uploads);
                    if ran.tail.is_too_long() && ran.exceeded.is_none() {
                        ran.exceeded = Some("the process that drew the picture wrote too many messages".to_owned());
                        child.kill();
                        last_call = Some((Instant::now() + TO_KILL, true));
                    }
                    // A process that was asked to end does so at this point.
                    if ran.has_ended && last_call.is_none() {
                        ran.is_alive = true;
                        return ran;
                    }
                }
                None => is_open = false,
            },
            status = child.wait() => {
                ran.status = ran.status.or(status.ok().map(Outcome::from));
                break;
            }
            reason = reasons.any(), if ran.reason.is_none() && ran.exceeded.is_none() => {
                ran.reason = Some(reason);
                last_call = Some(match reason {
                    Reason::Shutdown => (Instant::now() + limits.grace, false),
                    Reason::Cancelled => (Instant::now() + TO_CANCEL, false),
                    Reason::Fenced | Reason::Lost => (Instant::now() + TO_KILL, true),
                });
                if matches!(reason, Reason::Fenced | Reason::Lost) { child.kill() } else { child.terminate() }
            }
            () = sleep_until(until) => match last_call {
                Some((_, true)) => break,
                None => {
                    let limit = if wall <= silence {
                        format!("the picture was not ready after {}", in_words(limits.wall))
                    } else {
                        format!("the process that drew the picture was silent for {}", in_words(limits.silence))
                    };
                    ran.exceeded = Some(limit);
                    child.kill();
                    last_call = Some((Instant::now() + TO_KILL, true));
                }
                Some((_, false)) => {
                    child.kill();
                    last_call = Some((Instant::now() + TO_KILL, true));
                }
            },
        }
    }
    ran.hear_rest(said, progress, uploads).await;
    ran
}

impl Ran {
    /// Whether the job is done.
    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(Outcome::success)
    }

    /// Whether the process that was kept ended, or was ended, before it took the job: that says nothing about the job.
    pub(super) fn is_void(&self) -> bool {
        !self.has_begun && self.status.is_some() && self.reason.is_none()
    }

    /// The lines that were on their way when the child ended. Something that it left behind may hold the other end.
    async fn hear_rest(
        &mut self,
        said: &mut mpsc::Receiver<String>,
        progress: &watch::Sender<Progress>,
        uploads: &Uploads,
    ) {
        let rest = async {
            while let Some(line) = said.recv().await {
                self.hear(&line, progress, uploads);
            }
        };
        let _ = timeout(LAST_LINES, rest).await;
    }

    fn hear(&mut self, line: &str, progress: &watch::Sender<Progress>, uploads: &Uploads) {
        let said = Said::read(line);
        if !self.has_begun {
            let begun = self.task.map(|number| Said::TaskBegun { number });
            self.has_begun = said.is_some() && said == begun;
            self.tail.pass_over(line);
            if self.has_begun {
                // The limit on messages is for those about this job.
                self.tail = Tail::default();
            }
            return;
        }
        let Some(said) = said else {
            if !line.trim().is_empty() {
                self.tail.add(line);
            }
            return;
        };
        match said {
            Said::TaskEnded { number, exit_code } if self.task == Some(number) => {
                self.has_ended = true;
                self.status = Some(Outcome::of_code(exit_code));
            }
            Said::Started { iterations, done } => progress.send_modify(|progress| {
                (progress.iteration, progress.iterations) = (Some(done), Some(iterations));
            }),
            Said::Step { iteration, loss, fit } => progress.send_modify(|progress| {
                progress.iteration = Some(iteration.saturating_add(1));
                progress.loss = loss.or(progress.loss);
                progress.fit = fit.or(progress.fit);
            }),
            Said::Saved { path } if path == PICTURE => uploads.want_preview(),
            Said::Checkpoint { iteration } if iteration > 0 => uploads.want_checkpoint(),
            Said::Finished { seed, figures, seconds, width, height } => {
                let iterations = progress.borrow().iterations;
                self.finished = Some(Finished { width, height, iterations, figures, seed, seconds });
            }
            Said::Failed { message, hint, in_fields } => {
                self.fault = Some(in_fields.unwrap_or(Fault { message, hint }));
            }
            Said::Saved { .. }
            | Said::Checkpoint { .. }
            | Said::TaskBegun { .. }
            | Said::TaskEnded { .. }
            | Said::Other => {}
        }
    }
}

/// A limit, in words.
fn in_words(limit: Duration) -> String {
    match limit.as_secs() {
        seconds if seconds >= 2 * 3600 => format!("{} hours", seconds / 3600),
        seconds if seconds >= 120 => format!("{} minutes", seconds / 60),
        _ => format!("{} seconds", limit.as_secs_f64()),
    }
}
