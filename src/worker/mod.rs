//! The worker: takes jobs from the queue and draws them in separate processes.
//!
//! ```text
//! claim ─► folder of the job ◄─ inputs, checkpoint of an earlier claim
//!            │ order.toml
//!            ▼
//!         process: `text2art generate` or `resume` ── events ─► beats (progress, lease)
//!            │                                        files ──► previews, checkpoints in the store
//!            ▼
//!          files ─► store ─► result, in one transaction
//! ```
//!
//! - **A process can do what it wants**: crash, hang, or take all memory. The worker ends it, and the job is tried again.
//! - **A process is kept for jobs that need the same models**, which it has already loaded. It keeps nothing else from a job,
//!   so each picture has the same bytes as from a new process. Models whose files were changed are other models. A process
//!   whose job does not end well is never kept.
//! - **Nothing draws for nobody.** A child whose worker is killed stops, and a worker whose claim is over stops its child.
//! - **A job that was interrupted ends with the bytes of an unbroken run.** It goes on from a checkpoint and the frames
//!   that belong to it, if the program and the device are the same; otherwise it starts over.

mod abilities;
mod beats;
mod child;
mod deliver;
mod desk;
mod devices;
mod draw;
mod events;
mod follow;
mod kept;
mod order;
mod places;
mod prepare;
mod process;
mod report;
mod setup;
mod slot;
mod supervisor;
mod task;
#[cfg(test)]
mod tests;
mod uploads;
mod waiting;

pub use order::{Input, Order};
pub use places::{Elsewhere, Places};
pub use report::{Parting, WorkerEvent};
pub use setup::{JOBS_PER_PROCESS, Limits, Notify, Report, Setup, Shutdown, Switch};
pub use supervisor::run;
pub use task::{Notice, Task};
pub use waiting::Waiting;
