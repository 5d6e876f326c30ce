//! `--jobs-from-stdin`: a process that a worker keeps. It draws one job after another, each as a separate process would,
//! but keeps the models loaded.
//!
//! A signal or the end of standard input ends the process, even in the middle of a job, and so does a job that fails.
//! Only the models remain after a job.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::Duration;

use clap::Parser;

use super::{Arguments, Subject, draw};
use crate::cli::terminal::report::{Progress, Reporter};
use crate::cli::terminal::{interrupt, json_line, line};
use crate::cli::{self, DONE, INTERRUPTED, Verb};
use crate::progress::Stop;
use crate::session::ModelStore;
use crate::worker::{Notice, Task};
use crate::{Error, Result};

/// The longest line, in bytes.
const LONGEST_LINE: usize = 64 << 10;
/// The interval at which the stop signal is checked while there is no job.
const INTERVAL: Duration = Duration::from_millis(50);

/// Draws jobs until there are no more, one fails, or a stop is requested. Returns the exit code of the last one.
pub(super) fn run(reporter: &Reporter) -> anyhow::Result<u8> {
    let stop = interrupt::stop_on_signal(reporter, "iteration")?;
    let start = std::env::current_dir().map_err(|error| lost_folder(Path::new("."), &error))?;
    let tasks = listen(&stop)?;
    let mut store = ModelStore::default();
    while let Some(task) = next(&tasks, &stop) {
        let number = task.number;
        tell(&Notice::TaskBegun { number })?;
        let exit_code = work(&task, &start, &stop, &mut store);
        store.forget_runs();
        // The worker removes the folder of the job.
        enter(&start)?;
        tell(&Notice::TaskEnded { number, exit_code })?;
        if exit_code != DONE || stop.is_requested() {
            return Ok(exit_code);
        }
    }
    // Without a job, a signal is all that this process can tell of.
    Ok(if matches!(tasks.try_recv(), Err(TryRecvError::Disconnected)) { DONE } else { INTERRUPTED })
}

/// Draws a job in its folder. Returns the exit code that a process of its own would have.
fn work(task: &Task, start: &Path, stop: &Stop, store: &mut ModelStore) -> u8 {
    let arguments = match arguments_of(task) {
        Ok(arguments) => arguments,
        Err(error) => return Reporter::new(Progress::Json).for_server(true).failed(&anyhow::Error::from(error)),
    };
    let reporter = arguments.conduct.reporter().for_server(true);
    let drawn = enter(&start.join(&task.folder))
        .map_err(anyhow::Error::from)
        .and_then(|()| draw(&arguments, Subject::Picture, &reporter, || Ok(stop.clone()), store));
    let exit_code = drawn.unwrap_or_else(|error| reporter.failed(&error));
    reporter.end();
    exit_code
}

/// The command line of a job, which draws a picture.
fn arguments_of(task: &Task) -> Result<Box<Arguments>> {
    let words = std::iter::once(cli::PROGRAM).chain(task.arguments.iter().map(String::as_str));
    let read = cli::Arguments::try_parse_from(words)
        .map_err(|error| Error::fault(format!("the worker wrote a command line that cannot be read: {error}")))?;
    match read.verb {
        Some(Verb::Generate(arguments)) if !arguments.jobs_from_stdin => Ok(arguments),
        _ => Err(Error::fault("the worker wrote a command line that draws nothing")),
    }
}

/// Goes to another folder. All paths of a job are relative to its own.
fn enter(folder: &Path) -> Result<()> {
    std::env::set_current_dir(folder).map_err(|error| lost_folder(folder, &error))
}

fn lost_folder(folder: &Path, error: &std::io::Error) -> Error {
    Error::network(format!("cannot use {}: {error}", folder.display()), "check the worker's machine")
}

fn tell(notice: &Notice) -> Result<()> {
    let json = serde_json::to_string(notice).map_err(|error| Error::fault(format!("a notice: {error}")))?;
    // A library of the system may have left a line without an end.
    line("");
    json_line(&json);
    Ok(())
}

