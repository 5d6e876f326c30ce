//! Follows a child from its start to its end: what it says, how long it may take, and when it must stop.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::ChildStderr;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::beats::{Reason, Reasons};
use super::child::Child;
use super::events::{Fault, Said, Tail, lines};
use super::kept::PICTURE;
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

/// How a child ended.
#[derive(Default)]
pub(super) struct Ran {
    /// None if the system could not end it
    pub(super) status: Option<ExitStatus>,
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

/// Follows a child to its end.
pub(super) async fn follow(
    mut child: Child,
    errors: ChildStderr,
    limits: &Limits,
    reasons: &mut Reasons,
    progress: &watch::Sender<Progress>,
    uploads: &Uploads,
) -> Ran {
    let mut ran = Ran::default();
    let mut said = lines(errors);
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
                }
                None => is_open = false,
            },
            status = child.wait() => {
                ran.status = status.ok();
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
    ran.hear_rest(&mut said, progress, uploads).await;
    ran
}

impl Ran {
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
        let Some(said) = Said::read(line) else {
            if !line.trim().is_empty() {
                self.tail.add(line);
            }
            return;
        };
        match said {
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
            Said::Saved { .. } | Said::Checkpoint { .. } | Said::Other => {}
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
