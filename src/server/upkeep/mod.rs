//! What operators do with the data of a server, also while it runs: delete what is old, back up, restore.

mod acts;
mod archive;
mod backup;
mod named;
mod restore;
mod retention;

use std::time::Duration;

pub use acts::Acts;
pub use backup::{BackedUp, back_up};
pub use restore::{Restored, restore};
pub use retention::{Deleted, delete_job, delete_old};

use super::data::Data;
use super::uploads::Uploads;
use crate::error::Result;
use crate::objects::{Collected, collect};

/// How old a file must be before it is deleted because nothing refers to it: far more than a job takes.
pub const LOST: Duration = Duration::from_hours(24);

/// Deletes uploads that were not used for long, and files that nothing refers to any longer. Returns how many uploads and
/// which files it deleted.
///
/// # Errors
///
/// If the database or the store cannot be reached, or do not belong together. What was deleted before stays deleted.
pub async fn collect_garbage(data: &Data) -> Result<(usize, Collected)> {
    data.check_belonging().await?;
    let uploads = Uploads::over(data.database.clone(), data.objects.clone()).collect().await?;
    Ok((uploads, collect(&data.objects, &data.queue, LOST).await?))
}
