//! The system process that draws: how it is started, instructed and ended.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStderr, ChildStdin, Command};
use tokio::time::timeout;

use super::devices::VISIBLE;
use super::setup::Setup;
use super::slot::Slot;

/// What a child gets of the environment: where things are, and how to reach the network. Settings are not among it:
/// those of the order are all that counts.
const PASSED_ON: [&str; 41] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "LOCALAPPDATA",
    "APPDATA",
    "SYSTEMROOT",
    "XDG_CACHE_HOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    VISIBLE,
    "CUDA_DEVICE_ORDER",
    "CUDA_HOME",
    "CUDA_PATH",
    "CUDA_CACHE_PATH",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_ENDPOINT",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_TOKEN_PATH",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    crate::models::hub::WEIGHTS,
    crate::models::hub::PAGES,
    crate::models::hub::NETWORK_TIMEOUT,
];
/// How much less a child counts than the worker, for the processor.
#[cfg(unix)]
const NICE: i32 = 5;
/// The lowest priority (`setpriority(2)`).
#[cfg(unix)]
const LOWEST: i32 = 19;
/// How much sooner the system ends a child than the worker if memory is short.
#[cfg(target_os = "linux")]
const OOM_SCORE: &str = "500";

/// The time for the system to end a child that no longer draws.
const TO_END: Duration = Duration::from_secs(3);

/// A running child. It ends when this value is dropped.
pub(super) struct Child {
    process: tokio::process::Child,
    /// Its end tells the child that the worker is gone
    input: Option<ChildStdin>,
}

impl Child {
    /// Starts the program of the worker in a folder, where it sees one GPU, or all of them. Returns the child and its standard error.
    pub(super) fn start(
        setup: &Setup,
        slot: &Slot,
        folder: &Path,
        arguments: &[OsString],
        gpu: Option<&str>,
    ) -> io::Result<(Self, ChildStderr)> {
        let mut command = Command::new(&setup.program);
        let passed_on = PASSED_ON.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.args(arguments).current_dir(folder).env_clear().envs(passed_on);
        command.envs(gpu.map(|gpu| (VISIBLE, gpu)));
        command.stdin(Stdio::piped()).stdout(slot.output()).stderr(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C in the terminal of the worker is for the worker.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.spawn()?;
        let input = process.stdin.take();
        let errors = process.stderr.take().ok_or_else(|| io::Error::other("the child has no standard error"))?;
        let child = Self { process, input };
        child.step_back();
        Ok((child, errors))
    }

    /// Waits for the end.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Its number; none after it has ended.
    pub(super) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Whether it has ended, or cannot be watched.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    ///
    /// If it no longer reads.
    pub(super) async fn say(&mut self, line: &str) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(format!("{line}\n").as_bytes()).await?;
        input.flush().await
    }

    /// Ends the child at once, and waits until it is gone.
    pub(super) async fn end(mut self) {
        self.kill();
        let _ = timeout(TO_END, self.wait()).await;
    }

    /// Asks the child to save its picture and end.
    pub(super) fn terminate(&mut self) {
        #[cfg(unix)]
        if self.signal(rustix::process::Signal::TERM) {
            return;
        }
        self.input = None;
    }

    /// Ends the child at once.
    pub(super) fn kill(&mut self) {
        #[cfg(unix)]
        if self.signal(rustix::process::Signal::KILL) {
            return;
        }
        // It may have ended.
        let _ = self.process.start_kill();
    }

    /// Leaves the processor and the memory to others. A system that refuses only makes the machine less pleasant.
    fn step_back(&self) {
        #[cfg(unix)]
        if let Some(group) = self.group() {
            let own = rustix::process::getpriority_process(None).unwrap_or(0);
            let _ = rustix::process::setpriority_pgrp(Some(group), (own + NICE).min(LOWEST));
        }
        #[cfg(target_os = "linux")]
        if let Some(id) = self.process.id() {
            let _ = std::fs::write(format!("/proc/{id}/oom_score_adj"), OOM_SCORE);
        }
    }

    /// The group of the child; `None` after it was waited for, when its number may be another's.
    #[cfg(unix)]
    fn group(&self) -> Option<rustix::process::Pid> {
        rustix::process::Pid::from_raw(i32::try_from(self.process.id()?).ok()?)
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) -> bool {
        self.group().is_some_and(|group| rustix::process::kill_process_group(group, signal).is_ok())
    }
}

/// How the work on a job ended: with an exit code, or with a signal that ended the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    code: Option<i32>,
    signal: Option<i32>,
}

impl Outcome {
    /// The outcome of a job whose process goes on.
    pub(super) fn of_code(code: i32) -> Self {
        Self { code: Some(code), signal: None }
    }

    /// The exit code; none if there was a signal.
    pub(super) fn code(self) -> Option<i32> {
        self.code
    }

    /// Whether the job is done.
    pub(super) fn success(self) -> bool {
        self.code == Some(0)
    }

    /// Whether someone asked the process to end, and it did at once.
    #[cfg(unix)]
    pub(super) fn is_terminated(self) -> bool {
        self.signal == Some(rustix::process::Signal::TERM.as_raw())
    }

    /// Whether the process was killed.
    #[cfg(unix)]
    pub(super) fn is_killed(self) -> bool {
        self.signal == Some(rustix::process::Signal::KILL.as_raw())
    }

    #[cfg(not(unix))]
    pub(super) fn is_terminated(self) -> bool {
        false
    }

    #[cfg(not(unix))]
    pub(super) fn is_killed(self) -> bool {
        false
    }

    /// How it ended, in words, and what the owner of the job can do about it.
    pub(super) fn in_words(self) -> (String, Option<String>) {
        if let Some(signal) = self.signal {
            let message = format!("the process that drew the picture was ended by signal {signal}");
            // The system ends a process this way if memory is short.
            let hint = self.is_killed().then(|| "the machine may be short of memory: try a smaller size".to_owned());
            return (message, hint);
        }
        let code = self.code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
        (format!("the process that drew the picture ended with exit code {code}"), None)
    }
}

impl From<ExitStatus> for Outcome {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal = None;
        Self { code: status.code(), signal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_settings_are_passed_on() {
        let known: Vec<String> =
            crate::settings::OPTIONS.iter().map(|option| format!("TEXT2ART_{}", option.name.to_uppercase())).collect();
        assert!(known.contains(&"TEXT2ART_SEED".to_owned()));
        assert!(!PASSED_ON.iter().any(|name| known.iter().any(|known| known == name)));
        assert!(!PASSED_ON.contains(&"TEXT2ART_CONFIG"));
    }
}
