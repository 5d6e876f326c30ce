//! `text2art cancel`: tells a server that jobs are no longer wanted.

use super::jobs::id;
use crate::cli::DONE;
use crate::cli::options::remote::Remote;
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::client::State;
use crate::database::Id;
use crate::progress::Event;

/// The arguments of `cancel`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Ids of jobs, as `submit` and `jobs` print them
    #[arg(value_name = "ID", required = true, value_parser = id)]
    jobs: Vec<Id>,
    #[command(flatten)]
    remote: Remote,
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let stop = interrupt::exit_on_signal()?;
    let server = arguments.remote.connect(None, &stop)?;
    let mut exit_code = DONE;
    for id in &arguments.jobs {
        match server.cancel(id) {
            Ok(job) => match job.state {
                State::Cancelled => stdout::print_row(&[id.as_str(), "cancelled"])?,
                // Its worker hears of it with its next beat.
                State::Queued | State::Running => stdout::print_row(&[id.as_str(), "will be cancelled"])?,
                State::Done | State::Dead => {
                    let message = format!("the job {id} had ended before");
                    reporter.tell(&Event::Warning { message });
                }
            },
            // The other jobs are canceled nevertheless.
            Err(error) => exit_code = exit_code.max(reporter.failed(&error.into())),
        }
    }
    Ok(exit_code)
}
