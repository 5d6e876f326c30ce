//! Finds where the files of a picture go, before any work.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::Path;

use crate::files::{Existing, Naming, check_fields, check_folder, check_new_target, check_target, is_template};
use crate::output::{Kind, Make, PICTURE, Product, Products};
use crate::video::{FileNames, Folder, kind_of_output};
use crate::{Error, Result};

/// The names that a command line gives the files of a picture.
pub(in crate::cli) struct Outputs<'a> {
    /// The output file, or `-`
    pub(in crate::cli) output: Option<&'a OsStr>,
    /// Whether files that exist are replaced
    pub(in crate::cli) force: bool,
    /// The files beside the output
    pub(in crate::cli) files: &'a FileNames,
}

impl Outputs<'_> {
    /// Whether the picture goes to standard output.
    pub(in crate::cli) fn is_stream(&self) -> bool {
        self.output.is_some_and(|output| output == "-")
    }

    /// Finds the names of all files for a prompt and a seed, and checks that the files can be written. `check` gets the
    /// path and the kind of the output. If the output is `-`, the products have no output.
    pub(in crate::cli) fn products(
        &self,
        prompt: &str,
        seed: u64,
        check: impl FnOnce(&Path, Kind) -> Result<()>,
    ) -> Result<Products> {
        let (is_stream, force) = (self.is_stream(), self.force);
        let beside = self.files.extensions_beside();
        // The folders that a template names are created.
        let new_folders = RefCell::new(Vec::new());
        let named = |template: &OsStr| {
            let path = Naming::Template(template.to_owned()).path_with(prompt, seed, &beside);
            if is_template(template) {
                new_folders.borrow_mut().extend(path.parent().map(Path::to_owned));
            }
            path
        };
        let (base, kind) = match self.output.filter(|_| !is_stream) {
            None => (Naming::Free.path_with(prompt, seed, &beside), PICTURE),
            Some(template) => {
                check_fields(template)?;
                let path = named(template);
                let kind = kind_of_output(&path)?;
                (path, kind)
            }
        };
        if is_stream && std::io::stdout().is_terminal() {
            let hint = "redirect standard output, or name a file with --output";
            return Err(Error::usage("refusing to write an image to the terminal", hint));
        }
        if self.output.is_none() {
            check_folder(&base)?;
        }
        let is_named = self.output.is_some_and(|_| !is_stream && kind == PICTURE);
        let is_new =
            |path: &Path| path.parent().is_some_and(|folder| new_folders.borrow().iter().any(|new| new == folder));
        let check_target =
            |path: &Path| if is_new(path) { check_new_target(path, force) } else { check_target(path, force) };
        let existing = if is_named { check_target(&base)? } else { Existing::Keep };
        check(&base, kind)?;
        let products = self.files.products(&base, kind, named)?;
        products.check_names()?;
        let products = products.with_existing(|Product { kind, path, .. }| match kind.make {
            Make::Picture => Ok(existing),
            Make::Folder => {
                let existing = if force { Existing::Replace } else { Existing::Keep };
                let checked =
                    if is_new(path) { Folder::check_new(path, existing) } else { Folder::check(path, existing) };
                checked.map(|()| existing)
            }
            Make::Movie(_) | Make::Reveal | Make::Still(_) | Make::Finished(_) => check_target(path),
        })?;
        Ok(if is_stream { products.without_output() } else { products })
    }
}
