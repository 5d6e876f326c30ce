//! What is wrong with a command line, in two lines: what, and what to do.

use super::USAGE;
use super::report::{Progress, Reporter};
use crate::session::Event;
use crate::settings::text::first_paragraph;

/// Shows the help that was asked for, or tells what is wrong with the command line. Returns the exit code.
pub(super) fn tell(error: &clap::Error, hint: String) -> u8 {
    if !error.use_stderr() {
        // There is nobody to tell that it could not be printed.
        let _ = error.print();
        return super::DONE;
    }
    let progress = if asks_for_json(std::env::args_os()) { Progress::Json } else { Progress::Lines };
    Reporter::new(progress).tell(&Event::Failed { message: first_paragraph(error), hint, exit_code: USAGE });
    USAGE
}

/// Whether errors are for a program to read; the command line could not be parsed to know.
fn asks_for_json(arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    arguments.iter().any(|argument| argument == "--progress=json")
        || arguments.windows(2).any(|pair| pair[0] == "--progress" && pair[1] == "json")
}
