//! Signals, terminals that close, files that never end, and limits on the size of files.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::fixtures;
use crate::common::program::{BINARY, Outcome, Running, Workplace, finish};

/// A run that goes on until it is stopped, with iterations of some milliseconds.
const ENDLESS: [&str; 13] = [
    "a",
    "red",
    "apple",
    "--size",
    "64x64",
    "--cutouts",
    "16",
    "-n",
    "100000",
    "--checkpoint-every",
    "50000",
    "-o",
    "p.png",
];
/// The same for programs that read its progress.
const JSON: [&str; 2] = ["--progress", "json"];
/// A run with an iteration of so many cutouts that it is stopped in the middle of it on any machine.
const SLOW: [&str; 9] = ["a", "red", "apple", "--size", "512x512", "--cutouts", "2048", "--max-memory", "2G"];

/// Checks that an interrupted run left its picture and its checkpoint.
fn kept_all(workplace: &Workplace, outcome: &Outcome) {
    assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
    assert!(!outcome.errors.contains("panicked") && !outcome.errors.contains("\"failed\""), "{}", outcome.errors);
    image::open(workplace.join("p.png")).unwrap();
    text2art::output::Checkpoint::read(&workplace.join("p.png.t2a")).unwrap_or_else(|error| panic!("{error}"));
}

/// Starts the run by another program, to which the binary's path and arguments are given.
fn start_by(workplace: &Workplace, program: &[&str], arguments: &[&str]) -> Running {
    let mut command = workplace.command_of(program[0]);
    Running::start(command.args(&program[1..]).arg(BINARY).args(arguments))
}

#[test]
fn signals_that_are_ignored_at_the_start_stay_ignored() {
    let ignoring = ["sh", "-c", "trap '' HUP INT; exec \"$0\" \"$@\""];
    for (program, signals) in [(&ignoring[..], &["HUP", "INT"][..]), (&["nohup"], &["HUP"])] {
        let workplace = Workplace::new();
        let mut running = start_by(&workplace, program, &[&ENDLESS[..], &JSON].concat());
        running.wait_for_lines("\"event\":\"step\"", 2);
        for signal in signals {
            running.signal(signal);
        }
        // It goes on, and not only to the end of its iteration.
        running.wait_for_lines("\"event\":\"step\"", 60);
        running.signal("TERM");
        let outcome = running.finish();
        kept_all(&workplace, &outcome);
        assert_eq!(outcome.events().iter().filter(|event| event["event"] == "stopping").count(), 1);
    }
}

#[test]
fn signals_that_come_twice_lose_nothing() {
    for signals in [["HUP", "HUP"], ["TERM", "TERM"], ["INT", "INT"], ["INT", "TERM"], ["HUP", "INT"]] {
        let workplace = Workplace::new();
        let mut running = Running::start(workplace.command().args(ENDLESS).args(JSON));
        running.wait_for_lines("\"event\":\"step\"", 2);
        for signal in signals {
            running.signal(signal);
        }
        kept_all(&workplace, &running.finish());
    }
}

