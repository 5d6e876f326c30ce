//! `serve admin backup` and `restore`.

use std::path::PathBuf;

use clap::ValueHint;

use super::{Place, acts};
use crate::cli::terminal::stdout;
use crate::files::check_target;
use crate::models::hub::megabytes;
use crate::server::upkeep;
use crate::text::counted;

/// Arguments of `backup`.
#[derive(clap::Args)]
pub(super) struct Backup {
    /// Archive to write, such as text2art.zip
    ///
    /// The server may run meanwhile. Keep the archive as safe as the server: it has the pictures of all users, and the
    /// hashes of their passwords.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Replace a file that already exists
    #[arg(long)]
    force: bool,
}

/// Arguments of `restore`.
#[derive(clap::Args)]
pub(super) struct Restore {
    /// Archive of `backup`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

pub(super) async fn back_up(arguments: &Backup, place: &Place<'_>) -> anyhow::Result<()> {
    let existing = check_target(&arguments.file, arguments.force)?;
    let data = place.data().await?;
    let made = upkeep::back_up(&data, &place.config, &arguments.file, existing).await?;
    acts(&data).note("backup made", &made.path.display().to_string(), None).await?;
    data.close().await;
    let (jobs, objects) = (counted(made.jobs, "job"), counted(made.objects, "file"));
    let text = format!("backed up {jobs} and {objects} ({}) in {}", megabytes(made.bytes), made.path.display());
    stdout::print_line(&text)
}

pub(super) async fn restore(arguments: &Restore, place: &Place<'_>) -> anyhow::Result<()> {
    let restored = upkeep::restore(&arguments.file, &place.config).await?;
    let (jobs, objects) = (counted(restored.jobs, "job"), counted(restored.objects, "file"));
    stdout::print_line(&format!("restored {jobs} and {objects} in {}", place.config.data.display()))
}
