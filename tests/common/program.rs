//! The program as its users run it: its own binary, in its own folder, with nothing of the developer's environment
//! except the path to other programs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The limit of every run, far more than any takes.
pub const LIMIT: Duration = Duration::from_secs(120);

/// The binary under test. Cargo does not name it for the tests of pages, which are another package.
pub const BINARY: &str = match option_env!("CARGO_BIN_EXE_text2art") {
    Some(path) => path,
    None => "the program that CARGO_BIN_EXE_text2art should name",
};

/// A fresh folder to work in, with a fresh home next to it; both vanish with this value.
pub struct Workplace {
    root: TempDir,
}

impl Workplace {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        std::fs::create_dir(root.path().join("home")).unwrap();
        Self { root }
    }

    /// The folder that holds the work folder and the home.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// A path in the work folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    /// A path in the work folder, as an argument.
    pub fn argument(&self, name: &str) -> String {
        self.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file into the work folder, with the folders it needs.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The binary, to be run in the work folder.
    pub fn command(&self) -> Command {
        // Tests that were carried to another machine find the program through this variable.
        self.command_of(std::env::var_os("CARGO_BIN_EXE_text2art").unwrap_or_else(|| BINARY.into()))
    }

    /// Another program, to be run in the work folder with the same environment.
    pub fn command_of(&self, program: impl AsRef<OsStr>) -> Command {
        #[cfg(unix)]
        heed_signals();
        let mut command = Command::new(program);
        let home = self.root.path().join("home");
        command.current_dir(self.join("")).env_clear();
        command.env("HOME", &home).env("XDG_CONFIG_HOME", home.join(".config"));
        // Other programs, NVIDIA's libraries, and what a stand-in of S3 asks for.
        for name in ["PATH", "LD_LIBRARY_PATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command.envs(std::env::var_os(name).map(|paths| (name, paths)));
        }
        command
    }

    /// Runs the binary in the work folder to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        finish(self.command().args(arguments))
    }

    /// Runs the binary in another folder to its end.
    pub fn run_in<S: AsRef<OsStr>>(&self, folder: &Path, arguments: &[S]) -> Outcome {
        finish(self.command().current_dir(folder).args(arguments))
    }

    /// The peak memory of a run of the binary, in MiB; the run must succeed.
    pub fn peak<S: AsRef<OsStr>>(&self, arguments: &[S]) -> f64 {
        let (peak, code) = peak(self.command().args(arguments));
        assert_eq!(code, Some(0));
        peak
    }

    /// The memory that a dry run estimates, in MiB.
    pub fn estimate(&self, arguments: &[&str]) -> f64 {
        let outcome = self.run(&[arguments, &["--dry-run"]].concat()).succeeded();
        let line = outcome.output_text().lines().find_map(|line| line.strip_prefix("# memory: about ")).unwrap();
        let (amount, unit) = line.split_once(' ').unwrap();
        amount.parse::<f64>().unwrap() * if unit == "GiB" { 1024.0 } else { 1.0 }
    }

    /// The files in a folder of the work folder, and below it.
    pub fn files_in(&self, folder: impl AsRef<Path>) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.join(folder)).into_iter().flatten();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.flat_map(|path| if path.is_dir() { self.files_in(path) } else { vec![path] }).collect()
    }

    /// Every file and folder, with the content of the files.
    pub fn content(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.root.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                found.insert(path.clone(), path.is_file().then(|| std::fs::read(&path).unwrap()));
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        found
    }

    /// Runs the binary, which must refuse: exit code 2, one line that says what is wrong and contains all of `named`,
    /// one line that says what to do, and no changed file.
    pub fn refuses<S: AsRef<OsStr>>(&self, arguments: &[S], named: &[&str]) {
        let lines = self.refuses_somehow(arguments);
        let shown: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        let [error, hint] = lines.as_slice() else { panic!("{shown:?}: not two lines but {lines:#?}") };
        assert!(error.starts_with("error: "), "{shown:?}: {error}");
        assert!(hint.strip_prefix("hint: ").is_some_and(|hint| !hint.trim().is_empty()), "{shown:?}: {hint}");
        for name in named {
            assert!(error.contains(name), "{shown:?}: no {name:?} in {error:?}");
        }
    }

    /// Draws a small picture with more options, which must be refused with this error and this hint.
    pub fn refuses_options(&self, options: &str, error: &str, hint: &str) {
        let lines = self.refuses_somehow(&words(&format!("cat --size 32x32 -n 1 -q -o p.png {options}")));
        assert!(lines[0].contains(error) && lines[1].contains(hint), "{options}: {lines:?}");
    }

    /// Runs the binary, which must refuse with exit code 2. Returns the lines that it printed, whatever they say.
    pub fn refuses_somehow<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Vec<String> {
        let before = self.content();
        let outcome = self.run(arguments);
        let shown: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        assert!(!outcome.errors.contains("panicked"), "{shown:?}: {}", outcome.errors);
        assert_eq!(outcome.code, Some(2), "{shown:?}: {}", outcome.errors);
        assert_eq!(outcome.output_text(), "", "{shown:?}");
        let after = self.content();
        let changed: Vec<_> = after.iter().filter(|(path, content)| before.get(*path) != Some(content)).collect();
        let changed: Vec<_> = changed.into_iter().map(|(path, _)| path).collect();
        assert!(changed.is_empty() && after.len() == before.len(), "{shown:?} left or changed {changed:?}");
        // Shown if the test fails.
        println!("{shown:?}\n{}", outcome.errors);
        outcome.errors.lines().map(str::to_owned).collect()
    }
}

