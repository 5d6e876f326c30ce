//! `serve admin jobs` and `requeue`: jobs of all users, and dead ones.

use std::collections::HashMap;

use serde_json::json;

use super::{Place, acts, user};
use crate::Error;
use crate::cli::terminal::stdout;
use crate::queue::{Filter, Job, JobId, State};
use crate::server::rfc3339;

/// How many jobs are looked up at a time.
const AT_A_TIME: u32 = 100;

/// Arguments of `jobs`.
#[derive(clap::Args)]
pub(super) struct List {
    /// Only jobs in this state
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<StateArgument>,
    /// Only jobs of this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The newest N jobs
    #[arg(long, value_name = "N", default_value = "100")]
    limit: usize,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// Arguments of `requeue`.
#[derive(clap::Args)]
pub(super) struct Requeue {
    /// Ids of dead jobs, from `jobs --state dead`
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

/// A state on the command line.
#[derive(Clone, Copy, clap::ValueEnum)]
enum StateArgument {
    /// Waiting
    Queued,
    /// Being drawn
    Running,
    /// With a picture
    Done,
    /// Failed for good
    Dead,
    /// Stopped by the user or an operator
    Cancelled,
}

impl From<StateArgument> for State {
    fn from(state: StateArgument) -> Self {
        match state {
            StateArgument::Queued => Self::Queued,
            StateArgument::Running => Self::Running,
            StateArgument::Done => Self::Done,
            StateArgument::Dead => Self::Dead,
            StateArgument::Cancelled => Self::Cancelled,
        }
    }
}

pub(super) async fn list(arguments: &List, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let owner = match &arguments.user {
        Some(name) => Some(user::of_name(name, &data).await?.id),
        None => None,
    };
    let names: HashMap<String, String> =
        data.accounts.users().await?.into_iter().map(|user| (user.id, user.name)).collect();
    let mut filter = Filter { owner, state: arguments.state.map(State::from), before: None, limit: AT_A_TIME };
    let mut listed = Vec::new();
    let mut left = arguments.limit;
    while left > 0 {
        filter.limit = u32::try_from(left).unwrap_or(AT_A_TIME).min(AT_A_TIME);
        let jobs = data.queue.jobs(&filter).await?;
        let is_last = jobs.len() < filter.limit as usize;
        filter.before = jobs.last().map(|job| job.number);
        left -= jobs.len();
        for job in jobs {
            let user = names.get(&job.owner).unwrap_or(&job.owner);
            if arguments.json {
                listed.push(in_json(&job, user));
            } else {
                print(&job, user)?;
            }
        }
        if is_last {
            break;
        }
    }
    data.close().await;
    if arguments.json { stdout::print_json(&listed) } else { Ok(()) }
}

/// Prints a job, and below it what went wrong.
fn print(job: &Job, user: &str) -> anyhow::Result<()> {
    let (id, state, created, prompt) = (&job.id, job.state.as_str(), rfc3339(job.created), &job.prompt);
    let failures = format!("{}/{}", job.failures, job.max_failures);
    stdout::print_line(&format!("{id}  {state:9} {failures:>5}  {user:20} {created}  {prompt}"))?;
    for text in [&job.error, &job.hint].into_iter().flatten() {
        let first = text.lines().next().unwrap_or_default();
        stdout::print_line(&format!("    {first}"))?;
    }
    Ok(())
}

fn in_json(job: &Job, user: &str) -> serde_json::Value {
    json!({
        "id": job.id.as_str(),
        "user": user,
        "state": job.state.as_str(),
        "prompt": job.prompt,
        "kind": job.kind,
        "quality": job.quality,
        "claim": job.claim,
        "failures": job.failures,
        "max_failures": job.max_failures,
        "error": job.error,
        "hint": job.hint,
        "created": rfc3339(job.created),
        "started": job.started.map(rfc3339),
        "finished": job.finished.map(rfc3339),
    })
}

pub(super) async fn requeue(arguments: &Requeue, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    for id in &arguments.ids {
        let requeued = match JobId::parse(id) {
            Some(id) => acts(&data).requeue(&id).await?,
            None => false,
        };
        if !requeued {
            let problem = format!("there is no dead job {id}");
            return Err(Error::usage(problem, "`text2art serve admin jobs --state dead` shows all").into());
        }
        stdout::print_line(&format!("{id} waits again"))?;
    }
    data.close().await;
    Ok(())
}
