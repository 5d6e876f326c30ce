//! `text2art jobs`: the jobs of a server.

mod deliver;
mod follow;
mod show;

use std::ffi::OsString;

use clap::ValueHint;
use serde_json::Value;

use crate::cli::DONE;
use crate::cli::options::remote::Remote;
use crate::cli::terminal::detach::detach_on_signal;
use crate::cli::terminal::preview::PreviewKind;
use crate::cli::terminal::report::{Progress, Reporter};
use crate::cli::terminal::stdout;
use crate::client::Query;
use crate::database::Id;
use crate::text::count;
pub(in crate::cli) use deliver::Delivery;
pub(in crate::cli) use follow::{Following, follow};

/// How many jobs are listed if no number is given.
const LISTED: usize = 20;

/// The arguments of `jobs`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The id of a job, as `submit` prints it [default: list all your jobs]
    #[arg(value_name = "ID", value_parser = id)]
    job: Option<Id>,
    /// Follow the job until it ends
    ///
    /// The first Ctrl-C stops following, and the job keeps running; a second one cancels the job.
    #[arg(long, requires = "job")]
    watch: bool,
    /// Follow the job, and download its files when it is done: the picture or movie as FILE, and any others next to FILE;
    /// `-` is standard output
    #[arg(short, long, value_name = "FILE", requires = "job", value_hint = ValueHint::FilePath)]
    output: Option<OsString>,
    /// Replace files that already exist
    #[arg(long)]
    force: bool,
    /// List only jobs in this state
    #[arg(long, value_name = "STATE", conflicts_with = "job")]
    #[arg(value_parser = ["queued", "running", "done", "dead", "cancelled"])]
    state: Option<String>,
    /// List at most N jobs, the latest first [default: 20]
    #[arg(long, value_name = "N", conflicts_with = "job", value_parser = limit)]
    limit: Option<usize>,
    /// Print the server's response as JSON
    #[arg(long)]
    json: bool,
    /// Show the picture in the terminal while it is drawn
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto")]
    preview: PreviewKind,
    /// How to show progress on standard error
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto")]
    progress: Progress,
    #[command(flatten)]
    remote: Remote,
}

impl Arguments {
    /// The reporter of progress.
    pub(in crate::cli) fn reporter(&self) -> Reporter {
        Reporter::new(self.progress).with_preview(self.preview)
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let detach = detach_on_signal()?;
    let server = arguments.remote.connect(None, &detach.stop)?;
    let Some(id) = &arguments.job else {
        let query = Query { state: arguments.state.clone(), limit: arguments.limit.unwrap_or(LISTED) };
        let jobs = server.list(&query)?;
        if arguments.json {
            return stdout::print_json(&jobs.iter().map(|job| &job.json).collect::<Vec<&Value>>()).map(|()| DONE);
        }
        return jobs.iter().try_for_each(|job| stdout::print_line(&show::line(job))).map(|()| DONE);
    };
    let job = server.look(id)?;
    if !arguments.watch && arguments.output.is_none() {
        if arguments.json {
            return stdout::print_json(&job.json).map(|()| DONE);
        }
        return show::details(&job).into_iter().try_for_each(|line| stdout::print_line(&line)).map(|()| DONE);
    }
    let delivery = arguments.output.as_deref().map(|output| Delivery::of(&job, output, arguments.force)).transpose()?;
    let following = Following { server: &server, remote: &arguments.remote, config: None, detach: &detach, reporter };
    let exit_code = follow(&following, &job, delivery.as_ref())?;
    if arguments.json && exit_code == DONE {
        stdout::print_json(&server.look(id)?.json)?;
    }
    Ok(exit_code)
}

/// Reads the id of a job. Other words belong to a prompt.
pub(in crate::cli) fn id(text: &str) -> Result<Id, String> {
    Id::parse(&text.to_lowercase())
        .ok_or_else(|| format!("`{text}` is not the id of a job, which has 26 letters and digits"))
}

fn limit(text: &str) -> Result<usize, String> {
    count(text, 1..=100_000)
}
