//! `text2art models verify`, `path` and `rm`: what of a model is here.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Model, RoleArgument, output};
use crate::models::Finder;
use crate::models::hub::megabytes;
use crate::models::inventory::{self, State};
use crate::models::manifest::Manifest;
use crate::{Error, Result};

/// What `models verify` was asked for.
#[derive(clap::Args)]
pub(super) struct Verify {
    /// Names of the list, or `organisation/repository[@revision]` [default: all of the list that are here]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// What `models path` was asked for.
#[derive(clap::Args)]
pub(super) struct Path {
    /// A name of the list, or `organisation/repository[@revision]`
    #[arg(value_name = "NAME")]
    name: String,
    /// What a repository that is not in the list is for
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<RoleArgument>,
    /// Print an object with all files
    #[arg(long)]
    json: bool,
}

/// What `models rm` was asked for.
#[derive(clap::Args)]
pub(super) struct Remove {
    /// Names of the list, or `organisation/repository[@revision]`
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(arguments: &Verify, finder: &Finder) -> anyhow::Result<()> {
    let names: Vec<String> = if arguments.names.is_empty() {
        let entries = Manifest::get()?.models().iter();
        entries
            .filter(|entry| !inventory::files_of_entry(finder, entry).is_ok_and(|files| files.is_empty()))
            .map(|entry| entry.name.clone())
            .collect()
    } else {
        arguments.names.clone()
    };
    let (mut lines, mut broken): (Vec<Value>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    for name in &names {
        let files = files(finder, name)?;
        if files.is_empty() {
            return Err(
                Error::usage(format!("nothing of {name} is here"), format!("text2art models pull {name}")).into()
            );
        }
        for file in files {
            let (state, sha256) = file.check()?;
            if !arguments.json {
                output::print_line(&format!("{:8} {} {}", state.word(), sha256, file.path.display()))?;
            }
            lines.push(json!({ "name": name, "file": file.path, "sha256": sha256, "state": state.word() }));
            if state == State::Wrong {
                broken.push(file.path);
            }
        }
    }
    if arguments.json {
        output::print_line(&serde_json::to_string_pretty(&lines)?)?;
    }
    match broken.first() {
        Some(path) => {
            let problem = format!("{} of {} files are not what they must be", broken.len(), lines.len());
            Err(Error::file(path, problem, "remove the model with `text2art models rm`, and fetch it again").into())
        }
        None => Ok(()),
    }
}

pub(super) fn path(arguments: &Path, finder: &Finder) -> anyhow::Result<()> {
    let name = &arguments.name;
    let role = match (Model::of(name)?, arguments.role) {
        (Model::Entry(entry), _) => entry.role,
        (Model::Repository(_), Some(role)) => role.into(),
        (Model::Repository(repository), None) => inventory::role_of(finder, &repository)?.ok_or_else(|| {
            let hint = format!("text2art models pull {name}; or say what it is for with --role");
            Error::usage(format!("nothing of {name} is here"), hint)
        })?,
    };
    let found = finder.locate(role, name)?;
    if !arguments.json {
        return output::print_line(&found.weights.display().to_string());
    }
    let shown = json!({
        "name": name,
        "role": role.option(),
        "commit": found.commit,
        "weights": found.weights,
        "configuration": found.config,
        "tokenizer": found.tokenizer,
    });
    output::print_line(&serde_json::to_string_pretty(&shown)?)
}

pub(super) fn remove(arguments: &Remove, finder: &Finder) -> anyhow::Result<()> {
    // All names are read before the first file goes.
    let models = arguments.names.iter().map(|name| Model::of(name)).collect::<Result<Vec<_>>>()?;
    let mut lines = Vec::new();
    for (name, model) in arguments.names.iter().zip(models) {
        let freed = match model {
            Model::Entry(entry) => inventory::remove_entry(finder, entry)?,
            Model::Repository(repository) => inventory::remove_repository(finder, &repository)?,
        };
        if !arguments.json {
            output::print_line(&format!("{name}: {} freed", megabytes(freed)))?;
        }
        lines.push(json!({ "name": name, "bytes": freed }));
    }
    if arguments.json {
        output::print_line(&serde_json::to_string_pretty(&lines)?)?;
    }
    Ok(())
}

fn files(finder: &Finder, name: &str) -> Result<Vec<inventory::File>> {
    match Model::of(name)? {
        Model::Entry(entry) => inventory::files_of_entry(finder, entry),
        Model::Repository(repository) => inventory::files_of_repository(finder, &repository),
    }
}
