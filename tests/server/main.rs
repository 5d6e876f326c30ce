//! Tests of `serve`, `worker` and the verbs that talk to them, with the real binary.
//!
//! CONTRIBUTING.md describes how to add a test.

#[path = "../common/mod.rs"]
mod common;

mod client;
