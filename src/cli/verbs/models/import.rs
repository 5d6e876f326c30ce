//! `text2art models import`: a model from a local folder.

use std::path::PathBuf;

use super::{Model, RoleArgument, stdout};
use crate::Error;
use crate::models::import::import;
use crate::models::{Finder, ModelFiles, Role};
use crate::session::check_usable;

/// Arguments of `models import`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Name for the model: one from `models list`, or `organization/repository` with --role
    #[arg(value_name = "NAME")]
    name: String,
    /// Folder of the model, or its weight file with the configuration next to it
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Role of a repository that is not in the list
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<RoleArgument>,
    /// Print JSON with the folder that the files were copied to
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, finder: &Finder) -> anyhow::Result<()> {
    let name = &arguments.name;
    let (role, entry) = match (Model::of(name)?, arguments.role) {
        (Model::Entry(entry), _) => (entry.role, Some(entry)),
        (Model::Repository(repository), _) if *name != repository.id => {
            let hint = format!("omit the revision: {}", repository.id);
            return Err(Error::usage(format!("{name}: an imported model cannot have a revision"), hint).into());
        }
        (Model::Repository(_), Some(role)) => (Role::from(role), None),
        (Model::Repository(_), None) => {
            let hint = "add --role clip, --role vqgan or --role upscaler";
            return Err(
                Error::usage(format!("{name} is not in the list of models, so its role is unknown"), hint).into()
            );
        }
    };
    let path = arguments.path.to_str().ok_or_else(|| Error::usage("the path is not valid UTF-8", "rename the file"))?;
    // A model that does not load is not imported.
    let files = ModelFiles::open(role, path)?;
    check_usable(&files)?;
    let folder = import(finder, name, entry, &files)?;
    if arguments.json {
        return stdout::print_json_line(&serde_json::json!({ "name": name, "folder": folder.to_string_lossy() }));
    }
    stdout::print_path(&folder)
}
