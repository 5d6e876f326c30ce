//! `serve admin letters` and `serve admin resend`: letters that could not be sent.

use serde_json::json;

use super::{Place, acts};
use crate::Error;
use crate::cli::terminal::stdout;
use crate::mail::DeadLetter;
use crate::server::rfc3339;
use crate::text::counted;

/// Arguments of `letters`.
#[derive(clap::Args)]
pub(super) struct List {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// Arguments of `resend`.
#[derive(clap::Args)]
pub(super) struct Resend {
    /// Id of the email, from `letters`
    #[arg(value_name = "LETTER")]
    letter: String,
}

pub(super) async fn list(arguments: &List, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let letters = data.mail.dead_letters().await?;
    data.close().await;
    if arguments.json {
        return stdout::print_json(&letters.iter().map(in_json).collect::<Vec<_>>());
    }
    for DeadLetter { id, kind, failures, error, ended, .. } in &letters {
        let (ended, kind, failures) = (rfc3339(*ended), kind.as_str(), counted(*failures, "failure"));
        stdout::print_line(&format!("{ended}  {id:34}  {kind:10}  {failures}  {error}"))?;
    }
    Ok(())
}

pub(super) async fn resend(arguments: &Resend, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let id = arguments.letter.as_str();
    if !data.mail.send_again(id).await? {
        let problem = format!("the email {} cannot be sent again", id.escape_debug());
        let hint = "`text2art serve admin letters` shows those that failed; only emails about jobs can be sent again";
        return Err(Error::usage(problem, hint).into());
    }
    acts(&data).note("letter sent again", id, None).await?;
    data.close().await;
    stdout::print_line(&format!("email {id} waits to be sent"))
}

fn in_json(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "id": letter.id,
        "kind": letter.kind.as_str(),
        "job": letter.job,
        "owner": letter.owner,
        "failures": letter.failures,
        "error": letter.error,
        "created": rfc3339(letter.created),
        "ended": rfc3339(letter.ended),
        "can_be_sent": letter.can_be_sent(),
    })
}
