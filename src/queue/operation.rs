//! What operators do with the queue: let it rest, limit owners, and find what is no longer needed.

use std::time::Duration;

use super::statements::{
    BYTES, DIGEST, END_ATTEMPTS, FORGET_ALL_WORKERS, FORGET_ARTIFACT, FORGET_DONE, FORGET_PREVIEW, LIMIT, OBJECTS, OLD,
    PAUSE, PAUSED, RELEASE_ALL, RESUME,
};
use super::{JobId, Queue, ids, milliseconds};
use crate::error::Result;

/// The most names that a list has.
const LONGEST_LIST: u32 = 1000;

impl Queue {
    /// Lets no job begin until [`Queue::resume`]; those that run go on. Returns whether this is new.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn pause(&self) -> Result<bool> {
        Ok(!self.database.rows(PAUSE, &[]).await?.is_empty())
    }

    /// Lets jobs begin again. Returns whether this is new.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn resume(&self) -> Result<bool> {
        Ok(!self.database.rows(RESUME, &[]).await?.is_empty())
    }

    /// Since when the queue is paused, in milliseconds since 1970; `None` if it is not.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn paused(&self) -> Result<Option<i64>> {
        self.database.rows(PAUSED, &[]).await?.first().map(|row| row.whole("since")).transpose()
    }

    /// Changes how many jobs of an owner may run at once, for those that were added already.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn limit(&self, owner: &str, max_running: u32) -> Result<()> {
        self.database.rows(LIMIT, &[owner.into(), i64::from(max_running.max(1)).into()]).await.map(drop)
    }

    /// Jobs that ended at least so long ago, the oldest first; at most `limit` of 1000. Those whose pictures are published
    /// are not among them.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn ended_before(&self, age: Duration, limit: u32) -> Result<Vec<JobId>> {
        let limit = i64::from(limit.min(LONGEST_LIST));
        let rows = self.database.rows(OLD, &[milliseconds(age).into(), limit.into()]).await?;
        ids(&rows)
    }

    /// How many bytes all files of jobs have.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn stored_bytes(&self) -> Result<u64> {
        let rows = self.database.rows(BYTES, &[]).await?;
        let bytes = rows.first().map_or(Ok(0), |row| row.whole("bytes"))?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    /// The keys of the objects that jobs have, in order, from the first one after a key; at most `limit` of 1000.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn objects_after(&self, key: &str, limit: u32) -> Result<Vec<String>> {
        let rows = self.database.rows(OBJECTS, &[key.into(), i64::from(limit.min(LONGEST_LIST)).into()]).await?;
        rows.iter().map(|row| row.text("object")).collect()
    }

    /// The SHA-256 of a file of a job, as its row has it.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn digest_of(&self, key: &str) -> Result<Option<String>> {
        self.database.rows(DIGEST, &[key.into()]).await?.first().map(|row| row.text("sha256")).transpose()
    }

    /// Forgets an object that is gone: a job that is done goes with it, another one starts over.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn forget_object(&self, key: &str) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        for statement in [FORGET_DONE, FORGET_ARTIFACT, FORGET_PREVIEW] {
            transaction.rows(statement, &[key.into()]).await?;
        }
        transaction.commit().await
    }

    /// Gives back all running jobs without counting a failure, and forgets all workers. For a queue that was restored, of
    /// whose workers none lives.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn release_all(&self) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        for statement in [RELEASE_ALL, END_ATTEMPTS, FORGET_ALL_WORKERS] {
            transaction.rows(statement, &[]).await?;
        }
        transaction.commit().await
    }
}
