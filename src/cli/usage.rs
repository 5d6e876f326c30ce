//! What is wrong with a command line, in two lines: what, and what to do.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::report::{Progress, Reporter};
use super::terminal::is_output_colored;
use super::{USAGE, output};
use crate::session::Event;
use crate::settings::text::first_paragraph;

/// Shows the help that was asked for, or tells what is wrong with the command line. Returns the exit code.
pub(super) fn tell(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        let text = error.render();
        let text = if is_output_colored() { text.ansi().to_string() } else { text.to_string() };
        return match output::print(text.as_bytes()) {
            Ok(()) => super::DONE,
            Err(error) => Reporter::new(Progress::Lines).failed(&error),
        };
    }
    let progress = if asks_for_json(std::env::args_os()) { Progress::Json } else { Progress::Lines };
    Reporter::new(progress).tell(&Event::Failed {
        message: first_paragraph(error),
        hint: hint(error),
        exit_code: USAGE,
    });
    USAGE
}

/// Whether errors are for a program to read; the command line could not be parsed to know.
fn asks_for_json(arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    arguments.iter().any(|argument| argument == "--progress=json")
        || arguments.windows(2).any(|pair| pair[0] == "--progress" && pair[1] == "json")
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// What to do: a name that was probably meant, else where all names stand.
fn hint(error: &clap::Error) -> String {
    let quoted = |names: Vec<String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedValue, ContextKind::SuggestedSubcommand] {
        let names = texts(error, kind);
        if !names.is_empty() {
            return format!("did you mean {}?", quoted(names));
        }
    }
    match error.kind() {
        ErrorKind::UnknownArgument => {
            "text2art --help shows all options; behind ` -- ` anything is a prompt".to_owned()
        }
        ErrorKind::ArgumentConflict => "give only one of them".to_owned(),
        ErrorKind::MissingRequiredArgument => {
            let usage = texts(error, ContextKind::Usage).join(" ");
            format!("write {}", usage.trim_start_matches("Usage: ").trim())
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let option = texts(error, ContextKind::InvalidArg);
            let name =
                option.first().and_then(|option| option.split([' ', '=', '[']).next()).unwrap_or("it").to_owned();
            format!("text2art --help says what {name} takes")
        }
        _ => "text2art --help shows what there is".to_owned(),
    }
}
