//! `text2art models verify`, `path` and `rm`: the downloaded files of models.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::pull::expanded;
use super::{Model, RoleArgument, stdout};
use crate::cli::terminal::line;
use crate::models::hub::{Removed, megabytes};
use crate::models::inventory::{self, State};
use crate::models::manifest::Manifest;
use crate::models::{Finder, Quality};
use crate::{Error, Result};

/// Arguments of `models verify`.
#[derive(clap::Args)]
pub(in crate::cli) struct Verify {
    /// Names from `models list`, `--model` names, or `organization/repository[@revision]`
    /// [default: all downloaded models of the list]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// Arguments of `models path`.
#[derive(clap::Args)]
pub(in crate::cli) struct Path {
    /// A name from `models list`, a `--model` name, or `organization/repository[@revision]`
    #[arg(value_name = "NAME")]
    name: String,
    /// Role of a repository that is not in the list
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<RoleArgument>,
    /// Print a JSON object with all files
    #[arg(long)]
    json: bool,
}

/// Arguments of `models rm`.
#[derive(clap::Args)]
pub(in crate::cli) struct Remove {
    /// Names from `models list`, `--model` names, or `organization/repository[@revision]`
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn verify(arguments: &Verify, finder: &Finder) -> anyhow::Result<()> {
    let names: Vec<String> = if arguments.names.is_empty() {
        let entries = Manifest::get()?.models().iter();
        entries
            .filter(|entry| !inventory::files_of_entry(finder, entry).is_ok_and(|files| files.is_empty()))
            .map(|entry| entry.name.clone())
            .collect()
    } else {
        all_expanded(&arguments.names)?
    };
    if names.is_empty() {
        line("nothing to verify: no model of `text2art models list` is downloaded");
    }
    let (mut lines, mut broken): (Vec<Value>, Vec<(PathBuf, String)>) = (Vec::new(), Vec::new());
    for name in &names {
        let files = files(finder, name)?;
        if files.is_empty() {
            return Err(Error::usage(
                format!("{name} is not downloaded"),
                format!("download it: text2art models pull {name}"),
            )
            .into());
        }
        for file in files {
            let (state, sha256) = file.check()?;
            if !arguments.json {
                stdout::print_line(&format!("{:8} {} {}", state.word(), sha256, file.path.display()))?;
            }
            lines.push(
                json!({ "name": name, "file": file.path.to_string_lossy(), "sha256": sha256, "state": state.word() }),
            );
            if state == State::Wrong {
                let hint = if file.own {
                    format!("replace the file, or import another with `text2art models import {name} PATH`")
                } else {
                    format!("download it again: text2art models pull {name}")
                };
                broken.push((file.path, hint));
            }
        }
    }
    if arguments.json {
        stdout::print_json(&lines)?;
    }
    match broken.first() {
        Some((path, hint)) => {
            let problem = format!("{} of {} files do not match their checksums", broken.len(), lines.len());
            Err(Error::file(path, problem, hint).into())
        }
        None => Ok(()),
    }
}

pub(in crate::cli) fn path(arguments: &Path, finder: &Finder) -> anyhow::Result<()> {
    let mut shown = Vec::new();
    for name in meant(&arguments.name)? {
        let lacking = |what: &str| {
            let hint = format!("download it: text2art models pull {name}");
            Error::usage(format!("{what} is not downloaded"), hint)
        };
        if files(finder, &name)?.is_empty() {
            return Err(lacking(&name).into());
        }
        let role = match (Model::of(&name)?, arguments.role) {
            (Model::Entry(entry), _) => {
                if let Some(missing) = finder.missing(entry.role, &name)? {
                    return Err(lacking(&format!("{} of {name}", missing.files.join(" and "))).into());
                }
                entry.role
            }
            (Model::Repository(_), Some(role)) => role.into(),
            (Model::Repository(repository), None) => {
                inventory::role_of(finder, &repository)?.ok_or_else(|| lacking(&name))?
            }
        };
        let found = finder.locate(role, &name)?;
        if !arguments.json {
            stdout::print_path(&found.weights)?;
        }
        shown.push(json!({
            "name": name,
            "role": role.option(),
            "commit": found.commit,
            "weights": found.weights.to_string_lossy(),
            "configuration": found.config.as_deref().map(std::path::Path::to_string_lossy),
            "tokenizer": found.tokenizer.as_deref().map(std::path::Path::to_string_lossy),
        }));
    }
    match shown.as_slice() {
        _ if !arguments.json => Ok(()),
        [only] => stdout::print_json(only),
        several => stdout::print_json(&several),
    }
}

pub(in crate::cli) fn remove(arguments: &Remove, finder: &Finder) -> anyhow::Result<()> {
    // All names are checked before the first file is removed.
    let names = all_expanded(&arguments.names)?;
    let models = names.iter().map(|name| Model::of(name)).collect::<Result<Vec<_>>>()?;
    let (mut lines, mut all) = (Vec::new(), Removed::default());
    for (name, model) in names.iter().zip(models) {
        let removed = match model {
            Model::Entry(entry) => inventory::remove_entry(finder, entry)?,
            Model::Repository(repository) => inventory::remove_repository(finder, &repository)?,
        };
        all += removed;
        if !arguments.json && removed.files > 0 {
            stdout::print_line(&format!("{name}: {} freed", megabytes(removed.bytes)))?;
        }
        lines.push(json!({ "name": name, "bytes": removed.bytes }));
    }
    if all.files == 0 {
        let problem = format!("{}: there are no downloaded files to remove", arguments.names.join(", "));
        return Err(Error::usage(problem, "`text2art models list` shows which models are downloaded").into());
    }
    if arguments.json {
        stdout::print_json(&lines)?;
    }
    Ok(())
}

/// Expands a name that only --model has into the models it stands for; keeps a name of the list as it is.
fn meant(name: &str) -> Result<Vec<String>> {
    if Manifest::get()?.model(name).is_some() { Ok(vec![name.to_owned()]) } else { expanded(name, Quality::Normal) }
}

/// All names, with those of --model expanded into the models they stand for.
fn all_expanded(names: &[String]) -> Result<Vec<String>> {
    let names = names.iter().map(|name| meant(name)).collect::<Result<Vec<_>>>()?;
    Ok(names.concat())
}

fn files(finder: &Finder, name: &str) -> Result<Vec<inventory::File>> {
    match Model::of(name)? {
        Model::Entry(entry) => inventory::files_of_entry(finder, entry),
        Model::Repository(repository) => inventory::files_of_repository(finder, &repository),
    }
}
