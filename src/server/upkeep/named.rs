//! The objects that a database names: those of jobs, then uploads.

use crate::database::Database;
use crate::error::Result;
use crate::queue::{Queue, Rules};
use crate::server::uploads::Recorded;

/// How many keys are looked up at a time.
const AT_A_TIME: u32 = 500;

/// Goes through the keys of the objects, some at a time. An object that was returned may be forgotten.
pub(super) struct Named {
    queue: Queue,
    uploads: Recorded,
    of_jobs: bool,
    /// The last key that was returned of the kind
    last: String,
}

impl Named {
    pub(super) fn new(database: &Database) -> Self {
        let queue = Queue::new(database.clone(), Rules::default());
        Self { queue, uploads: Recorded::new(database.clone()), of_jobs: true, last: String::new() }
    }

    /// The next keys; none at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<String>> {
        loop {
            let keys = if self.of_jobs {
                self.queue.objects_after(&self.last, AT_A_TIME).await?
            } else {
                self.uploads.objects_after(&self.last, AT_A_TIME).await?
            };
            if let Some(last) = keys.last() {
                self.last.clone_from(last);
                return Ok(keys);
            }
            if !self.of_jobs {
                return Ok(keys);
            }
            self.of_jobs = false;
            self.last.clear();
        }
    }

    /// Lets the database forget an object that was returned last.
    pub(super) async fn forget(&self, key: &str) -> Result<()> {
        if self.of_jobs { self.queue.forget_object(key).await } else { self.uploads.forget_object(key).await }
    }
}
