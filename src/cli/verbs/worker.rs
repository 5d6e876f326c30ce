//! `text2art worker`: draws the jobs of a server.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::options::data::{Data, make_folder};
use crate::cli::options::elsewhere::ElsewhereArguments;
use crate::cli::options::lease::lease;
use crate::cli::terminal::report::{Reporter, line};
use crate::cli::terminal::{interrupt, warning};
use crate::cli::verbs::serve::{OfWorker, jobs_per_process};
use crate::mail;
use crate::objects::check_belonging;
use crate::queue::{Queue, Rules};
use crate::text::count;
use crate::worker::{Places, Report, Setup, Shutdown, Waiting, WorkerEvent, run as work};
use crate::{Error, Result};

/// The threads that wait for the database, the store and the processes that draw.
const THREADS: usize = 2;
/// The time for work that cannot be interrupted, at the end.
const LAST_WORK: Duration = Duration::from_secs(1);

/// The arguments of `worker`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    data: Data,
    #[command(flatten, next_help_heading = "Server")]
    elsewhere: ElsewhereArguments,
    /// Configuration file of the server, or `none` [default: same as for `text2art serve`]
    ///
    /// The worker reads only --jobs-per-process and the location of the queue and the pictures. Environment
    /// variables such as `TEXT2ART_SERVE_DATABASE` take precedence over the file.
    #[arg(long, value_name = "FILE", help_heading = "Server", value_hint = clap::ValueHint::FilePath)]
    config: Option<std::path::PathBuf>,
    /// How many pictures to draw at once, at most one on each GPU; they share the processors and the memory
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Machine", value_parser = slots)]
    slots: u16,
    /// Maximum number of jobs per process, which keeps its models loaded; 1 starts a process for each job [default: 100]
    #[arg(long, value_name = "N", help_heading = "Machine", value_parser = jobs_per_process)]
    jobs_per_process: Option<u32>,
    /// Use only models that are already downloaded
    #[arg(long, help_heading = "Models")]
    offline: bool,
    /// How long a job belongs to a worker that no longer reports, in seconds; as for all processes of the server
    #[arg(long, value_name = "SECONDS", hide = true, default_value = "60", value_parser = lease)]
    lease: Duration,
}

fn slots(text: &str) -> Result<u16, String> {
    count(text, 1..=256)
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<()> {
    let (switch, stop) = Shutdown::new();
    let acknowledgment = reporter.acknowledgment();
    interrupt::shut_down_on_signal(move |message| acknowledgment.tell(message), move || switch.request())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    let runtime = runtime.map_err(|error| Error::thread(&error))?;
    let ended = runtime.block_on(serve(arguments, stop));
    runtime.shutdown_timeout(LAST_WORK);
    match ended {
        // While it waited for the database or the storage.
        Err(Error::Stopped) => Ok(()),
        ended => Ok(ended?),
    }
}

async fn serve(arguments: &Arguments, stop: Shutdown) -> Result<()> {
    let OfWorker { data, elsewhere, jobs_per_process } = OfWorker::new(
        arguments.data.named(),
        arguments.elsewhere.clone(),
        arguments.jobs_per_process,
        arguments.config.as_deref(),
        &mut |message| {
            warning(&message);
        },
    )?;
    let places = Places::of(&make_folder(data)?);
    let tell = |message: String| warning(&message);
    let waiting = Waiting::new(&stop, &tell);
    let database = places.open_database(&elsewhere, Some(&waiting)).await?;
    let queue = Queue::new(database, rules(arguments.lease)).telling(mail::AT_JOBS_END);
    queue.migrate().await?;
    let objects = places.open_objects(&elsewhere, Some(&waiting)).await?;
    check_belonging(&objects, &queue).await?;
    let setup = Setup::new(queue.clone(), objects, places.work, arguments.slots.into(), None)?;
    let report: Report = Arc::new(|event| report(&event));
    let setup = Setup { offline: arguments.offline, jobs_per_process, report, ..setup };
    let ended = work(setup, stop).await;
    queue.close().await;
    ended
}

/// The rules of a queue with this lease.
fn rules(lease: Duration) -> Rules {
    // As in the default, whose lease is 60 s.
    Rules { lease, first_pause: lease / 6, later_pause: lease, worker_alive: lease, ..Rules::default() }
}

/// Writes a line about something that happened.
fn report(event: &WorkerEvent) {
    match event {
        WorkerEvent::Trouble { what } => warning(what),
        other => line(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_lease_has_the_usual_rules() {
        assert_eq!(rules(Duration::from_secs(60)), Rules::default());
    }
}
