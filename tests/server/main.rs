//! Tests of `serve`, `worker` and the verbs that talk to them, with the real binary.
//!
//! CONTRIBUTING.md describes how to add a test.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
mod kills;
mod place;
#[cfg(target_os = "linux")]
mod worker;
