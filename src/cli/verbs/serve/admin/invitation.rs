//! `serve admin invitation`: makes, lists and withdraws invitations, with which people register.

use clap::Subcommand;
use serde_json::json;

use super::{Place, acts};
use crate::Error;
use crate::accounts::{INVITATION_LASTS, Invitation};
use crate::cli::terminal::{line, stdout};
use crate::cli::verbs::serve::options::access::PublicUrl;
use crate::cli::verbs::serve::options::keep::Age;
use crate::database::Id;
use crate::server::{invitation_link, rfc3339};

/// What to do with invitations.
#[derive(Subcommand)]
pub(super) enum Verb {
    /// Print a link that lets one person register. It cannot be shown again
    ///
    /// The server must have been started with `--registration invitation`.
    Add(Add),
    /// List the invitations
    List(List),
    /// Make an unused invitation invalid
    Withdraw(Withdraw),
}

/// Arguments of `invitation add`.
#[derive(clap::Args)]
pub(super) struct Add {
    /// Whom the invitation is for, shown in the list
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Time until the invitation becomes invalid, such as 12h or 30d [default: 7d]
    #[arg(long, value_name = "TIME")]
    expires: Option<Age>,
    #[command(flatten)]
    address: Address,
}

/// Arguments of `invitation list`.
#[derive(clap::Args)]
pub(super) struct List {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// Arguments of `invitation withdraw`.
#[derive(clap::Args)]
pub(super) struct Withdraw {
    /// Id of the invitation, from `invitation list`
    #[arg(value_name = "ID")]
    id: String,
}

/// With which address links begin.
#[derive(clap::Args)]
pub(super) struct Address {
    /// Address that users connect to [default: `public_url` of the server's configuration]
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
}

impl Address {
    /// The configuration of the server, with this address if there is one.
    pub(super) fn of(&self, place: &Place<'_>) -> crate::server::Config {
        let mut config = place.config.clone();
        if let Some(url) = &self.public_url {
            config.public_url = Some(url.url().clone());
        }
        config
    }
}

pub(super) async fn run(verb: &Verb, place: &Place<'_>) -> anyhow::Result<()> {
    match verb {
        Verb::Add(arguments) => add(arguments, place).await,
        Verb::List(arguments) => list(arguments, place).await,
        Verb::Withdraw(arguments) => withdraw(arguments, place).await,
    }
}

async fn add(arguments: &Add, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let lasts = arguments.expires.map_or(INVITATION_LASTS, Age::duration);
    let (invitation, secret) = acts(&data).invite(&arguments.note, lasts).await?;
    data.close().await;
    line(&format!("an invitation link, valid until {}; it cannot be shown again:", rfc3339(invitation.expires)));
    stdout::print_line(&invitation_link(&arguments.address.of(place), secret.reveal()))
}

async fn list(arguments: &List, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let invitations = data.accounts.invitations().await?;
    data.close().await;
    if arguments.json {
        let invitations: Vec<_> = invitations.iter().map(in_json).collect();
        return stdout::print_json(&invitations);
    }
    for invitation in &invitations {
        let end = match (invitation.used, &invitation.used_by) {
            (Some(used), Some(name)) => format!("used by {name} {}", rfc3339(used)),
            (Some(used), None) => format!("used {}", rfc3339(used)),
            (None, _) => format!("until {}", rfc3339(invitation.expires)),
        };
        stdout::print_line(&format!("{}  {end}  {}", invitation.id, invitation.note))?;
    }
    Ok(())
}

fn in_json(invitation: &Invitation) -> serde_json::Value {
    json!({
        "id": invitation.id.as_str(),
        "note": invitation.note,
        "created": rfc3339(invitation.created),
        "expires": rfc3339(invitation.expires),
        "used": invitation.used.map(rfc3339),
        "used_by": invitation.used_by,
    })
}

async fn withdraw(arguments: &Withdraw, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let withdrawn = match Id::parse(&arguments.id) {
        Some(id) => acts(&data).withdraw_invitation(&id).await?,
        None => false,
    };
    data.close().await;
    if !withdrawn {
        let problem = format!("there is no unused invitation with the ID {}", arguments.id);
        return Err(Error::usage(problem, "`text2art serve admin invitation list` shows all").into());
    }
    stdout::print_line(&format!("withdrew {}", arguments.id))
}
