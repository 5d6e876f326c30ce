//! Ctrl-C and termination signals.

use crate::session::Stop;

/// The first Ctrl-C, SIGTERM or SIGHUP stops the run after its iteration; a second ends the program.
pub(super) fn stop_on_signal() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let signal = stop.clone();
    ctrlc::set_handler(move || {
        if signal.is_requested() {
            std::process::exit(super::INTERRUPTED.into());
        }
        signal.request();
    })?;
    Ok(stop)
}
