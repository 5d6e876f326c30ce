//! Deletes jobs that ended: those that are too old, and the oldest if all take too much room.

use std::time::Duration;

use crate::error::Result;
use crate::objects::Objects;
use crate::queue::{JobId, Queue};

/// How many jobs are looked up at a time.
const AT_A_TIME: u32 = 100;

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// How many jobs
    pub jobs: u64,
    /// The length of their files
    pub bytes: u64,
}

/// Deletes the jobs that ended longer ago than an age; then, from the oldest on, as many as it takes until the files of
/// all jobs have no more bytes than `most`. `tell` is called for each.
///
/// # Errors
///
/// If the database cannot be reached. What was deleted before stays deleted.
pub async fn delete_old(
    queue: &Queue,
    objects: &Objects,
    age: Option<Duration>,
    most: Option<u64>,
    tell: &impl Fn(&JobId),
) -> Result<Deleted> {
    let mut deleted = Deleted::default();
    if let Some(age) = age {
        while delete_some(queue, objects, age, u64::MAX, &mut deleted, tell).await? {}
    }
    if let Some(most) = most {
        loop {
            let surplus = queue.stored_bytes().await?.saturating_sub(most);
            if surplus == 0 || !delete_some(queue, objects, Duration::ZERO, surplus, &mut deleted, tell).await? {
                break;
            }
        }
    }
    Ok(deleted)
}

/// Deletes some of the oldest jobs of an age, until their files had so many bytes. Returns whether there may be more.
async fn delete_some(
    queue: &Queue,
    objects: &Objects,
    age: Duration,
    surplus: u64,
    deleted: &mut Deleted,
    tell: &impl Fn(&JobId),
) -> Result<bool> {
    let before = *deleted;
    for id in queue.ended_before(age, AT_A_TIME).await? {
        if let Some(bytes) = delete_job(queue, objects, &id, None).await? {
            deleted.jobs += 1;
            deleted.bytes += bytes;
            tell(&id);
        }
        if deleted.bytes - before.bytes >= surplus {
            return Ok(true);
        }
    }
    // Jobs that could not be deleted, since someone put them back into the queue, would be found for ever.
    Ok(deleted.jobs > before.jobs)
}

/// Deletes a job that has ended, with its files, and returns their length; `None` if there is no such job, it has not
/// ended, or it belongs to someone else than the given owner.
///
/// # Errors
///
/// If the database cannot be reached.
pub async fn delete_job(queue: &Queue, objects: &Objects, id: &JobId, owner: Option<&str>) -> Result<Option<u64>> {
    let preview = queue.job(id, owner).await?.and_then(|job| job.preview);
    let Some(artifacts) = queue.delete(id, owner).await? else { return Ok(None) };
    let bytes = artifacts.iter().map(|artifact| artifact.bytes).sum();
    for key in artifacts.into_iter().map(|artifact| artifact.object).chain(preview) {
        // The job is gone in any case: what stays is collected later.
        if let Err(error) = objects.delete(&key).await {
            tracing::warn!(%error, key, "an object was not deleted");
        }
    }
    Ok(Some(bytes))
}
