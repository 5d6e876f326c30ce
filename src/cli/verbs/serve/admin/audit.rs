//! `serve admin audit`: what operators did.

use serde_json::json;

use super::Place;
use crate::cli::terminal::stdout;
use crate::server::audit::{self, Entry};
use crate::server::rfc3339;

/// How many rows are looked up at a time.
const AT_A_TIME: u32 = 1000;

/// Arguments of `audit`.
#[derive(clap::Args)]
pub(super) struct List {
    /// The last N actions
    #[arg(long, value_name = "N", default_value = "100")]
    limit: u32,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(arguments: &List, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let mut listed = Vec::new();
    let (mut left, mut before) = (arguments.limit, None);
    while left > 0 {
        let wanted = left.min(AT_A_TIME);
        let entries = audit::list(&data.database, before, wanted).await?;
        let is_last = entries.len() < wanted as usize;
        before = entries.last().map(|entry| entry.number);
        left -= wanted;
        for entry in &entries {
            if arguments.json {
                listed.push(in_json(entry));
            } else {
                print(entry)?;
            }
        }
        if is_last {
            break;
        }
    }
    data.close().await;
    if arguments.json { stdout::print_json(&listed) } else { Ok(()) }
}

fn print(Entry { at, who, what, target, detail, .. }: &Entry) -> anyhow::Result<()> {
    let detail = detail.as_ref().map_or_else(String::new, |detail| format!("  ({detail})"));
    let line = format!("{}  {who:20} {what:20} {target}{detail}", rfc3339(*at));
    stdout::print_line(line.trim_end())
}

fn in_json(entry: &Entry) -> serde_json::Value {
    json!({
        "number": entry.number,
        "at": rfc3339(entry.at),
        "who": entry.who,
        "what": entry.what,
        "target": entry.target,
        "detail": entry.detail,
    })
}
