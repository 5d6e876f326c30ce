//! Tests of `serve`, `worker` and the verbs that talk to them, with the real binary.
//!
//! CONTRIBUTING.md describes how to add a test.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;

mod account_pages;
mod accounts;
mod admin;
mod admin_pages;
mod bad_requests;
mod batch;
mod client;
#[cfg(all(feature = "postgres", feature = "s3", target_os = "linux"))]
mod cut_off;
mod docs;
mod farm;
mod gallery;
mod guard;
mod job_pages;
mod jobs;
#[cfg(target_os = "linux")]
mod kills;
mod lists;
mod mail;
mod mail_python;
mod openai;
mod operations;
mod own_data;
mod pages;
mod people;
mod place;
mod registration;
mod start;
mod streams;
mod styles;
mod uploads;
mod visitor;
#[cfg(target_os = "linux")]
mod warm;
#[cfg(target_os = "linux")]
mod worker;
