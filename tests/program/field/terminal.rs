//! What a terminal shows: the bar at any width, colors, and the last line; and what happens if standard output is full.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::path::Path;

use super::common::program::{BINARY, Outcome, Running, Workplace, finish};
use super::pseudo_terminal::Terminal;

const SMALL: [&str; 5] = ["apple", "--size", "32x32", "--cutouts", "1"];
/// A terminal that takes escape sequences and no pictures but blocks.
const XTERM: (&str, &str) = ("TERM", "xterm-256color");

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SMALL.iter().chain(more).copied().collect()
}

fn has_bar(row: &str) -> bool {
    row.contains(['█', '░'])
}

/// Checks what a bar says: speeds as people write them, and no time left before there is an estimate.
fn check_bar(row: &str) {
    for words in row.split(" · ") {
        assert!(!words.starts_with("0 s left") && !words.contains("0s left"), "{row}");
        if let Some(speed) = words.strip_suffix(" it/s").or_else(|| words.strip_suffix(" s/it")) {
            let decimals = speed.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            assert!(speed.parse::<f64>().is_ok_and(|speed| speed > 0.0) && decimals <= 1, "{row}");
        }
        assert!(!words.ends_with("/s") || words.ends_with(" it/s"), "{row}");
    }
}

#[test]
fn the_bar_fits_any_width() {
    for columns in [20, 40, 64, 80, 200] {
        let workplace = Workplace::new();
        let arguments = with(&["-n", "12", "--seed", "7", "--preview", "none", "-o", "a.png"]);
        let mut terminal = Terminal::start(&workplace, (10, columns), &arguments, &[XTERM]);
        let mut bars = Vec::new();
        let code = terminal.finish(|terminal| {
            let rows = terminal.rows();
            if rows.iter().any(|row| row.starts_with('d')) {
                return;
            }
            assert!(!terminal.is_wrapped() && rows.len() <= 1, "{columns}: {rows:#?}");
            bars.extend(rows);
        });
        assert_eq!(code, Some(0), "{:#?}", terminal.rows());
        for bar in &bars {
            assert!(has_bar(bar) && bar.contains("/12"), "{columns}: {bar}");
            check_bar(bar);
        }
        assert!(bars.len() > 1, "{columns}: {bars:#?}");
        assert!(columns < 64 || bars.last().unwrap().contains("it/s · ") && bars.last().unwrap().contains("fit 0."));
        // What stays: the last line, and the result.
        let [done, path] = &terminal.lines()[..] else { panic!("{:#?}", terminal.lines()) };
        assert!(done.starts_with("done: 32x32, 12 iterations, ") && done.ends_with(", a.png"), "{done}");
        assert!(done.contains(" s, seed 7, fits the prompt: 0."), "{done}");
        assert_eq!(path, "a.png");
    }
}

#[test]
fn bars_of_a_batch_fit_any_width() {
    for columns in [20, 40, 80] {
        let workplace = Workplace::new();
        workplace.write("p.txt", "a red apple on a very blue background\na green frog with a long, long name\n");
        let options = ["batch", "p.txt", "--size", "32x32", "--cutouts", "1", "-n", "6", "--jobs", "2"];
        let mut terminal = Terminal::start(&workplace, (12, columns), &options, &[XTERM]);
        let mut most = 0;
        let code = terminal.finish(|terminal| {
            let rows = terminal.rows();
            if rows.iter().any(|row| row.contains("drawn,")) {
                return;
            }
            let bars: Vec<_> = rows.iter().filter(|row| has_bar(row)).collect();
            for bar in &bars {
                check_bar(bar);
            }
            most = most.max(bars.len());
            // Every bar has a row of its own.
            assert!(bars.len() <= 3, "{columns}: {rows:#?}");
            let is_wrapped = |(index, row): (usize, &String)| has_bar(row) && terminal.is_row_wrapped(index);
            assert!(!rows.iter().enumerate().any(is_wrapped), "{columns}: {rows:#?}");
        });
        assert_eq!(code, Some(0), "{:#?}", terminal.rows());
        assert!(most >= 2, "{columns}: {most}");
        let lines = terminal.lines();
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert!(
            lines[..2].iter().all(|line| Path::new(line).extension().is_some_and(|name| name == "png")),
            "{lines:#?}"
        );
        assert!(lines[2].starts_with("2 drawn, 0 already done, 0 failed, "), "{lines:#?}");
    }
}

