//! The picture in the terminal: in the protocol that the terminal supports, in its place, and nowhere else.

#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use crate::common;

use common::program::{Outcome, Workplace, finish};

const SMALL: &str = "apple --size 32x32 --cutouts 1 -n 3 --force -o p.png";

/// Draws in a terminal with these variables, which util-linux's `script` makes; none where that is missing.
fn in_terminal(workplace: &Workplace, options: &str, variables: &[(&str, &str)]) -> Option<String> {
    let mut command = workplace.command_of("script");
    let program = common::program::BINARY;
    // A new terminal has no size.
    let line = format!("stty rows 24 cols 80; exec {program} {SMALL} {options}");
    command.args(["-qec", &line, "/dev/null"]).envs(variables.iter().copied());
    if command.output().is_err() {
        return None;
    }
    let outcome = finish(&mut command).succeeded();
    Some(String::from_utf8(outcome.output).unwrap())
}

#[test]
fn a_terminal_shows_the_picture_as_it_can() {
    let workplace = Workplace::new();
    let plain = [("TERM", "xterm-256color")];
    let colourful = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
    let kitty = [("TERM", "xterm-kitty"), ("COLORTERM", "truecolor")];
    let begins = ["\u{1b}_Ga=T", "\u{1b}]1337;File=", "\u{1b}P0;1;0q", "\u{1b}[38;2;", "\u{1b}[38;5;"];
    let cases = [
        ("", &kitty[..], Some(0)),
        ("", &colourful, Some(3)),
        ("", &plain, Some(4)),
        ("--preview kitty", &plain, Some(0)),
        ("--preview iterm", &plain, Some(1)),
        ("--preview sixel", &plain, Some(2)),
        ("--preview blocks", &kitty, Some(3)),
        ("--preview none", &kitty, None),
        ("--quiet", &kitty, None),
    ];
    for (options, variables, expected) in cases {
        let Some(seen) = in_terminal(&workplace, options, variables) else { return };
        for (index, begin) in begins.iter().enumerate() {
            assert_eq!(seen.contains(begin), expected == Some(index), "{options} {variables:?}: {begin:?}\n{seen:?}");
        }
        // What is drawn later takes the place of the first: the room is made once.
        assert_eq!(seen.matches("\u{1b}[0J").count(), usize::from(expected.is_some()), "{seen:?}");
        assert!(seen.trim_end().ends_with("p.png"), "{seen:?}");
    }
}

#[test]
fn a_notebook_sees_lines() {
    let workplace = Workplace::new();
    // What ipykernel 7.4 and jupyter_client 8.10 set; `!` in a cell runs programs in a terminal.
    let launched = [("TERM", "xterm-color"), ("JPY_PARENT_PID", "5")];
    let inline = [("TERM", "xterm-color"), ("MPLBACKEND", "module://matplotlib_inline.backend_inline")];
    let plain = [("TERM", "xterm-color"), ("MPLBACKEND", "agg")];
    for (variables, is_notebook) in [(launched, true), (inline, true), (plain, false)] {
        let Some(seen) = in_terminal(&workplace, "", &variables) else { return };
        assert_eq!(seen.contains("iteration 3 of 3"), is_notebook, "{seen:?}");
        assert_eq!(seen.contains('\u{1b}'), !is_notebook, "{seen:?}");
    }
    let Some(seen) = in_terminal(&workplace, "--progress bar", &launched) else { return };
    assert!(seen.contains('\u{1b}') && !seen.contains("iteration 3"), "{seen:?}");
}

#[test]
fn what_is_no_terminal_sees_none() {
    let workplace = Workplace::new();
    for options in ["", "--preview kitty", "--preview blocks --progress bar", "--progress json --preview sixel"] {
        let arguments: Vec<&str> = SMALL.split(' ').chain(options.split_whitespace()).collect();
        let mut command = workplace.command();
        let Outcome { output, errors, .. } = finish(command.env("TERM", "xterm-kitty").args(arguments)).succeeded();
        assert_eq!(output, b"p.png\n");
        for begin in ["\u{1b}_G", "\u{1b}P", "▀"] {
            assert!(!errors.contains(begin), "{options}: {errors}");
        }
    }
}
