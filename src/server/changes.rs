//! Which jobs changed. This is only a hint: a change may be told twice or, rarely, not at all, and the row in the database
//! is the truth.

use tokio::sync::broadcast;

use crate::queue::JobId;

/// How many changes a slow listener may lag behind; then it must look at all jobs that it watches.
const MOST_UNREAD: usize = 1024;

/// Tells listeners which jobs changed. Clones tell the same listeners.
#[derive(Clone)]
pub struct Changes {
    sender: broadcast::Sender<JobId>,
}

impl Changes {
    /// Changes without listeners.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(MOST_UNREAD) }
    }

    /// Tells all listeners that a job changed.
    pub fn tell(&self, job: &JobId) {
        // Without listeners, nobody needs to know.
        let _ = self.sender.send(job.clone());
    }

    /// Listens to the changes from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<JobId> {
        self.sender.subscribe()
    }
}

impl Default for Changes {
    fn default() -> Self {
        Self::new()
    }
}
