//! What a model's files are known by without being read.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::container::files_of;
use super::files::IMAGE;
use super::finder::Finder;
use super::import::OTHERS;
use super::located::{Located, locate};
use super::{Role, embedded};
use crate::Result;

/// The files of a model: their paths, which contain the commit of a repository, their sizes, and when they were last changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl Finder<'_> {
    /// The identity of the files of a model, whose weights are not opened. Unlike in [`Finder::open`], a relative name is never
    /// a path: processes resolve it in other folders. The model inside the program has no files.
    ///
    /// # Errors
    /// If no model has this name, or its files cannot be found or downloaded.
    pub fn identity(&self, role: Role, name: &str) -> Result<Identity> {
        if name == embedded::NAME {
            return Ok(Identity::default());
        }
        let (located, tokenizer) = if Path::new(name).is_absolute() {
            (locate(role, Path::new(name))?, None)
        } else {
            let found = self.locate_named(role, name)?;
            (Located { weights: found.weights, config: found.config }, found.tokenizer)
        };
        // Only a text tower that was published alone has one.
        let image = (role == Role::Clip).then(|| locate(role, &located.weights.with_file_name(IMAGE)).ok()).flatten();
        let image = image.map(files).transpose()?.unwrap_or_default();
        let all = files(located)?.into_iter().chain(tokenizer).chain(image);
        Ok(Identity(all.filter_map(described).collect()))
    }
}

/// All files that a model may be read from, whether or not they exist.
fn files(Located { weights, config }: Located) -> Result<Vec<PathBuf>> {
    let others = OTHERS.map(|name| weights.with_file_name(name));
    Ok(files_of(&weights)?.into_iter().chain(config).chain(others).collect())
}

/// The path, size and modification time of a file; none if the file does not exist.
fn described(path: PathBuf) -> Option<(PathBuf, u64, Option<SystemTime>)> {
    let metadata = path.metadata().ok()?;
    Some((path, metadata.len(), metadata.modified().ok()))
}

#[cfg(test)]
mod tests {
    use std::fs::{File, write};
    use std::time::Duration;

    use super::*;
    use crate::progress::Stop;

    #[test]
    fn a_change_of_any_file_changes_the_identity() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (stop, silent) = (Stop::default(), |_| {});
        let finder = Finder::new(true, &stop, &silent);
        let identity = || finder.identity(Role::Clip, folder.path().to_str().unwrap());
        assert!(identity().is_err());
        write(path("model.safetensors"), "weights").unwrap();
        write(path("config.json"), "{}").unwrap();
        let mut last = identity().unwrap();
        let mut differs = |what: &str| {
            let now = identity().unwrap();
            assert_ne!(now, last, "{what}");
            assert_eq!(now, identity().unwrap(), "{what}");
            last = now;
        };
        write(path("model.safetensors"), "other weights").unwrap();
        differs("another size");
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        File::options().append(true).open(path("model.safetensors")).unwrap().set_modified(changed).unwrap();
        differs("another time");
        write(path("config.json"), "{ }").unwrap();
        differs("another configuration");
        write(path("tokenizer.json"), "{}").unwrap();
        differs("another tokenizer");
        std::fs::create_dir(path("image")).unwrap();
        for name in ["model.safetensors", "config.json"] {
            write(path("image").join(name), "{}").unwrap();
        }
        differs("an image tower");
        for name in ["open_clip_model.safetensors", "open_clip_config.json"] {
            write(path(name), "{}").unwrap();
        }
        differs("other weights that are preferred");
    }
}
