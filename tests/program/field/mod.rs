//! Faults that users of such programs reported, each reproduced with the real binary.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use crate::common;

mod batch_forms;
mod batch_runs;
mod memory;
mod messages;
mod pager;
mod pictures;
mod prompts;
#[cfg(target_os = "linux")]
mod pseudo_terminal;
mod raw_text;
mod replaced;
mod signals;
mod terminal;
mod trust;
mod weights;
