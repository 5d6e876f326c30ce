//! Locks, so that only one process at a time writes a content of the cache.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::cache::create_folder_of;
use crate::files::lock;
use crate::progress::Stop;
use crate::{Error, Result};

/// Time between two attempts.
const INTERVAL: Duration = Duration::from_millis(100);

/// A lock that is held until it is dropped or its process ends. Python's clients use the same lock (`flock`).
pub(super) struct Lock(File);

impl Lock {
    /// Waits for a lock as long as `size`, which measures its holder's output, changes at least once in `patience`.
    ///
    /// # Errors
    /// If the lock's file cannot be written, its holder makes no progress, or a stop is requested.
    pub(super) fn take(path: &Path, stop: &Stop, patience: Duration, size: impl Fn() -> u64) -> Result<Self> {
        create_folder_of(path)?;
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = opened.map_err(|error| Error::cache(path, &error))?;
        let (mut seen, mut changed) = (size(), Instant::now());
        loop {
            // Without locks, the rename at the end still keeps every file complete.
            if lock(&file).map_err(|error| Error::cache(path, &error))? {
                return Ok(Self(file));
            }
            let now = size();
            if now != seen {
                (seen, changed) = (now, Instant::now());
            }
            if changed.elapsed() > patience {
                let problem = "another process holds this lock but is not downloading anything".into();
                let hint = "stop the other process, or wait until it finishes".into();
                return Err(Error::Cache { path: path.to_owned(), problem, hint });
            }
            stop.sleep(INTERVAL)?;
        }
    }
}

/// Whether no process holds a lock.
pub(super) fn is_free(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return true };
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would also release the lock.
        let _ = self.0.unlock();
    }
}
