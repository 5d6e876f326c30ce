//! `text2art serve admin`: what operators do with the data of a server, also while it runs.

mod audit;
mod backup;
mod invitation;
mod jobs;
mod letters;
mod password;
mod queue;
mod storage;
mod token;
mod user;
mod workers;

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};

use crate::cli::terminal::interrupt;
use crate::progress::Stop;
use crate::server::audit::COMMAND_LINE;
use crate::server::upkeep::Acts;
use crate::server::{Config, Data};
use crate::{Error, Result};

/// Arguments of `serve admin`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// Folder of the database and the pictures [default: same as for `text2art serve`]
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub(super) data: Option<PathBuf>,
    /// Configuration file of the server, or `none` [default: same as for `text2art serve`]
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Verb {
    /// Add, list, change and remove users
    #[command(subcommand)]
    User(user::Verb),
    /// Make, list and revoke tokens, which let programs log in
    #[command(subcommand)]
    Token(token::Verb),
    /// Make, list and withdraw invitations, which let people register
    #[command(subcommand)]
    Invitation(invitation::Verb),
    /// Pause or resume the queue
    #[command(subcommand)]
    Queue(queue::Verb),
    /// List jobs of all users
    Jobs(jobs::List),
    /// Give dead jobs another chance
    Requeue(jobs::Requeue),
    /// List the workers
    Workers(workers::List),
    /// Stop a worker from taking new jobs
    Drain(workers::Drain),
    /// List emails that could not be sent
    Letters(letters::List),
    /// Retry sending an email that failed
    Resend(letters::Resend),
    /// List operators' actions
    Audit(audit::List),
    /// Delete files that nothing refers to any longer
    Gc,
    /// Delete old jobs, or jobs that take up too much space; published pictures are kept
    Retention(storage::Retention),
    /// Write the database and all files into one archive
    Backup(backup::Backup),
    /// Restore an archive into a new or empty folder
    Restore(backup::Restore),
}

/// What the verbs work with.
struct Place<'a> {
    config: Config,
    stop: &'a Stop,
}

impl Place<'_> {
    /// The data that there are.
    async fn data(&self) -> Result<Data> {
        Data::open(&self.config).await
    }

    /// The data, which are made if there are none: a public server needs a user before its first start.
    async fn new_data(&self) -> Result<Data> {
        Data::create(&self.config).await
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, config: Config) -> anyhow::Result<()> {
    let stop = interrupt::exit_on_signal()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::thread(&error))?;
    let place = Place { config, stop: &stop };
    runtime.block_on(async {
        match &arguments.verb {
            Verb::User(verb) => user::run(verb, &place).await,
            Verb::Token(verb) => token::run(verb, &place).await,
            Verb::Invitation(verb) => invitation::run(verb, &place).await,
            Verb::Queue(verb) => queue::run(verb, &place).await,
            Verb::Jobs(list) => jobs::list(list, &place).await,
            Verb::Requeue(requeue) => jobs::requeue(requeue, &place).await,
            Verb::Workers(list) => workers::list(list, &place).await,
            Verb::Drain(drain) => workers::drain(drain, &place).await,
            Verb::Letters(list) => letters::list(list, &place).await,
            Verb::Resend(resend) => letters::resend(resend, &place).await,
            Verb::Audit(list) => audit::list(list, &place).await,
            Verb::Gc => storage::collect(&place).await,
            Verb::Retention(retention) => storage::retain(retention, &place).await,
            Verb::Backup(backup) => backup::back_up(backup, &place).await,
            Verb::Restore(restore) => backup::restore(restore, &place).await,
        }
    })
}

/// What whoever types commands here does with the data.
fn acts(data: &Data) -> Acts {
    data.acts(COMMAND_LINE)
}

/// The error for a name that no user has.
fn no_user(name: &str) -> Error {
    Error::usage(format!("there is no user {name}"), "`text2art serve admin user list` shows all")
}
