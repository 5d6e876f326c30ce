//! Reports the problem with a command line in two lines: what is wrong, and what to do.

use clap::error::ErrorKind;

use super::report::{Progress, Reporter};
use super::{is_output_colored, stdout};
use crate::cli::USAGE;
use crate::progress::Event;
use crate::text::first_paragraph;

/// Shows the help that was asked for, or reports what is wrong with the command line. Returns the exit code.
pub(in crate::cli) fn tell(error: &clap::Error, hint: String) -> u8 {
    if !error.use_stderr() {
        let text = error.render();
        let text = if is_output_colored() { text.ansi().to_string() } else { text.to_string() };
        return match stdout::print(text.as_bytes()) {
            Ok(()) => crate::cli::DONE,
            Err(error) => Reporter::new(Progress::Lines).failed(&error),
        };
    }
    let progress = if asks_for_json(std::env::args_os()) { Progress::Json } else { Progress::Lines };
    let message = match error.kind() {
        // The text of this error is the help.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is required".to_owned(),
        _ => first_paragraph(error),
    };
    Reporter::new(progress).tell(&Event::failed(message, hint, USAGE));
    USAGE
}

/// Whether errors should be JSON. The command line is searched for this because it could not be parsed.
fn asks_for_json(arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    arguments.iter().any(|argument| argument == "--progress=json")
        || arguments.windows(2).any(|pair| pair[0] == "--progress" && pair[1] == "json")
}
