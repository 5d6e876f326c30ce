//! The store of objects: pictures, movies, checkpoints and uploads, under keys that are written once.
//!
//! - **An object is never replaced.** Its key holds the claim that wrote it (`jobs/JOB/CLAIM/NAME`), so a worker that was
//!   frozen and comes back cannot touch the files of the next one. Writing the same bytes again is no error: a call
//!   whose answer was lost can be repeated.
//! - **An object is on the disk when a call returns**, so it is stored before the row that names it.
//! - **Nothing refers to what is left behind** by claims that were lost; [`collect`] deletes it.
//! - **A store belongs to one database**: to any other, all its objects would seem left behind. [`check_belonging`] compares ids.
//!
//! An error of the kind [`Error::Network`](crate::Error::Network) may be gone at the next try.

mod belonging;
mod bucket;
mod collect;
mod fault;
mod key;
#[cfg(any(test, feature = "s3"))]
mod profile;
#[cfg(feature = "s3")]
mod s3;
mod storage;
mod store;
#[cfg(test)]
mod tests;
mod upload;

pub use belonging::check_belonging;
pub use collect::{Collected, collect};
pub use fault::is_missing;
pub use key::{job_key, job_of};
pub use storage::{Bucket, Endpoint, Storage};
pub use store::{Listed, Objects, Opened, Stored};
