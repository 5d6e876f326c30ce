//! Resolves a model's name that is not a path.

use std::path::Path;

use super::Role;
use super::hub::Repository;
use super::located::locate;
use super::manifest::{Entry, Manifest};
use crate::{Error, Result};

/// A model that is named, not given as a path.
pub enum Named {
    /// A model of the list
    Entry(&'static Entry),
    /// A repository of the hub
    Repository(Repository),
}

impl Named {
    /// Resolves a name that is not a path.
    ///
    /// # Errors
    /// If no model has this name, or the model has another role.
    pub fn of(role: Role, name: &str) -> Result<Self> {
        let manifest = Manifest::get()?;
        if let Some(entry) = manifest.model(name) {
            if entry.role == role {
                return Ok(Self::Entry(entry));
            }
            let wanted = role.option();
            if entry.role == Role::Aesthetic {
                let hint = "use ‹loss› aesthetic, which finds the heads of the CLIP models that judge";
                let problem = format!("‹{wanted}› {name}: this is an aesthetic head, not a model for ‹{wanted}›");
                return Err(Error::usage(problem, hint));
            }
            let found = entry.role.option();
            let hint = format!("use ‹{found}› instead; `text2art models list` shows the role of each model");
            return Err(Error::usage(format!("‹{wanted}› {name}: this model is for ‹{found}›"), hint));
        }
        if looks_like_a_path(name) {
            return match locate(role, Path::new(name)) {
                Err(error) => Err(error),
                Ok(_) => Err(Error::fault(format!("{name} appeared during the lookup"))),
            };
        }
        Repository::parse(name).map(Self::Repository).ok_or_else(|| manifest.unknown_model(role, name))
    }
}

/// Whether a name can only be meant as a path.
fn looks_like_a_path(name: &str) -> bool {
    const WEIGHTS: [&str; 7] = ["safetensors", "ckpt", "bin", "pth", "pt", "msgpack", "json"];
    let path = Path::new(name);
    let weights = path.extension().is_some_and(|extension| WEIGHTS.iter().any(|known| extension == *known));
    let in_a_folder = name.split_once('/').is_some_and(|(first, _)| Path::new(first).is_dir());
    let repository = Repository::parse(name).is_some();
    weights || in_a_folder || (!repository && name.contains(['/', '\\']))
}
