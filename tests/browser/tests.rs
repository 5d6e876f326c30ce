//! Tests of the pages of a server, in a real browser: the one of Debian's packages `chromium` and `chromium-driver`.
//!
//! All of them are ignored by default; `.ci/run` runs them. CONTRIBUTING.md describes how to add a test.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;
mod harness;

mod accessibility;
mod create;
mod docs;
mod gallery;
mod hostile;
mod job;
mod mail;
mod operators;
mod people;
mod site;