#[test]
fn timeout_loses_nothing() {
    // What `timeout` does when its time is over it does on a signal, too: it sends it to its child and to its group.
    for signal in ["TERM", "HUP"] {
        let workplace = Workplace::new();
        let mut running = start_by(&workplace, &["timeout", "1000"], &[&ENDLESS[..], &JSON].concat());
        running.wait_for_lines("\"event\":\"step\"", 2);
        running.signal(signal);
        kept_all(&workplace, &running.finish());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_terminal_loses_nothing() {
    for preview in ["none", "blocks"] {
        let workplace = Workplace::new();
        let arguments = [&ENDLESS[..], &["--preview", preview]].concat();
        let variables = [("TERM", "xterm-256color")];
        let mut terminal = super::pseudo_terminal::Terminal::start(&workplace, (40, 100), &arguments, &variables);
        // A bar, or whatever else says how many iterations are done.
        terminal.wait_until(|terminal| {
            terminal.text().split("/100000").any(|text| text.ends_with(|last| matches!(last, '1'..='9')))
        });
        kept_all(&workplace, &Outcome { code: terminal.close(), output: Vec::new(), errors: String::new() });
    }
}

#[test]
fn ctrl_c_is_answered_within_an_iteration_and_a_later_one_aborts() {
    let batch = ["batch", "lines.txt", "--size", "512x512", "--cutouts", "2048", "--max-memory", "2G"];
    for (command, form, begun) in
        [(&SLOW[..], "json", "\"started\""), (&SLOW, "lines", ""), (&batch, "json", "\"started\"")]
    {
        let workplace = Workplace::new();
        workplace.write("lines.txt", "a red apple\n");
        let mut running =
            Running::start(workplace.command().args(command).args(["-n", "2", "--progress", form, "-o", "p.png"]));
        if begun.is_empty() {
            // Lines tell nothing before the first iteration: the handler is there long before a second.
            std::thread::sleep(Duration::from_secs(2));
        } else {
            running.wait_for_lines(begun, 1);
        }
        running.signal("INT");
        let said = "stopping after this iteration; press Ctrl-C again to abort";
        running.wait_for_lines(said, 1);
        // Signals within a second of the first are taken for one.
        std::thread::sleep(Duration::from_millis(1200));
        running.signal("TERM");
        running.signal("INT");
        let outcome = running.finish();
        assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
        let steps = ["\"step\"", "iteration 1 of"];
        assert!(!steps.iter().any(|step| outcome.errors.contains(step)), "an iteration ended: {}", outcome.errors);
        assert!(!workplace.join("p.png").exists());
    }
}

/// Makes a pipe with a name.
fn pipe(workplace: &Workplace, name: &str) {
    assert!(Command::new("mkfifo").arg(workplace.join(name)).status().unwrap().success());
}

#[test]
fn what_never_ends_is_refused() {
    let workplace = Workplace::new();
    pipe(&workplace, "pipe");
    for (name, target) in
        [("zero.gpl", "/dev/zero"), ("pipe.gpl", "pipe"), ("zero.png", "/dev/zero"), ("pipe.png", "pipe")]
    {
        std::os::unix::fs::symlink(target, workplace.join(name)).unwrap();
    }
    workplace.write("p.png", std::fs::read(fixtures().join("trace/init.png")).unwrap());
    workplace.write("lines.txt", "a\n");
    // Models whose configuration never comes.
    for name in ["clip", "tokens"] {
        for file in ["config.json", "model.safetensors", "tokenizer.json"] {
            workplace.write(&format!("{name}/{file}"), std::fs::read(fixtures().join("clip").join(file)).unwrap());
        }
    }
    for file in ["clip/config.json", "tokens/tokenizer.json"] {
        std::fs::remove_file(workplace.join(file)).unwrap();
        pipe(&workplace, file);
    }
    for file in ["/dev/zero", "pipe"] {
        for line in [
            &["a", "--init-image", file, "-o", "x.png"][..],
            &["a", "--image-prompt", file, "-o", "x.png"],
            &["a", "--clip", file, "-o", "x.png"],
            &["a", "--vqgan", file, "-o", "x.png"],
            &["--from", file, "-o", "x.png"],
            &["resume", file],
            &["info", file],
            &["score", file, "-p", "a"],
            &["reconstruct", file, "-o", "x.png"],
            &["video", file, "-o", "x.gif"],
            &["video", "p.png", file, "-o", "x.gif"],
        ] {
            workplace.refuses(line, &[file]);
        }
    }
    for line in [
        &["a", "--config", "/dev/zero", "-o", "x.png"][..],
        &["batch", "/dev/zero"],
        &["batch", "lines.txt", "--results", "pipe"],
        &["palettes", "zero.gpl"],
        &["palettes", "pipe.gpl"],
        &["palettes", "zero.png"],
        &["palettes", "pipe.png"],
        &["a", "--clip", "clip", "-o", "x.png"],
        &["a", "--clip", "tokens", "-o", "x.png"],
        &["models", "import", "a/b", "clip", "--role", "clip"],
    ] {
        workplace.refuses_somehow(line);
    }
    // A null device is an empty file.
    workplace.run(&["a", "--config", "/dev/null", "--dry-run"]).succeeded();
}

#[test]
fn a_line_that_names_an_endless_file_fails_alone() {
    let workplace = Workplace::new();
    let lines = std::fs::read_to_string(fixtures().join("field/batch-devzero.txt")).unwrap();
    pipe(&workplace, "pipe");
    workplace.write("lines.txt", format!("{lines}a frog -- --init-image pipe -n 1\na frog -- -n 1\n"));
    let outcome = workplace.run(&["batch", "lines.txt", "--size", "32x32", "--cutouts", "1", "-o", "p.png", "-q"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    let errors: Vec<_> = outcome.errors.lines().filter(|line| line.starts_with("error: ")).collect();
    let [device, pipe] = errors.as_slice() else { panic!("not two errors: {errors:#?}") };
    assert!(device.contains("/dev/zero: this is not") && pipe.contains("pipe: this is not"), "{errors:#?}");
    // The lines before it have the other names.
    image::open(workplace.join("p-3.png")).unwrap();
}

#[test]
fn lists_and_settings_come_through_pipes() {
    let workplace = Workplace::new();
    let script = "exec \"$0\" batch <(echo 'a frog') --config <(echo 'iterations = 7') --dry-run";
    let outcome = finish(workplace.command_of("bash").args(["-c", script, BINARY])).succeeded();
    let line = outcome.output_json();
    assert_eq!((&line["prompt"], &line["iterations"]), (&"a frog".into(), &7.into()));
}

#[test]
fn a_pipe_is_read_as_it_comes_and_until_ctrl_c() {
    let workplace = Workplace::new();
    let options = ["--size", "32x32", "--cutouts", "1", "-n", "1", "--progress", "json", "-o", "p{n}.png"];
    pipe(&workplace, "pipe");
    let mut lines = OpenOptions::new().read(true).write(true).open(workplace.join("pipe")).unwrap();
    lines.write_all(b"a frog\n").unwrap();
    let mut running = Running::start(workplace.command().args(["batch", "pipe"]).args(options));
    // The pipe stays open, and nothing more comes.
    running.wait_for_lines("\"event\":\"result\"", 1);
    running.signal("INT");
    assert_eq!(running.finish().code, Some(130));
    image::open(workplace.join("p1.png")).unwrap();
    // So does standard input, from which a table is read before the first picture.
    let mut command = workplace.command_of("sh");
    command.args(["-c", "exec \"$0\" \"$@\" < pipe", BINARY, "batch", "-", "--format", "csv"]).args(options);
    let running = Running::start(&mut command);
    lines.write_all(b"prompt\na toad\n").unwrap();
    let mut running = running;
    running.wait_for_lines("\"event\":\"result\"", 1);
    running.signal("INT");
    assert_eq!(running.finish().code, Some(130));
}

#[test]
fn standard_input_without_lines_is_not_read_forever() {
    let workplace = Workplace::new();
    let mut command = workplace.command();
    let zeros = File::open("/dev/zero").unwrap();
    let mut child = command.args(["batch", "-", "--dry-run"]).stdin(zeros).stderr(Stdio::null()).spawn().unwrap();
    // It is refused as a whole, or its only line is.
    assert!(matches!(child.wait().unwrap().code(), Some(1 | 2)));
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    let workplace = Workplace::new();
    workplace.write("frames/0.png", std::fs::read(fixtures().join("trace/init.png")).unwrap());
    workplace.write("lines.txt", "a\n");
    let small = "--size 32x32 --cutouts 1 -n 2 -q";
    for line in [
        format!("a {small} -o x/p.png"),
        format!("a {small} -o x/p.gif"),
        format!("a {small} -o x/p.png --mp4 --frames x/f --checkpoint-every 1 --save-every 1 --save-cutouts x"),
        format!("a {small} -o x/p.png --drawer pixel --svg x/p.svg"),
        "reconstruct frames/0.png -o x/p.png".to_owned(),
        "video frames -o x/p.mp4".to_owned(),
        format!("batch lines.txt {small} -o x/p.png --results x/r.jsonl"),
    ] {
        std::fs::create_dir(workplace.join("x")).unwrap();
        std::fs::create_dir(workplace.join("t")).unwrap();
        // Blocks of 512 bytes.
        let mut command = workplace.command_of("sh");
        command.env("TMPDIR", workplace.join("t")).args(["-c", &format!("ulimit -f 1; exec \"$0\" {line}"), BINARY]);
        let outcome = finish(&mut command);
        assert_eq!(outcome.code, Some(1), "{line}: {}", outcome.errors);
        assert!(
            outcome.errors.contains("error: ") && outcome.errors.contains("too large"),
            "{line}: {}",
            outcome.errors
        );
        for folder in ["x", "t"] {
            let left = std::fs::read_dir(workplace.join(folder)).unwrap().map(|entry| entry.unwrap());
            let left: Vec<_> =
                left.filter(|entry| entry.metadata().unwrap().is_file()).map(|it| it.file_name()).collect();
            let expected: &[&str] = if line.starts_with("batch") && folder == "x" { &["r.jsonl"] } else { &[] };
            assert_eq!(left, expected, "{line}");
            std::fs::remove_dir_all(workplace.join(folder)).unwrap();
        }
    }
}