#[test]
fn an_interrupted_run_leaves_its_picture_and_two_lines() {
    for preview in ["blocks", "none"] {
        let workplace = Workplace::new();
        let arguments = with(&["-n", "10000", "--seed", "7", "--preview", preview, "-o", "a.png"]);
        let mut terminal = Terminal::start(&workplace, (40, 100), &arguments, &[XTERM]);
        let is_picture = |row: &String| row.contains('▀');
        let is_drawing = |terminal: &Terminal| {
            let rows = terminal.rows();
            let shown = preview == "none" || rows.iter().any(is_picture);
            shown && rows.iter().any(|row| has_bar(row) && row.contains("it/s"))
        };
        terminal.wait_until(is_drawing);
        terminal.press(b"\x03");
        assert_eq!(terminal.finish(|_| ()), Some(130), "{:#?}", terminal.rows());
        let rows = terminal.rows();
        // A square in cells that are twice as high as wide takes 20 rows (src/cli/terminal/window.rs).
        let pictures = if preview == "none" { 0 } else { 20 };
        assert_eq!(rows.iter().filter(|row| is_picture(row)).count(), pictures, "{rows:#?}");
        let others: Vec<_> = rows.iter().filter(|row| !is_picture(row) && !row.starts_with("stopping ")).collect();
        let [last, path] = &others[..] else { panic!("{rows:#?}") };
        let (before, after) = last.split_once(" of 10000: 32x32, ").unwrap_or_else(|| panic!("{last}"));
        let done: usize = before.strip_prefix("interrupted at ").unwrap().parse().unwrap();
        assert!(done > 0 && after.contains(" s, seed 7, fits the prompt: 0.") && after.ends_with(", a.png"), "{last}");
        assert_eq!(*path, "a.png");
    }
}

#[test]
fn a_dumb_terminal_sees_lines() {
    for variables in [&[("TERM", "dumb")][..], &[]] {
        let workplace = Workplace::new();
        let arguments = with(&["-n", "3", "--progress", "bar", "--preview", "blocks", "-o", "a.png"]);
        let mut terminal = Terminal::start(&workplace, (10, 80), &arguments, variables);
        assert_eq!(terminal.finish(|_| ()), Some(0));
        assert!(!terminal.raw.contains(&0x1b), "{:#?}", terminal.rows());
        let lines = terminal.lines();
        assert!(lines.iter().any(|line| line.starts_with("iteration 3 of 3, fit 0.")), "{lines:#?}");
        assert!(lines[lines.len() - 2].starts_with("done: 32x32, 3 iterations, "), "{lines:#?}");
    }
}

#[test]
fn colors_stay_where_they_are_wanted() {
    let workplace = Workplace::new();
    let cases = [
        (&[XTERM][..], true),
        (&[XTERM, ("CLICOLOR", "1")], true),
        (&[XTERM, ("NO_COLOR", "1")], false),
        (&[XTERM, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "")], false),
        (&[XTERM, ("CLICOLOR", "0")], false),
        (&[("TERM", "dumb")], false),
        (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
    ];
    for arguments in [&["--sed"][..], &["--help"], &["info", "nothing.png"]] {
        for (variables, expected) in cases {
            let mut terminal = Terminal::start(&workplace, (40, 100), arguments, variables);
            terminal.finish(|_| ());
            assert_eq!(terminal.is_colored(), expected, "{arguments:?} {variables:?}");
            let piped = finish(workplace.command().args(arguments).envs(variables.iter().copied()));
            let colored = piped.errors.contains('\x1b') || piped.output.contains(&0x1b);
            assert_eq!(colored, variables.contains(&("CLICOLOR_FORCE", "1")), "{arguments:?} {variables:?}");
        }
    }
    let mut terminal = Terminal::start(&workplace, (40, 100), &["palettes", "pico-8"], &[XTERM, ("NO_COLOR", "1")]);
    terminal.finish(|_| ());
    assert!(!terminal.raw.contains(&0x1b));
}

#[test]
fn the_last_line_tells_how_it_went() {
    let workplace = Workplace::new();
    let arguments = with(&["-n", "2", "--seed", "5", "-o", "a.png"]);
    let outcome = workplace.run(&arguments).succeeded();
    let last = outcome.errors.lines().last().unwrap();
    assert!(
        last.starts_with("done: 32x32, 2 iterations, ") && last.contains(" s, seed 5, fits the prompt: 0."),
        "{last}"
    );
    assert!(last.ends_with(", a.png"), "{last}");
    assert_eq!(outcome.output_text(), "a.png\n");
    assert_eq!(workplace.run(&with(&["-n", "1", "-q", "-o", "b.png"])).succeeded().errors, "");
    // Where it ends by itself, and where it is stopped.
    let still = ["-n", "500", "--learning-rate", "0.0000001", "--augment", "none", "--cut-noise", "0", "--auto-stop"];
    let outcome = workplace.run(&with(&[&still[..], &["-o", "s.png"]].concat())).succeeded();
    let last = outcome.errors.lines().last().unwrap();
    // Ten losses make the first average; thirty more bring nothing (session/plateau.rs).
    assert!(last.starts_with("done: 32x32, settled after 40 of 500 iterations, "), "{last}");
    let mut command = workplace.command();
    command.args(with(&["-n", "10000", "--progress", "json", "-o", "c.png"]));
    let mut running = Running::start(&mut command);
    running.wait_for_lines("\"step\"", 2);
    running.signal("INT");
    let outcome = running.finish();
    assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
    let finished = outcome.events().into_iter().find(|event| event["event"] == "finished").unwrap();
    assert_eq!(finished["ending"], "interrupted");
    assert_eq!([&finished["width"], &finished["height"], &finished["iterations_total"]], [32, 32, 10000]);
}

