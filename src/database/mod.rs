//! The database of a server: a file of `SQLite`, or a `PostgreSQL`. Each room of the server that stores something brings its
//! own tables and statements; this room runs them.

mod address;
mod copy;
mod disk;
mod engine;
mod fault;
mod hints;
mod id;
mod migrations;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(test)]
pub(crate) mod tests;
mod values;

use std::time::Duration;

pub use address::Address;
pub use engine::Database;
pub(crate) use engine::Transaction;
pub use hints::Hint;
pub use id::Id;
pub(crate) use id::random_bytes;
pub(crate) use values::{Row, Value};

/// A time in milliseconds, for a statement. One that is too long for that is as good as endless.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
