//! Ctrl-C and termination signals.

use std::time::Duration;

use crate::session::Stop;

/// Time in which a download notices that it is to stop.
const NOTICE: Duration = Duration::from_millis(500);

/// The first Ctrl-C, SIGTERM or SIGHUP stops the run after its iteration; a second ends the program.
pub(super) fn stop_on_signal() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let signal = stop.clone();
    ctrlc::set_handler(move || {
        if signal.is_requested() {
            super::terminal::close();
            std::process::exit(super::INTERRUPTED.into());
        }
        signal.request();
    })?;
    Ok(stop)
}

/// The first Ctrl-C, SIGTERM or SIGHUP stops a download, and ends the program where there is none.
pub(super) fn exit_on_signal() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let signal = stop.clone();
    ctrlc::set_handler(move || {
        signal.request();
        std::thread::sleep(NOTICE);
        super::terminal::close();
        std::process::exit(super::INTERRUPTED.into());
    })?;
    Ok(stop)
}
