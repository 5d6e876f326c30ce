//! Where the pictures of a batch go, and which of them exist already.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use super::files::{Found, found, is_same};
use super::results::{Known, Status};
use crate::files::{
    Naming, behind_stem, check_fields, check_folder, check_new_folder, contains, is_numbered, is_template, numbered,
};
use crate::output::{Products, Recipe};
use crate::settings::Settings;
use crate::video::{FileNames, kind_of_output};
use crate::{Error, Result};

/// The most numbers that are tried after a name that is taken.
const MOST_TRIES: usize = 100_000;
/// The name of a picture without a template.
const DEFAULT: &str = "{slug}-{seed}.png";

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, or `-`
    pub file: String,
    /// The number of the line, from 1
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} line {}", self.file, self.line)
    }
}

/// Where a picture goes.
#[derive(Debug)]
pub(super) enum Spot {
    /// To names that are free; the files in the list exist, and may be replaced
    Free(Products, Vec<PathBuf>),
    /// It exists already, made with exactly these settings
    Finished(Products, Box<Recipe>),
    /// It is the picture of an earlier line
    Same(Place),
}

/// The names that a batch gives its pictures. A name depends only on the order of the lines and on existing files, so
/// that the same batch gives the same line the same name again.
pub struct Places {
    template: Option<OsString>,
    names: FileNames,
    force: bool,
    claimed: HashMap<PathBuf, Claim>,
}

/// The owner of a name.
struct Claim {
    place: Place,
    settings: Settings,
    files: Products,
}

/// The names that a line requests.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    /// The output
    pub(super) output: Option<&'a Path>,
    /// The files beside the output
    pub(super) files: &'a FileNames,
    /// Whether the picture is one of several samples: then the seed becomes part of the names
    pub(super) is_sample: bool,
}

impl Places {
    /// Creates names from a template, or from the prompt and the seed, with `names` for the files beside every picture.
    /// `force` replaces existing files.
    ///
    /// # Errors
    /// If files cannot have these names.
    pub fn new(template: Option<OsString>, names: FileNames, force: bool) -> Result<Self> {
        let output = Path::new(template.as_deref().unwrap_or(DEFAULT.as_ref()));
        check_fields(output.as_os_str())?;
        names.products(output, kind_of_output(output)?, |name| name.into())?;
        Ok(Self { template, names, force, claimed: HashMap::new() })
    }

    /// Finds the place of a picture, and claims its names.
    ///
    /// # Errors
    /// If a name is taken, or no picture can be written there.
    pub(super) fn find(&mut self, own: Own, settings: &Settings, at: &Place, known: &Known) -> Result<Spot> {
        let (first, new_folders) = self.files(own, settings, 1)?;
        let is_new = |path: &Path| path.parent().is_some_and(|folder| new_folders.iter().any(|new| new == folder));
        first.paths().try_for_each(|path| if is_new(path) { check_new_folder(path) } else { check_folder(path) })?;
        // If a name without a number is taken, no other number can help.
        let (second, _) = self.files(own, settings, 2)?;
        let fixed: Vec<_> = first.paths().filter(|path| second.paths().any(|other| other == *path)).collect();
        let is_fixed = |path: &PathBuf| fixed.contains(&path);
        for number in 1..MOST_TRIES {
            let (files, _) = self.files(own, settings, number)?;
            let claims: Vec<_> = files.paths().filter_map(|path| Some((path, self.claimed.get(path)?))).collect();
            if let Some((path, claim)) = claims.iter().find(|(path, _)| is_fixed(path)) {
                if is_same(&claim.settings, settings) && claim.files == files {
                    return Ok(Spot::Same(claim.place.clone()));
                }
                let problem = format!("{} is already the picture of {}", path.display(), claim.place);
                return Err(Error::usage(problem, "give each line its own output, or put {number} into the name"));
            }
            if !claims.is_empty() {
                continue;
            }
            let known = known.of(files.output(), settings);
            let is_known = known.is_some_and(|outcome| outcome.status == Status::Done);
            let found: Vec<_> =
                files.iter().map(|file| (&file.path, found(file, &files, settings, is_known))).collect();
            let taken = |path: &PathBuf, found: Found| found == Found::Other && !self.force && is_fixed(path);
            if let Some((path, _)) = found.iter().find(|(path, found)| taken(path, *found)) {
                let problem = "the file already exists, and is another picture";
                return Err(Error::file(path, problem, "choose another name, or replace the file with ‹force›"));
            }
            if !self.force && found.iter().any(|(_, found)| *found == Found::Other) {
                continue;
            }
            let there: Vec<_> = found.iter().filter(|(_, found)| *found != Found::Free).collect();
            let is_finished = !self.force && found.iter().all(|(_, found)| *found == Found::Finished);
            let replaced = there.iter().map(|(path, _)| PathBuf::clone(path)).collect();
            for path in files.paths() {
                let claim = Claim { place: at.clone(), settings: settings.clone(), files: files.clone() };
                self.claimed.insert(path.clone(), claim);
            }
            return match Recipe::read(files.output()) {
                Ok(recipe) if is_finished => Ok(Spot::Finished(files, Box::new(recipe))),
                _ => Ok(Spot::Free(files, replaced)),
            };
        }
        Err(Error::usage(
            format!("all names like {} are taken", first.output().display()),
            "choose another name with ‹output›",
        ))
    }

    /// The files of a picture; their names contain the number if it is above 1 or the template has a place for it. Also the
    /// folders that templates name, which are created if they are missing.
    fn files(&self, own: Own, settings: &Settings, number: usize) -> Result<(Products, Vec<PathBuf>)> {
        let new_folders = RefCell::new(Vec::new());
        let (prompt, seed) = (&settings.prompt.all()[0].text, settings.seed.0);
        let named = |template: &OsStr, is_own: bool| {
            let (has_place, has_field) = (is_numbered(template), is_template(template));
            let template = if is_own { seeded(Path::new(template), own.is_sample) } else { template.to_owned() };
            let path = Naming::Template(numbered(&template, number)).path(prompt, seed);
            if has_field {
                new_folders.borrow_mut().extend(path.parent().map(Path::to_owned));
            }
            if has_place || is_own || number == 1 { path } else { beside(&path, number) }
        };
        own.output.map_or(Ok(()), |path| check_fields(path.as_os_str()))?;
        let output = match own.output {
            Some(path) => named(path.as_os_str(), true),
            None => named(self.template.as_deref().unwrap_or(DEFAULT.as_ref()), false),
        };
        let names = own.files.or(&self.names);
        let files = names.products(&output, kind_of_output(&output)?, |name| named(name, own.files.contains(name)))?;
        Ok((files, new_folders.into_inner()))
    }
}

/// The name that a line requests, with the seed if several samples would have the same name.
fn seeded(path: &Path, samples: bool) -> OsString {
    let name = path.as_os_str();
    if !samples || contains(name, "{seed}") || is_numbered(name) {
        return name.to_owned();
    }
    behind_stem(path, "-{seed}").into_os_string()
}

/// The name with a number after its stem.
fn beside(path: &Path, number: usize) -> PathBuf {
    behind_stem(path, &format!("-{number}"))
}
