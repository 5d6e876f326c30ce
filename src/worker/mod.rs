//! The worker: takes jobs from the queue and draws each in a process of its own.

mod order;

pub use order::{Input, Order};
