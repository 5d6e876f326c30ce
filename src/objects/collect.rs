//! Deletes what nothing refers to.

use std::time::Duration;

use futures_util::TryStreamExt;

use super::{Objects, job_of};
use crate::database::Id;
use crate::error::Result;
use crate::queue::Queue;

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// How many objects
    pub objects: u64,
    /// Their length
    pub bytes: u64,
}

/// Deletes the files of jobs that no job refers to and that are older: those of claims that were lost, and those of jobs
/// that were deleted. An age of 24 hours is far more than any claim lasts.
///
/// # Errors
///
/// If the database or the store cannot be reached. What was deleted before stays deleted.
pub async fn collect(objects: &Objects, queue: &Queue, older: Duration) -> Result<Collected> {
    let mut collected = Collected::default();
    let mut pages = objects.pages("jobs")?;
    while let Some(page) = pages.try_next().await? {
        let is_old = |age: Result<Duration, _>| age.is_ok_and(|age: Duration| age > older);
        let old: Vec<_> = page.into_iter().filter(|found| is_old(found.modified.elapsed())).collect();
        let keys: Vec<(Id, String)> =
            old.iter().filter_map(|found| Some((job_of(&found.key)?, found.key.clone()))).collect();
        let referred = queue.referred(&keys).await?;
        for found in old.iter().filter(|found| job_of(&found.key).is_some() && !referred.contains(&found.key)) {
            objects.delete(&found.key).await?;
            collected.objects += 1;
            collected.bytes += found.bytes;
        }
    }
    for folder in ["jobs", "uploads"] {
        collected.objects += objects.remove_unfinished(folder, older).await;
    }
    Ok(collected)
}
