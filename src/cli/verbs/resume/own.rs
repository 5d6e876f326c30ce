//! The files that a resumed run may write: its checkpoint names paths, and may come from anybody.

use std::path::{Path, PathBuf};

use crate::files::{Existing, check_folder, check_target, end_of_links, hash_file};
use crate::output::{Kind, Make, Product, Recipe, Still, kind_of};
use crate::settings::Settings;
use crate::video::Folder;
use crate::{Error, Result};

const HINT: &str = "move the file away, or replace it with --force";

/// A run that continues from a checkpoint.
pub(in crate::cli) struct Own<'a> {
    pub(in crate::cli) checkpoint: &'a Path,
    /// The recipe of its picture
    pub(in crate::cli) recipe: &'a Recipe,
    /// Whether the run may replace files of others, and write anywhere
    pub(in crate::cli) force: bool,
}

impl Own<'_> {
    /// The product of a kind. `kept` is the number of frames at the checkpoint, `sha256` the digest of an SVG in the
    /// checkpoint.
    pub(in crate::cli) fn product(
        &self,
        kind: Kind,
        path: &Path,
        kept: usize,
        sha256: Option<&str>,
    ) -> Result<Product> {
        let existing = match kind.make {
            Make::Folder => self.frames(path, kept)?,
            Make::Still(form) => self.still(kind, form, path, sha256)?,
            Make::Movie(_) | Make::Reveal | Make::Finished(_) | Make::Picture => self.moving(path, kind)?,
        };
        Ok(Product { kind, path: path.to_owned(), existing })
    }

    /// Checks a file with a recipe, such as a moving picture: one that this run finished may be replaced.
    fn moving(&self, path: &Path, kind: Kind) -> Result<Existing> {
        kind_of(path, &[kind]).map_err(|error| self.misnamed(path, error))?;
        self.file(path, || self.is_of_run(path))
    }

    /// Checks a folder of frames. The first `kept` frames existed at the checkpoint; later ones may be replaced if all
    /// of them belong to this run.
    fn frames(&self, folder: &Path, kept: usize) -> Result<Existing> {
        self.check_inside(folder)?;
        Folder::check(folder, Existing::Replace)?;
        let replaced = if self.force || !folder.exists() { Vec::new() } else { Folder::replaced(folder, kept)? };
        if let Some(other) = replaced.iter().find(|frame| !self.is_of_run(frame)) {
            return Err(Error::file(other, "the file already exists, and is not a frame of this run", HINT));
        }
        Ok(Existing::Replace)
    }

    /// Checks the picture in another form, such as an SVG. If the run has written the file, the checkpoint has its
    /// digest.
    fn still(&self, kind: Kind, form: Still, path: &Path, sha256: Option<&str>) -> Result<Existing> {
        let Kind { name, extension, .. } = kind;
        if !self.force && kind_of(path, &[kind]).is_err() {
            let problem =
                format!("the checkpoint names this file for an {name}, but its name does not end in .{extension}");
            return Err(Error::file(path, problem, "if you trust the checkpoint, use --force"));
        }
        // Anybody can compute the digest of a file, so a match with the checkpoint is not enough.
        self.file(path, || form.is_like(path) && hash_file(path).is_ok_and(|found| Some(found.as_str()) == sha256))
    }

    /// Checks a folder of cutouts. Each file is compared with an existing one when it is written.
    pub(in crate::cli) fn cutouts(&self, folder: &Path) -> Result<(PathBuf, Existing)> {
        self.check_inside(folder)?;
        check_folder(&folder.join("cutouts.png"))?;
        Ok((folder.to_owned(), if self.force { Existing::Replace } else { Existing::Keep }))
    }

    /// Whether the run wrote the picture at a path.
    pub(in crate::cli) fn is_of_run(&self, picture: &Path) -> bool {
        let lengthless = |settings: &Settings| {
            let length = settings.length.map(|_| 0);
            Settings { iterations: 0, stop_at: None, length, ..settings.clone() }
        };
        let Ok(found) = Recipe::read(picture) else { return false };
        let stages = self.recipe.earlier.iter().map(|stage| &stage.settings).chain([&self.recipe.settings]);
        let settings = lengthless(&found.settings);
        found.models == self.recipe.models && stages.map(lengthless).any(|stage| stage == settings)
    }

    fn file(&self, path: &Path, is_own: impl FnOnce() -> bool) -> Result<Existing> {
        self.check_inside(path)?;
        let may_replace = self.force || (path.is_file() && is_own());
        check_target(path, may_replace).map_err(|error| match error {
            Error::File { path, problem, .. } if path.is_file() => {
                Error::file(path, format!("{problem}, and may not belong to this run"), HINT)
            }
            other => other,
        })
    }

    /// Refuses a path outside the current folder and the checkpoint's folder.
    fn check_inside(&self, path: &Path) -> Result<()> {
        let folder = self.checkpoint.parent().unwrap_or(Path::new(""));
        let folders = [Path::new("."), folder].map(|folder| Path::new(".").join(folder).canonicalize());
        let place = whole(path);
        let is_inside = |place: &PathBuf| folders.iter().flatten().any(|folder| place.starts_with(folder));
        if self.force || place.as_ref().is_some_and(is_inside) {
            return Ok(());
        }
        let problem = "the checkpoint names this path, which is outside the current folder and the checkpoint's folder";
        Err(Error::file(path, problem, "if you trust the checkpoint, use --force"))
    }

    fn misnamed(&self, path: &Path, error: Error) -> Error {
        match error {
            Error::File { problem, .. } => {
                let problem = format!("the checkpoint {} names this file, but {problem}", self.checkpoint.display());
                Error::file(path, problem, "use a checkpoint that text2art wrote")
            }
            other => other,
        }
    }
}

/// The real path, with all links followed; none if it depends on folders that do not exist.
fn whole(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(end_of_links(path).ok()?).ok()?;
    let there = path.ancestors().find(|ancestor| ancestor.exists())?;
    let rest = path.strip_prefix(there).ok()?;
    let is_plain = rest.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    is_plain.then(|| Some(there.canonicalize().ok()?.join(rest)))?
}
