//! `serve admin queue`: lets the queue rest.

use clap::Subcommand;

use super::{Place, acts};
use crate::cli::terminal::stdout;
use crate::server::rfc3339;

/// What to do with the queue.
#[derive(Subcommand)]
pub(super) enum Verb {
    /// Stop starting jobs; running jobs continue, and new jobs wait
    Pause,
    /// Start jobs again
    Resume,
    /// Show how many jobs are in each state
    Show(Show),
}

/// Arguments of `queue show`.
#[derive(clap::Args)]
pub(super) struct Show {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(verb: &Verb, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    match verb {
        Verb::Pause => {
            let is_new = acts(&data).pause().await?;
            stdout::print_line(if is_new { "the queue is paused" } else { "the queue was paused already" })
        }
        Verb::Resume => {
            let is_new = acts(&data).resume().await?;
            stdout::print_line(if is_new { "the queue goes on" } else { "the queue was not paused" })
        }
        Verb::Show(show) => {
            let (counts, paused) = (data.queue.counts().await?, data.queue.paused().await?);
            if show.json {
                return stdout::print_json(&serde_json::json!({
                    "queued": counts.queued,
                    "running": counts.running,
                    "done": counts.done,
                    "dead": counts.dead,
                    "cancelled": counts.cancelled,
                    "paused": paused.map(rfc3339),
                }));
            }
            let counts = [
                ("queued", counts.queued),
                ("running", counts.running),
                ("done", counts.done),
                ("dead", counts.dead),
                ("cancelled", counts.cancelled),
            ];
            for (state, count) in counts {
                stdout::print_line(&format!("{state:9} {count:>8}"))?;
            }
            paused.map_or(Ok(()), |since| stdout::print_line(&format!("paused since {}", rfc3339(since))))
        }
    }
}