/// Runs the binary with a standard output on which there is no room.
fn with_full_output(workplace: &Workplace, arguments: &[&str]) -> Outcome {
    let rescue = workplace.join("rescue");
    std::fs::create_dir_all(&rescue).unwrap();
    let mut command = workplace.command_of("sh");
    command.args(["-c", "exec \"$0\" \"$@\" > /dev/full", BINARY]).args(arguments).env("TMPDIR", rescue);
    finish(&mut command)
}

#[test]
fn a_full_standard_output_is_an_error() {
    let workplace = Workplace::new();
    workplace.run(&with(&["-n", "1", "-q", "-o", "a.png"])).succeeded();
    workplace.write("p.txt", "an apple\n");
    let cases = [
        "--version",
        "--help",
        "-h",
        "batch --help",
        "completions bash",
        "man",
        "info a.png",
        "info a.png --json",
        "models list",
        "models list --json",
        "models info embedded",
        "score a.png -p apple",
        "drawers",
        "palettes",
        "palettes pico-8 --json",
        "doctor",
        "an apple --dry-run",
        "batch p.txt --dry-run",
    ];
    for line in cases {
        let outcome = with_full_output(&workplace, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(outcome.code, Some(1), "{line}: {}", outcome.errors);
        let expected = "error: cannot write to standard output: No space left on device\n\
                        hint: free some space, or redirect standard output elsewhere\n";
        assert_eq!(outcome.errors, expected, "{line}");
    }
}

#[test]
fn a_full_standard_output_loses_no_picture() {
    let workplace = Workplace::new();
    let begin = "error: cannot write to standard output: No space left on device; the file was written to ";
    let place = |outcome: &Outcome| {
        assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
        let error = outcome.errors.lines().find_map(|line| line.strip_prefix(begin));
        error.unwrap_or_else(|| panic!("{}", outcome.errors)).to_owned()
    };
    let outcome = with_full_output(&workplace, &with(&["-n", "1", "-q", "-o", "a.png"]));
    assert_eq!(place(&outcome), "a.png");
    assert!(image::open(workplace.join("a.png")).is_ok());
    // One that was for standard output is kept all the same.
    let outcome = with_full_output(&workplace, &with(&["-n", "1", "-q", "--seed", "3", "-o", "-"]));
    assert_eq!(place(&outcome), workplace.argument("rescue/apple-3.png"));
    assert!(image::open(workplace.join("rescue/apple-3.png")).is_ok());
    let outcome = with_full_output(&workplace, &["reconstruct", "a.png", "-o", "r.png"]);
    assert_eq!(place(&outcome), "r.png");
    let outcome = with_full_output(&workplace, &["video", "a.png", "-q", "-o", "v.gif"]);
    assert_eq!(place(&outcome), "v.gif");
    // A batch draws all its pictures before it says so.
    workplace.write("p.txt", "an apple -- -o x.png\na frog -- -o y.png\n");
    let line = ["batch", "p.txt", "-q", "--size", "32x32", "--cutouts", "1", "-n", "1"];
    let outcome = with_full_output(&workplace, &line);
    assert_eq!(place(&outcome), "x.png");
    assert!(["x.png", "y.png"].iter().all(|name| image::open(workplace.join(name)).is_ok()));
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let workplace = Workplace::new();
    for line in ["--help", "--version", "completions bash", "man", "models list", "palettes"] {
        let script = format!("set -o pipefail; \"$0\" {line} | head -n 0");
        let outcome = finish(workplace.command_of("bash").args(["-c", &script, BINARY]));
        assert_eq!((outcome.code, outcome.errors.as_str()), (Some(0), ""), "{line}");
    }
    // Nobody listens at all.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = workplace.command();
    let status =
        command.arg("--version").stdout(writer).stderr(File::create(workplace.join("errors")).unwrap()).status();
    assert_eq!((status.unwrap().code(), workplace.read("errors").len()), (Some(0), 0));
}
