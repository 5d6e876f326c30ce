//! `text2art models`: the published models, and which of them are downloaded.

mod import;
mod info;
mod list;
mod manage;
mod pull;

use clap::Subcommand;

use crate::cli::terminal::report::{Progress, Reporter};
use crate::cli::terminal::{interrupt, stdout};
use crate::models::hub::Repository;
use crate::models::manifest::{Entry, Manifest};
use crate::models::{Finder, Role};
use crate::text::{near_names, question};
use crate::{Error, Result};

/// Arguments of `models`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// Use only what is already downloaded
    #[arg(long, global = true)]
    offline: bool,
    /// How to show progress on standard error
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", global = true)]
    progress: Progress,
}

#[derive(Subcommand)]
enum Verb {
    /// List the models known by name
    ///
    /// Shows the size, format and license of each model, whether it is downloaded, and whether it is pinned to one
    /// version.
    List(list::Arguments),
    /// Show details of a model; for the embedded model, its vocabulary
    Info(info::Arguments),
    /// Download models into the local Hugging Face cache
    Pull(pull::Arguments),
    /// Check downloaded files against their checksums
    Verify(manage::Verify),
    /// Print the path of a model's weights
    Path(manage::Path),
    /// Import a model's files from a local folder
    Import(import::Arguments),
    /// Remove the files of models
    Rm(manage::Remove),
}

impl Verb {
    /// Whether the verb downloads anything.
    fn fetches(&self) -> bool {
        matches!(self, Self::Pull(_))
    }
}

impl Arguments {
    pub(in crate::cli) fn progress(&self) -> Progress {
        self.progress
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<()> {
    let stop = interrupt::exit_on_signal()?;
    let tell = |event| reporter.tell(&event);
    let finder = Finder::new(arguments.offline || !arguments.verb.fetches(), &stop, &tell);
    match &arguments.verb {
        Verb::List(list) => list::run(list, &finder),
        Verb::Info(info) => info::run(info, &finder),
        Verb::Pull(pull) => pull::run(pull, &finder),
        Verb::Verify(verify) => manage::verify(verify, &finder),
        Verb::Path(path) => manage::path(path, &finder),
        Verb::Import(import) => import::run(import, &finder),
        Verb::Rm(remove) => manage::remove(remove, &finder),
    }
}

/// The model that a name on this verb's command line refers to.
enum Model {
    Entry(&'static Entry),
    Repository(Repository),
}

impl Model {
    /// Parses a name of the list, or `organization/repository[@revision]`.
    fn of(name: &str) -> Result<Self> {
        let manifest = Manifest::get()?;
        if let Some(entry) = manifest.model(name) {
            return Ok(Self::Entry(entry));
        }
        Repository::parse(name).map(Self::Repository).ok_or_else(|| unknown(name))
    }
}

/// The error for a name that no model has.
fn unknown(name: &str) -> Error {
    let Ok(manifest) = Manifest::get() else { return Error::usage(format!("there is no model {name}"), "") };
    let known: Vec<&str> = manifest.models().iter().map(|entry| entry.name.as_str()).collect();
    let hint = question(&near_names(name, known)).unwrap_or_else(|| {
        "`text2art models list` shows all names; other models are `organization/repository`".to_owned()
    });
    Error::usage(format!("there is no model {name}"), hint)
}

/// A role on the command line.
#[derive(Clone, Copy, clap::ValueEnum)]
enum RoleArgument {
    /// Judges pictures
    Clip,
    /// Draws pictures
    Vqgan,
    /// Enlarges pictures
    Upscaler,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Clip => Self::Clip,
            RoleArgument::Vqgan => Self::Vqgan,
            RoleArgument::Upscaler => Self::Upscaler,
        }
    }
}
