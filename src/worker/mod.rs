//! The worker: takes jobs from the queue and draws each in a process of its own.

mod order;
mod report;
mod setup;

pub use order::{Input, Order};
pub use report::WorkerEvent;
pub use setup::{Limits, Notify, Report, Setup, Shutdown, Switch};

/// Works until the shutdown is requested.
///
/// # Errors
/// If the folder cannot be used.
pub async fn run(_: Setup, mut shutdown: Shutdown) -> crate::Result<()> {
    shutdown.requested().await;
    Ok(())
}
