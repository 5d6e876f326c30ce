//! `serve admin token`: makes, lists and revokes tokens.

use std::collections::HashMap;

use clap::Subcommand;
use serde_json::json;

use super::{Place, acts, user};
use crate::Error;
use crate::accounts::{NewToken, Scope, Token};
use crate::cli::terminal::{line, stdout};
use crate::cli::verbs::serve::options::keep::Age;
use crate::database::Id;
use crate::server::rfc3339;

/// What to do with tokens.
#[derive(Subcommand)]
pub(super) enum Verb {
    /// Make a token for a user, and print it. It cannot be shown again
    Add(Add),
    /// List the tokens of a user, or all
    List(List),
    /// Make a token invalid
    Revoke(Revoke),
}

/// Arguments of `token add`.
#[derive(clap::Args)]
pub(super) struct Add {
    /// Name of the user
    #[arg(value_name = "USER")]
    user: String,
    /// What the token is for
    #[arg(long, value_name = "TEXT", default_value = "command line")]
    name: String,
    /// What the token may be used for
    #[arg(long, value_enum, value_name = "SCOPE", default_value = "jobs")]
    scope: ScopeArgument,
    /// Time until the token becomes invalid, such as 90d [default: never]
    #[arg(long, value_name = "TIME")]
    expires: Option<Age>,
}

/// Arguments of `token list`.
#[derive(clap::Args)]
pub(super) struct List {
    /// Name of the user [default: all users]
    #[arg(value_name = "USER")]
    user: Option<String>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// Arguments of `token revoke`.
#[derive(clap::Args)]
pub(super) struct Revoke {
    /// Id of the token, from `token list`
    #[arg(value_name = "ID")]
    id: String,
}

/// A scope on the command line.
#[derive(Clone, Copy, clap::ValueEnum)]
enum ScopeArgument {
    /// Can look at jobs and pictures
    Read,
    /// Can also create pictures, and manage the user's own jobs and pictures
    Jobs,
    /// Can do everything that the user can
    Admin,
}

impl From<ScopeArgument> for Scope {
    fn from(scope: ScopeArgument) -> Self {
        match scope {
            ScopeArgument::Read => Self::Read,
            ScopeArgument::Jobs => Self::Jobs,
            ScopeArgument::Admin => Self::Admin,
        }
    }
}

pub(super) async fn run(verb: &Verb, place: &Place<'_>) -> anyhow::Result<()> {
    match verb {
        Verb::Add(arguments) => add(arguments, place).await,
        Verb::List(arguments) => list(arguments, place).await,
        Verb::Revoke(arguments) => revoke(arguments, place).await,
    }
}

async fn add(arguments: &Add, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let user = user::of_name(&arguments.user, &data).await?;
    let new = NewToken {
        name: arguments.name.clone(),
        scope: arguments.scope.into(),
        lasts: arguments.expires.map(Age::duration),
    };
    let (_, secret) = data.accounts.create_token(&user, &new).await?;
    acts(&data).note("token made", &user.name, Some(&arguments.name)).await?;
    data.close().await;
    line(&format!("a token for {}, which cannot be shown again:", user.name));
    stdout::print_line(secret.reveal())
}

async fn list(arguments: &List, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let owner = match &arguments.user {
        Some(name) => Some(user::of_name(name, &data).await?.id),
        None => None,
    };
    let tokens = data.accounts.tokens(owner.as_deref()).await?;
    let names: HashMap<String, String> =
        data.accounts.users().await?.into_iter().map(|user| (user.id, user.name)).collect();
    data.close().await;
    let name_of = |token: &Token| names.get(&token.owner).map_or("-", String::as_str).to_owned();
    if arguments.json {
        let tokens: Vec<_> = tokens.iter().map(|token| in_json(token, &name_of(token))).collect();
        return stdout::print_json(&tokens);
    }
    for token in &tokens {
        let end = match (token.revoked, token.expires) {
            (Some(revoked), _) => format!("revoked {}", rfc3339(revoked)),
            (None, Some(expires)) => format!("until {}", rfc3339(expires)),
            (None, None) => "for ever".to_owned(),
        };
        let used = token.used.map_or_else(|| "never used".to_owned(), |used| format!("used {}", rfc3339(used)));
        let (owner, scope) = (name_of(token), token.scope.as_str());
        stdout::print_line(&format!("{}  {owner:20} {scope:5}  {end}, {used}  {}", token.id, token.name))?;
    }
    Ok(())
}

fn in_json(token: &Token, user: &str) -> serde_json::Value {
    json!({
        "id": token.id.as_str(),
        "user": user,
        "name": token.name,
        "scope": token.scope,
        "created": rfc3339(token.created),
        "expires": token.expires.map(rfc3339),
        "used": token.used.map(rfc3339),
        "revoked": token.revoked.map(rfc3339),
    })
}

async fn revoke(arguments: &Revoke, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let revoked = match Id::parse(&arguments.id) {
        Some(id) => data.accounts.revoke_token(&id, None).await?,
        None => false,
    };
    if !revoked {
        let problem = format!("there is no valid token {}", arguments.id);
        return Err(Error::usage(problem, "`text2art serve admin token list` shows all").into());
    }
    acts(&data).note("token revoked", &arguments.id, None).await?;
    data.close().await;
    stdout::print_line(&format!("revoked {}", arguments.id))
}
