//! What the tests of the program share, as far as these tests need it.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout)]

#[path = "../common/program.rs"]
pub mod program;
#[path = "../common/prompts.rs"]
mod prompts;
#[path = "../common/server.rs"]
pub mod server;

pub use prompts::PROMPTS;
