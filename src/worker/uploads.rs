//! What goes to the store while a job is drawn, in a task of its own: previews and checkpoints.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::kept::{Keeper, PICTURE};
use super::report::WorkerEvent;
use super::setup::{Limits, Report};
use crate::error::Result;
use crate::files::read_regular;
use crate::objects::{Objects, job_key};
use crate::queue::{Claim, Progress};

/// The largest picture that becomes a preview, in bytes.
const LARGEST_PREVIEW: u64 = 64 << 20;

/// What there is to store, as counters that only grow.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    preview: u64,
    checkpoint: u64,
    end: bool,
}

/// The task that stores what a child writes.
pub(super) struct Uploads {
    wanted: watch::Sender<Wanted>,
    task: JoinHandle<Keeper>,
}

impl Uploads {
    pub(super) fn start(work: Work) -> Self {
        let (wanted, receiver) = watch::channel(Wanted::default());
        Self { wanted, task: tokio::spawn(work.run(receiver)) }
    }

    /// Says that the child wrote its picture.
    pub(super) fn want_preview(&self) {
        self.wanted.send_modify(|wanted| wanted.preview += 1);
    }

    /// Says that the child wrote a checkpoint.
    pub(super) fn want_checkpoint(&self) {
        self.wanted.send_modify(|wanted| wanted.checkpoint += 1);
    }

    /// Ends the task after what it is storing now. Returns the keeper of the checkpoints; `None` if it takes longer than
    /// this, when it is ended at once.
    pub(super) async fn end(mut self, within: Duration) -> Option<Keeper> {
        self.wanted.send_modify(|wanted| wanted.end = true);
        tokio::time::timeout(within, &mut self.task).await.ok()?.ok()
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the task works with.
pub(super) struct Work {
    pub(super) objects: Objects,
    pub(super) claim: Claim,
    pub(super) folder: PathBuf,
    pub(super) keeper: Keeper,
    pub(super) progress: Arc<watch::Sender<Progress>>,
    pub(super) limits: Limits,
    pub(super) report: Report,
    pub(super) previews: Previews,
}

/// The previews of a claim.
#[derive(Default)]
pub(super) struct Previews {
    number: u32,
    /// The digest of the last one
    digest: Vec<u8>,
    /// Those that exist
    keys: Vec<String>,
}

impl Work {
    async fn run(mut self, mut wanted: watch::Receiver<Wanted>) -> Keeper {
        let (mut previewed, mut kept) = (0, 0);
        let begin = Instant::now();
        let (mut next_preview, mut next_checkpoint) = (begin, begin + self.limits.checkpoint_pause);
        loop {
            let now = *wanted.borrow_and_update();
            if now.end {
                return self.keeper;
            }
            let preview = (now.preview > previewed).then_some(next_preview);
            let checkpoint = (now.checkpoint > kept).then_some(next_checkpoint);
            let due = [preview, checkpoint].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= Instant::now()) else {
                tokio::select! {
                    changed = wanted.changed() => if changed.is_err() { return self.keeper },
                    () = sleep_until(due.unwrap_or(begin)), if due.is_some() => {}
                }
                continue;
            };
            // What is written while it is stored is stored again.
            if checkpoint == Some(due) {
                kept = now.checkpoint;
                let saved = self.keeper.save().await;
                self.tell(saved);
                next_checkpoint = Instant::now() + self.limits.checkpoint_pause;
            } else {
                previewed = now.preview;
                let shown = self.preview().await;
                self.tell(shown);
                next_preview = Instant::now() + self.limits.preview_pause;
            }
        }
    }

    /// Stores the picture so far, if it has changed, and has it reported. Earlier ones are deleted, but for the last,
    /// which the job may still name.
    async fn preview(&mut self) -> Result<()> {
        let path = self.folder.join(PICTURE);
        let read = tokio::task::spawn_blocking(move || read_regular(&path, LARGEST_PREVIEW)).await;
        // The next one may be readable.
        let Ok(Ok(bytes)) = read else { return Ok(()) };
        let digest = Sha256::digest(&bytes).to_vec();
        let previews = &mut self.previews;
        if digest == previews.digest {
            return Ok(());
        }
        previews.number += 1;
        let name = format!("preview-{}.png", previews.number);
        let key = job_key(&self.claim.job, self.claim.number, &name);
        self.objects.create(&key, bytes, "image/png").await?;
        self.progress.send_modify(|progress| progress.preview = Some(key.clone()));
        previews.digest = digest;
        previews.keys.push(key);
        while previews.keys.len() > 2 {
            let oldest = previews.keys.remove(0);
            self.objects.delete(&oldest).await?;
        }
        Ok(())
    }

    /// Reports an error: the job goes on without the preview or the checkpoint.
    fn tell(&self, result: Result<()>) {
        if let Err(error) = result {
            let what = format!("job {}: {error}; {}", self.claim.job, error.hint());
            (self.report)(WorkerEvent::Trouble { what });
        }
    }
}
