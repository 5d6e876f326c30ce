//! `text2art models import`: a model that came here some other way.

use std::path::PathBuf;

use super::{Model, RoleArgument, stdout};
use crate::Error;
use crate::models::import::import;
use crate::models::{Finder, ModelFiles, Role};
use crate::session::check_usable;

/// What `models import` was asked for.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// What it is to be called: a name of the list, or `organisation/repository`
    #[arg(value_name = "NAME")]
    name: String,
    /// Its folder, or its weight file with the configuration beside it
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// What a repository that is not in the list is for
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<RoleArgument>,
    /// Print the copies' folder as JSON
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, finder: &Finder) -> anyhow::Result<()> {
    let name = &arguments.name;
    let (role, entry) = match (Model::of(name)?, arguments.role) {
        (Model::Entry(entry), _) => (entry.role, Some(entry)),
        (Model::Repository(repository), _) if *name != repository.id => {
            let hint = format!("leave out the revision: {}", repository.id);
            return Err(Error::usage(format!("{name}: what is imported has no revision"), hint).into());
        }
        (Model::Repository(_), Some(role)) => (Role::from(role), None),
        (Model::Repository(_), None) => {
            let hint = "add --role clip or --role vqgan";
            return Err(Error::usage(format!("{name} is not in the list, which would say what it is for"), hint).into());
        }
    };
    let path = arguments.path.to_str().ok_or_else(|| Error::usage("the path is no text (UTF-8)", "rename the file"))?;
    // What does not load is not taken.
    let files = ModelFiles::open(role, path)?;
    check_usable(&files)?;
    let folder = import(finder, name, entry, &files)?;
    if arguments.json {
        return stdout::print_json_line(&serde_json::json!({ "name": name, "folder": folder.to_string_lossy() }));
    }
    stdout::print_path(&folder)
}
