//! Text in a pager, if it is taller than the terminal.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use signal_hook::consts::SIGINT;

use crate::cli::terminal::stdout;
use crate::cli::terminal::{Window, can_draw, is_notebook};

/// The variable that names another pager; `cat` or nothing is none.
const VARIABLE: &str = "PAGER";
/// The pager if the variable is not set.
const USUAL: &str = "less";
/// What `less` reads its options from, and those that git gives it: end if all fits, keep colors, and leave the text on
/// the screen.
const OPTIONS: (&str, &str) = ("LESS", "FRX");

/// Shows text on standard output, in a pager if it does not fit the terminal. A pager that does not
/// start is not an error.
///
/// # Errors
/// If standard output takes nothing.
pub(super) fn show(text: &str) -> anyhow::Result<()> {
    let pages = io::stdout().is_terminal() && can_draw() && !is_notebook();
    // The prompt of the shell takes a row.
    let is_taller = || text.lines().count() >= Window::of_output().rows();
    let pager = if pages && is_taller() { pager(std::env::var(VARIABLE).ok().as_deref()) } else { None };
    match pager {
        Some(words) if is_shown_by(&words, text) => Ok(()),
        _ => stdout::print(text.as_bytes()),
    }
}

/// The words of the pager's command line, none if there is to be no pager.
fn pager(variable: Option<&str>) -> Option<Vec<String>> {
    let words = shlex::split(variable.unwrap_or(USUAL))?;
    words.first().is_some_and(|program| program != "cat").then_some(words)
}

/// Sends text through a pager and waits for its end. Returns whether the pager started.
fn is_shown_by(words: &[String], text: &str) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    // Ctrl-C is for the pager. Without the handler it would end this program, and leave two readers of the keyboard.
    let _ = signal_hook::flag::register(SIGINT, Arc::default());
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    if std::env::var_os(OPTIONS.0).is_none() {
        command.env(OPTIONS.0, OPTIONS.1);
    }
    let Ok(mut pager) = command.spawn() else { return false };
    if let Some(mut input) = pager.stdin.take() {
        // A reader who has seen enough ends the pager, and nobody takes the rest.
        let _ = input.write_all(text.as_bytes());
    }
    pager.wait().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_the_pager_or_none() {
        let words = |variable| pager(variable).map(|words| words.join("|"));
        assert_eq!(words(None).as_deref(), Some("less"));
        assert_eq!(words(Some("most -s '+5 x'")).as_deref(), Some("most|-s|+5 x"));
        for none in ["", " ", "cat", "'"] {
            assert_eq!(words(Some(none)), None, "{none}");
        }
    }

    #[test]
    fn a_pager_that_is_not_there_shows_nothing() {
        assert!(!is_shown_by(&["text2art-has-no-such-pager".to_owned()], "text"));
        assert!(!is_shown_by(&[], "text"));
    }
}
