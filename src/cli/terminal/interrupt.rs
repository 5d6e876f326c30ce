//! Ctrl-C and termination signals.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use super::report::Reporter;
use crate::progress::Stop;
use crate::{Error, Result};

/// Time for a download to notice that it must stop.
const NOTICE: Duration = Duration::from_millis(500);
/// Time after the first signal in which no other signal counts. A closed terminal and `timeout` send their signals
/// twice, and nobody can have read the acknowledgment of the first.
const TOGETHER: Duration = Duration::from_secs(1);
/// Time for a run to save its picture after the program that started it has ended. After five seconds, nothing draws.
const LAST_WORK: Duration = Duration::from_secs(4);

/// The first Ctrl-C, SIGTERM or SIGHUP stops the run after the current iteration, or whatever `unit` the run consists
/// of. A later Ctrl-C ends the program. Signals that the program was started to ignore, as `nohup` does, stay ignored.
pub(in crate::cli) fn stop_on_signal(reporter: &Reporter, unit: &str) -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let (requested, acknowledgment) = (stop.clone(), reporter.acknowledgment());
    let doing = format!("stopping after this {unit}");
    end_on_signal(doing, move |message| acknowledgment.tell(message), move || requested.request())?;
    Ok(stop)
}

/// The first Ctrl-C, SIGTERM or SIGHUP calls `request`, which lets a server or a worker end. `say` is given what happens. A
/// later Ctrl-C ends the program.
#[cfg(feature = "server")]
pub(in crate::cli) fn shut_down_on_signal(
    say: impl Fn(String) + Send + Sync + 'static,
    request: impl Fn() + Send + 'static,
) -> anyhow::Result<()> {
    end_on_signal("giving the jobs back".to_owned(), say, request)
}

fn end_on_signal(
    doing: String,
    say: impl Fn(String) + Send + Sync + 'static,
    request: impl Fn() + Send + 'static,
) -> anyhow::Result<()> {
    let say = Arc::new(say);
    let mut first: Option<Instant> = None;
    system::listen(move |signal| match first {
        None => {
            request();
            first = Some(Instant::now());
            acknowledge(&say, &doing, signal == SIGINT);
        }
        Some(first) if signal == SIGINT && first.elapsed() >= TOGETHER => exit(),
        Some(_) => {}
    })?;
    Ok(())
}

/// Stops the run when standard input ends, which the program that started this one holds open as long as it lives. A run
/// that takes too long to stop is ended.
pub(in crate::cli) fn stop_with_parent(stop: &Stop) -> Result<()> {
    hear_parent(stop, |_| true)
}

/// The same, for a parent program that also writes to standard input. `hear` gets the bytes as they arrive, and none
/// at the end; it returns whether to continue, and if not, this counts as the end of standard input.
pub(in crate::cli) fn hear_parent(stop: &Stop, mut hear: impl FnMut(&[u8]) -> bool + Send + 'static) -> Result<()> {
    let stop = stop.clone();
    let wait = move || {
        let mut buffer = [0; 512];
        let mut input = io::stdin().lock();
        loop {
            match input.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    hear(&[]);
                    break;
                }
                Ok(length) if hear(&buffer[..length]) => {}
                Ok(_) => break,
            }
        }
        stop.request();
        std::thread::sleep(LAST_WORK);
        exit();
    };
    let started = std::thread::Builder::new().name("parent".into()).spawn(wait);
    started.map(drop).map_err(|error| Error::thread(&error))
}

/// The first Ctrl-C, SIGTERM or SIGHUP stops a download, and ends the program if there is none.
pub(in crate::cli) fn exit_on_signal() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let requested = stop.clone();
    system::listen(move |_| {
        requested.request();
        std::thread::sleep(NOTICE);
        exit();
    })?;
    Ok(stop)
}

/// Makes a write over the limit on the size of files (`ulimit -f`) fail with an error, instead of ending the program.
pub(in crate::cli) fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        use signal_hook::consts::SIGXFSZ;
        // Without the handler the limit still holds, and the system ends the program there.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }
}

/// Reports that the signal was received. A terminal or pipe that accepts no more text blocks only this thread, not the
/// one that receives signals.
fn acknowledge(say: &Arc<impl Fn(String) + Send + Sync + 'static>, doing: &str, by_key: bool) {
    let again = if by_key { " again" } else { "" };
    let message = format!("{doing}; press Ctrl-C{again} to abort");
    let say = say.clone();
    // If no thread can be started, the run stops unannounced.
    let _ = std::thread::Builder::new().name("acknowledgment".into()).spawn(move || say(message));
}

pub(super) fn exit() {
    super::close();
    std::process::exit(crate::cli::INTERRUPTED.into());
}

#[cfg(unix)]
pub(super) mod system {
    use std::ffi::c_int;
    use std::io;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// Calls `heard` in a separate thread for each signal that the program was not started to ignore.
    pub(in crate::cli) fn listen(mut heard: impl FnMut(c_int) + Send + 'static) -> io::Result<()> {
        let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
        let mut signals = Signals::new(wanted)?;
        std::thread::Builder::new().name("signals".into()).spawn(move || signals.forever().for_each(&mut heard))?;
        Ok(())
    }

    /// Whether a signal is ignored, as the program's parent can arrange.
    fn is_ignored(signal: c_int) -> bool {
        let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: without a new action, the call only writes the current one to `action`, which has room for it. If the
        // call fails, all zeros are a valid value.
        #[allow(unsafe_code, reason = "no library reports how a signal is handled")]
        let (result, action) =
            unsafe { (libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()), action.assume_init()) };
        result == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(not(unix))]
pub(super) mod system {
    use std::ffi::c_int;
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use signal_hook::consts::{SIGINT, SIGTERM};

    /// Time between two checks for signals.
    const INTERVAL: Duration = Duration::from_millis(50);

    /// Calls `heard` in a separate thread for each signal.
    pub(in crate::cli) fn listen(mut heard: impl FnMut(c_int) + Send + 'static) -> io::Result<()> {
        let mut raised = Vec::new();
        for signal in [SIGINT, SIGTERM] {
            let flag = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, flag.clone())?;
            raised.push((signal, flag));
        }
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            loop {
                for (signal, flag) in &raised {
                    if flag.swap(false, Ordering::SeqCst) {
                        heard(*signal);
                    }
                }
                std::thread::sleep(INTERVAL);
            }
        })?;
        Ok(())
    }
}
