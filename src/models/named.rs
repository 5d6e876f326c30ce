//! What a model's name stands for that is no path.

use std::path::Path;

use super::Role;
use super::hub::Repository;
use super::located::locate;
use super::manifest::{Entry, Manifest};
use crate::{Error, Result};

/// What a name that is no path stands for.
pub enum Named {
    /// A model of the list
    Entry(&'static Entry),
    /// A repository of the hub
    Repository(Repository),
}

impl Named {
    /// Reads a name that is no path.
    ///
    /// # Errors
    /// Where nothing has this name, or the model is for something else.
    pub fn of(role: Role, name: &str) -> Result<Self> {
        let manifest = Manifest::get()?;
        if let Some(entry) = manifest.model(name) {
            if entry.role == role {
                return Ok(Self::Entry(entry));
            }
            let (found, wanted) = (entry.role.option(), role.option());
            let hint = format!("name it with --{found}; `text2art models list` shows what is for what");
            return Err(Error::usage(format!("--{wanted} {name}: this model is for --{found}"), hint));
        }
        if looks_like_a_path(name) {
            return match locate(role, Path::new(name)) {
                Err(error) => Err(error),
                Ok(_) => Err(Error::fault(format!("{name} appeared while it was looked for"))),
            };
        }
        Repository::parse(name).map(Self::Repository).ok_or_else(|| manifest.unknown_model(role, name))
    }
}

/// Whether a name can only have been meant as a path.
fn looks_like_a_path(name: &str) -> bool {
    const WEIGHTS: [&str; 7] = ["safetensors", "ckpt", "bin", "pth", "pt", "msgpack", "json"];
    let path = Path::new(name);
    let weights = path.extension().is_some_and(|extension| WEIGHTS.iter().any(|known| extension == *known));
    let in_a_folder = name.split_once('/').is_some_and(|(first, _)| Path::new(first).is_dir());
    let repository = Repository::parse(name).is_some();
    weights || in_a_folder || (!repository && name.contains(['/', '\\']))
}
