//! `serve admin gc` and `retention`: deletes what is no longer needed.

use super::{Place, acts};
use crate::cli::options::max_memory::MemorySize;
use crate::cli::terminal::stdout;
use crate::cli::verbs::serve::options::keep::Age;
use crate::models::hub::megabytes;
use crate::server::upkeep::{collect_garbage, delete_old};
use crate::text::counted;

/// Arguments of `retention`.
#[derive(clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Retention {
    /// Delete jobs that ended at least this long ago, such as 12h or 30d
    #[arg(long, value_name = "TIME")]
    older_than: Option<Age>,
    /// Delete ended jobs, oldest first, until the files of all jobs together take at most this much space, such as 20G
    #[arg(long, value_name = "SIZE")]
    keep_bytes: Option<MemorySize>,
}

pub(super) async fn collect(place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let (uploads, files) = collect_garbage(&data).await?;
    data.close().await;
    let (uploads, bytes) = (counted(uploads, "upload"), megabytes(files.bytes));
    let files = counted(files.objects, "file");
    stdout::print_line(&format!("deleted {uploads} and {files} ({bytes})"))
}

pub(super) async fn retain(arguments: &Retention, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    data.check_belonging().await?;
    let (age, most) = (arguments.older_than.map(Age::duration), arguments.keep_bytes.map(|size| size.0));
    let deleted = delete_old(&data.queue, &data.objects, age, most, &|_| ()).await?;
    let left = data.queue.stored_bytes().await?;
    let jobs = counted(deleted.jobs, "job");
    if deleted.jobs > 0 {
        acts(&data).note("old jobs deleted", "", Some(&jobs)).await?;
    }
    data.close().await;
    stdout::print_line(&format!("deleted {jobs} ({}); {} are left", megabytes(deleted.bytes), megabytes(left)))
}
