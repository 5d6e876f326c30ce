//! `serve admin workers` and `drain`: who draws.

use serde_json::json;

use super::{Place, acts};
use crate::Error;
use crate::cli::terminal::stdout;
use crate::queue::Worker;
use crate::server::rfc3339;

/// Arguments of `workers`.
#[derive(clap::Args)]
pub(super) struct List {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// Arguments of `drain`.
#[derive(clap::Args)]
pub(super) struct Drain {
    /// Id of the worker, from `workers`
    #[arg(value_name = "WORKER")]
    worker: String,
    /// Let the worker take jobs again
    #[arg(long)]
    undo: bool,
}

pub(super) async fn list(arguments: &List, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let workers = data.queue.workers().await?;
    data.close().await;
    if arguments.json {
        let workers: Vec<_> = workers.iter().map(in_json).collect();
        return stdout::print_json(&workers);
    }
    for Worker { info, seen, draining, alive, .. } in &workers {
        let state = match (alive, draining) {
            (false, _) => "silent",
            (true, true) => "drains",
            (true, false) => "works",
        };
        stdout::print_line(&format!(
            "{}  {state:6} {:>3} at once  {} ({})  process {} on {}  seen {}",
            info.id,
            info.slots,
            info.device,
            info.version,
            info.pid,
            info.host,
            rfc3339(*seen)
        ))?;
    }
    Ok(())
}

fn in_json(worker: &Worker) -> serde_json::Value {
    json!({
        "id": worker.info.id,
        "host": worker.info.host,
        "pid": worker.info.pid,
        "version": worker.info.version,
        "device": worker.info.device,
        "slots": worker.info.slots,
        "instructions": worker.info.instructions,
        "models": worker.info.models,
        "memory": worker.info.memory,
        "started": rfc3339(worker.started),
        "seen": rfc3339(worker.seen),
        "draining": worker.draining,
        "alive": worker.alive,
        "running": worker.running,
    })
}

pub(super) async fn drain(arguments: &Drain, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let found = acts(&data).drain(&arguments.worker, !arguments.undo).await?;
    if !found {
        let problem = format!("there is no worker {}", arguments.worker);
        return Err(Error::usage(problem, "`text2art serve admin workers` shows all").into());
    }
    data.close().await;
    let what = if arguments.undo { "takes jobs again" } else { "takes no more jobs" };
    stdout::print_line(&format!("{} {what}", arguments.worker))
}
