//! The database of a server: a file of `SQLite`, or a `PostgreSQL`. Each room of the server that stores something brings its
//! own tables and statements; this room runs them.

mod copy;
mod disk;
mod engine;
mod fault;
mod id;
mod migrations;
#[cfg(test)]
pub(crate) mod tests;

pub use engine::Database;
pub(crate) use engine::{Row, Transaction, Value};
pub use id::Id;
pub(crate) use id::random_bytes;
