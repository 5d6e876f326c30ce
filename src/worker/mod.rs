//! The worker: takes jobs from the queue and draws each in a process of its own.
//!
//! ```text
//! claim ─► folder of the job ◄─ inputs, checkpoint of an earlier claim
//!            │ order.toml
//!            ▼
//!          child: `text2art generate` or `resume` ── events ─► beats (progress, lease)
//!            │                                       files ──► previews, checkpoints in the store
//!            ▼
//!          files ─► store ─► result, in one transaction
//! ```
//!
//! - **A child can do what it wants**: crash, hang, or take all memory. The worker ends it, and the job has another try.
//! - **Nothing draws for nobody.** A child whose worker is killed stops, and a worker whose claim is over stops its child.
//! - **A job that was interrupted ends with the bytes of an unbroken run.** It goes on from a checkpoint and the frames
//!   that belong to it, if the program and the device are the same; otherwise it starts over.

mod abilities;
mod beats;
mod child;
mod deliver;
mod devices;
mod draw;
mod events;
mod follow;
mod kept;
mod order;
mod places;
mod prepare;
mod report;
mod setup;
mod slot;
mod supervisor;
#[cfg(test)]
mod tests;
mod uploads;
mod waiting;

pub use order::{Input, Order};
pub use places::{Elsewhere, Places};
pub use report::WorkerEvent;
pub use setup::{Limits, Notify, Report, Setup, Shutdown, Switch};
pub use supervisor::run;
pub use waiting::Waiting;
