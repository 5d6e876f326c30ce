//! Talking to a server: submitting jobs, watching and canceling them, and fetching their files. All of it blocks, and
//! every wait ends: after a time limit, or when a [`Stop`](crate::progress::Stop) is requested.

mod address;
mod connection;
mod fetch;
mod job;
mod order;
mod problem;
mod retry;
mod server;
mod stream;
#[cfg(test)]
mod tests;
mod token;
mod upload;
mod watch;

pub use address::Address;
pub use job::{Artifact, Drawn, Job, State};
pub use order::{Open, check_ends, order_of, upload_files};
pub use server::{Offer, Query, Server};
pub use token::{Token, TokenFile};
pub use watch::Sight;