/// Makes the started programs heed Ctrl-C and hang-ups, even if the tests run in the background and were started to
/// ignore them: a signal that a process handles is not ignored by the programs that it starts.
#[cfg(unix)]
fn heed_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT};
    use signal_hook::flag::{register, register_conditional_default};

    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        register_conditional_default(SIGINT, std::sync::Arc::new(true.into())).unwrap();
        register(SIGHUP, std::sync::Arc::default()).unwrap();
    });
}

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    /// None if a signal ended it
    pub code: Option<i32>,
    /// Standard output
    pub output: Vec<u8>,
    /// Standard error
    pub errors: String,
}

impl Outcome {
    /// Checks that the run succeeded.
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.errors);
        self
    }

    pub fn output_text(&self) -> &str {
        std::str::from_utf8(&self.output).unwrap()
    }

    /// Standard output as JSON.
    pub fn output_json(&self) -> Value {
        serde_json::from_slice(&self.output).unwrap()
    }

    /// The events of `--progress json` on standard error: every line is an object.
    pub fn events(&self) -> Vec<Value> {
        let event = |line: &str| {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(event["event"].is_string(), "{line}");
            event
        };
        self.errors.lines().map(event).collect()
    }
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Outcome {
    Running::start(command).finish()
}

/// Runs a command to its end. Returns its peak memory, in MiB (`VmHWM` of `proc(5)`, which only Linux has), and its
/// exit code.
pub fn peak(command: &mut Command) -> (f64, Option<i32>) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let path = format!("/proc/{}/status", child.id());
    let mut highest = 0.0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kibibytes) = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok()) {
            highest = kibibytes / 1024.0;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    (highest, child.wait().unwrap().code())
}

/// Waits for a program to end, which must happen within [`LIMIT`] of its start. `shown` is for the message if it does
/// not.
pub fn end(child: &mut Child, started: Instant, shown: impl FnOnce() -> String) -> ExitStatus {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > LIMIT {
            let _ = child.kill();
            panic!("still running after {LIMIT:?}: {}", shown());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a program the signal of this name, such as `INT`.
#[cfg(unix)]
pub fn signal(child: &Child, name: &str) {
    signal_process(child.id(), name);
}

/// Sends a process the signal of this name.
#[cfg(unix)]
pub fn signal_process(process: u32, name: &str) {
    let script = format!("kill -{name} {process}");
    assert!(Command::new("sh").arg("-c").arg(script).status().unwrap().success());
}

/// The words of a line; `'a b'` is one.
pub fn words(line: &str) -> Vec<&str> {
    let parts = line.split('\'').enumerate();
    parts
        .flat_map(|(index, part)| if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
        .collect()
}

/// A run that has not ended yet.
pub struct Running {
    child: Child,
    started: Instant,
    output: JoinHandle<Vec<u8>>,
    errors: Receiver<String>,
    seen: String,
}

impl Running {
    /// Starts a command without input; its output is read as it arrives.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let output = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            output.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let mut reader = BufReader::new(child.stderr.take().unwrap());
        let (sender, errors) = channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
                line.clear();
            }
        });
        Self { child, started: Instant::now(), output, errors, seen: String::new() }
    }

    /// Waits until `count` lines of standard error contain `text`.
    pub fn wait_for_lines(&mut self, text: &str, count: usize) {
        while self.seen.lines().filter(|line| line.contains(text)).count() < count {
            let left = LIMIT.saturating_sub(self.started.elapsed());
            match self.errors.recv_timeout(left) {
                Ok(line) => self.seen += &line,
                Err(error) => {
                    let _ = self.child.kill();
                    panic!("{error} before {count} lines with {text}: {}", self.seen);
                }
            }
        }
    }

    /// Sends the signal of this name, such as `INT`.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Whether the run has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Outcome {
        let status = end(&mut self.child, self.started, || self.seen.clone());
        let output = self.output.join().unwrap();
        self.seen.extend(self.errors.iter());
        Outcome { code: status.code(), output, errors: self.seen }
    }
}
