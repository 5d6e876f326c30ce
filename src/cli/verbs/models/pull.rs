//! `text2art models pull`: downloads models.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Model, RoleArgument, stdout};
use crate::Result;
use crate::models::manifest::Manifest;
use crate::models::{Finder, Quality};

/// Arguments of `models pull`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Names from `models list`, `--model` names, or `organization/repository[@revision]`
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Role of a repository that is not in the list [default: clip if it has a tokenizer, otherwise vqgan]
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<RoleArgument>,
    /// For `--model` names: download the CLIP models that this quality uses
    #[arg(long, value_name = "NAME", default_value = "normal")]
    quality: Quality,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, finder: &Finder) -> anyhow::Result<()> {
    let mut names = Vec::new();
    for name in &arguments.names {
        for name in expanded(name, arguments.quality)? {
            // A text tower that was published alone needs the image tower of another model.
            let image = Manifest::get()?.model(&name).and_then(|entry| entry.image.clone());
            names.extend(std::iter::once(name).chain(image));
        }
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    // All names are checked before the first download.
    let models = names.iter().map(|name| Model::of(name)).collect::<Result<Vec<_>>>()?;
    let mut pulled = Vec::new();
    for (name, model) in names.iter().zip(&models) {
        let (role, paths) = match model {
            Model::Entry(entry) => (entry.role, finder.pull_entry(entry)?),
            Model::Repository(repository) => finder.pull_repository(repository, arguments.role.map(Into::into))?,
        };
        if !arguments.json {
            for path in &paths {
                stdout::print_path(path)?;
            }
        }
        let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        pulled.push(json!({ "name": name, "role": role.option(), "files": paths }));
    }
    if arguments.json {
        stdout::print_json(&pulled)?;
    }
    Ok(())
}

/// Expands a name of `--model` into the models it stands for; keeps any other name as it is.
pub(in crate::cli) fn expanded(name: &str, quality: Quality) -> Result<Vec<String>> {
    let manifest = Manifest::get()?;
    let Some(preset) = manifest.preset(name) else { return Ok(vec![name.to_owned()]) };
    let clips = manifest.table(Some(preset))?.of(quality).clip.iter();
    Ok(std::iter::once(&preset.vqgan).chain(clips).cloned().collect())
}
