//! `text2art batch --server`: a server draws the pictures.

use std::sync::Arc;
use std::time::Duration;

use super::{Arguments, Display, check_rank_with, common, draw, dry_run, plan, sheets, write_sheets};
use crate::batch::{Judges, Ledger, Studio};
use crate::cli::INTERRUPTED;
use crate::cli::options::remote::Remote;
use crate::cli::terminal::detach::{Detach, detach_on_signal};
use crate::cli::terminal::report::Reporter;
use crate::client::Address;
use crate::database::Id;
use crate::farm::{Farm, checked, of_this_machine};
use crate::progress::Stop;

/// The most bars for pictures that are drawn at the same time.
const MOST_BARS: usize = 8;
/// How long to wait for a second Ctrl-C.
const SECOND_PRESS: Duration = Duration::from_secs(3);

pub(super) fn run(arguments: &Arguments, address: Option<Address>, reporter: &Reporter) -> anyhow::Result<u8> {
    let mut common = common(arguments, reporter)?;
    // Such options on the command line and in lines are refused.
    common.weaker.iter_mut().skip(1).for_each(of_this_machine);
    let sheets = sheets(arguments)?;
    let detach = detach_on_signal()?;
    check_rank_with(arguments, &detach.stop, reporter)?;
    let (keep, scored) = (common.keep, common.is_scored());
    let (plan, results) = plan(arguments, common, &detach.stop)?;
    let plan = checked(plan);
    if arguments.dry_run {
        return dry_run(plan, &detach.stop, reporter);
    }
    let remote = Remote::at(address);
    let server = remote.connect(arguments.config.as_deref(), &detach.stop)?;
    let offline = arguments.conduct.offline;
    let judges = scored.then(|| Judges::new(arguments.rank_with.clone(), offline, detach.stop.clone()));
    let farm = Arc::new(Farm::new(server, detach.stop.clone(), judges, arguments.force)?);
    let mut display = Display::with_bars(reporter, farm.workers(), MOST_BARS);
    let (ledger, exit_code) =
        draw((farm.clone(), detach.stop.clone()), plan, Ledger::new(keep, results), &mut display)?;
    write_sheets(&sheets, &ledger, reporter)?;
    if let Some(fault) = farm.fault() {
        return Err(fault.into());
    }
    if exit_code == INTERRUPTED {
        let open = farm.open();
        leave(arguments, &remote, &detach, &open, reporter)?;
    }
    Ok(exit_code)
}

/// Leaves the jobs to the server, unless the user presses Ctrl-C again: then they are canceled.
fn leave(
    arguments: &Arguments,
    remote: &Remote,
    detach: &Detach,
    open: &[Id],
    reporter: &Reporter,
) -> anyhow::Result<()> {
    if open.is_empty() {
        return Ok(());
    }
    let acknowledgment = reporter.acknowledgment();
    let jobs = if open.len() == 1 { "1 job continues".to_owned() } else { format!("{} jobs continue", open.len()) };
    let go_on = format!("{jobs} on the server: run the same command again to fetch the pictures");
    if !detach.is_by_key() {
        acknowledgment.tell(go_on);
        return Ok(());
    }
    acknowledgment.tell(format!("{go_on}; press Ctrl-C again to cancel"));
    if !detach.is_pressed_again(SECOND_PRESS) {
        return Ok(());
    }
    // The first Ctrl-C ended the first connection.
    let server = remote.connect(arguments.config.as_deref(), &Stop::default())?;
    for id in open {
        server.cancel(id)?;
    }
    acknowledgment.tell(if open.len() == 1 { "the job is canceled" } else { "the jobs are canceled" }.to_owned());
    Ok(())
}