/// Waits for the next job; none if a stop is requested.
fn next(tasks: &Receiver<Task>, stop: &Stop) -> Option<Task> {
    while !stop.is_requested() {
        match tasks.recv_timeout(INTERVAL) {
            Ok(task) => return Some(task),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

/// Reads jobs from standard input in another thread. The end of the input stops the process, as does anything that is not
/// a job.
fn listen(stop: &Stop) -> Result<Receiver<Task>> {
    let (sender, tasks) = channel();
    let mut lines = Lines { sender: Some(sender), line: Vec::new() };
    interrupt::hear_parent(stop, move |bytes| lines.hear(bytes))?;
    Ok(tasks)
}

/// Makes jobs of the bytes of standard input.
struct Lines {
    /// None at the end of the input
    sender: Option<Sender<Task>>,
    /// The line so far
    line: Vec<u8>,
}

impl Lines {
    /// Adds bytes; there are none at the end of the input. Returns whether more can follow: these bytes can belong to jobs,
    /// and someone draws them.
    fn hear(&mut self, bytes: &[u8]) -> bool {
        let goes_on = !bytes.is_empty() && self.add(bytes);
        if !goes_on {
            self.sender = None;
        }
        goes_on
    }

    fn add(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| {
            if *byte != b'\n' {
                self.line.push(*byte);
                return self.line.len() <= LONGEST_LINE;
            }
            let task = serde_json::from_slice(&self.line);
            self.line.clear();
            let Some(sender) = &self.sender else { return false };
            task.is_ok_and(|task| sender.send(task).is_ok())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(number: u64) -> Task {
        Task { number, folder: "slot-0/a-1".into(), arguments: vec!["generate".into()] }
    }

    /// The line of a job.
    fn written(number: u64) -> String {
        serde_json::to_string(&task(number)).unwrap() + "\n"
    }

    fn lines() -> (Lines, Receiver<Task>) {
        let (sender, tasks) = channel();
        (Lines { sender: Some(sender), line: Vec::new() }, tasks)
    }

    #[test]
    fn jobs_are_read_in_pieces() {
        let (mut lines, tasks) = lines();
        let text = written(1) + &written(2);
        let (begin, end) = text.as_bytes().split_at(text.len() - 9);
        assert!(lines.hear(begin));
        assert_eq!((tasks.try_recv().ok(), tasks.try_recv().ok()), (Some(task(1)), None));
        assert!(lines.hear(end));
        assert_eq!(tasks.try_recv().ok(), Some(task(2)));
        assert_eq!(tasks.try_recv(), Err(TryRecvError::Empty));
        assert!(!lines.hear(b"no job\n"));
        assert_eq!(tasks.try_recv(), Err(TryRecvError::Disconnected));
        assert!(!lines.hear(text.as_bytes()));
    }

    #[test]
    fn nothing_is_read_after_the_end() {
        for end in [&[][..], &vec![b'x'; LONGEST_LINE + 1]] {
            let (mut lines, tasks) = lines();
            assert!(!lines.hear(end));
            assert_eq!(tasks.try_recv(), Err(TryRecvError::Disconnected));
        }
        let (mut lines, tasks) = lines();
        drop(tasks);
        assert!(!lines.hear(written(1).as_bytes()));
    }

    #[test]
    fn a_job_draws_and_does_nothing_else() {
        let of = |words: &[&str]| {
            let arguments = words.iter().map(|word| (*word).to_owned()).collect();
            arguments_of(&Task { number: 1, folder: String::new(), arguments })
        };
        let drawn = of(&["generate", "--config", "order.toml", "--output", "picture.png"]).unwrap();
        assert_eq!(drawn.config.as_deref(), Some(Path::new("order.toml")));
        for wrong in [&["info", "a.png"][..], &["generate", "--jobs-from-stdin"], &["a", "cat"], &["generate", "--x"]] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }
}
