//! What of models is on this machine: checking it and removing it.

use std::path::{Path, PathBuf};

use super::finder::{Finder, TOKENIZER};
use super::hub::{Origin, Removed, Repository, Request, is_sha256};
use super::located::CLIP_PAIRS;
use super::manifest::Entry;
use super::requests::imported;
use super::{Role, convert};
use crate::files::hash_file;
use crate::{Error, Result};

/// A file of a model that is here.
pub struct File {
    /// Where it is
    pub path: PathBuf,
    /// The SHA-256 it must have; none where nobody says
    pub expected: Option<String>,
    /// Whether it is in a folder of the user's own, which no download mends
    pub own: bool,
}

/// What a check of a file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is what was published, or what came first
    Right,
    /// It is something else
    Wrong,
    /// Nobody says what it must be
    Unpinned,
}

impl State {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Unpinned => "unpinned",
        }
    }
}

impl File {
    /// Compares the file with what it must be. Also returns its SHA-256.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn check(&self) -> Result<(State, String)> {
        let found = hash_file(&self.path)?;
        let state = match &self.expected {
            Some(expected) if *expected == found => State::Right,
            Some(_) => State::Wrong,
            None => State::Unpinned,
        };
        Ok((state, found))
    }
}

/// The files of a model of the list that are here.
///
/// # Errors
/// None in a program that was built whole.
pub fn files_of_entry(finder: &Finder, entry: &Entry) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for request in finder.requests(entry)? {
        // A tokenizer alone is none of this model's.
        if request.file != TOKENIZER || !files.is_empty() {
            files.extend(file(finder, &request)?);
        }
    }
    let own = finder.own_folder(entry.role, &entry.name)?;
    files.extend(own.into_iter().flat_map(|own| files_in(&own.folder)).map(|path| {
        let name = |file: &&super::manifest::EntryFile| path.ends_with(&file.path);
        let expected = entry.files.iter().find(name).and_then(|file| file.sha256.clone());
        File { path, expected, own: true }
    }));
    Ok(files)
}

/// The files of a repository that are here.
///
/// # Errors
/// Where the environment cannot be used.
pub fn files_of_repository(finder: &Finder, repository: &Repository) -> Result<Vec<File>> {
    let own = own_folder(finder, repository)?.into_iter().flat_map(|folder| files_in(&folder));
    let own: Vec<File> = own.map(|path| File { path, expected: None, own: true }).collect();
    let Some(snapshot) = finder.hub()?.cache().snapshot(repository).filter(|_| own.is_empty()) else { return Ok(own) };
    let requests = files_in(&snapshot).into_iter().filter_map(|path| request(repository, &snapshot, &path));
    requests.filter_map(|request| file(finder, &request).transpose()).collect()
}

fn request(repository: &Repository, snapshot: &Path, path: &Path) -> Option<Request> {
    let names = path.strip_prefix(snapshot).ok()?.iter().map(|name| name.to_str());
    let file = names.collect::<Option<Vec<_>>>()?.join("/");
    Some(Request { origin: Origin::Repository(repository.clone()), file, bytes: None, sha256: None })
}

fn file(finder: &Finder, request: &Request) -> Result<Option<File>> {
    let Some(path) = finder.hub()?.find(request) else { return Ok(None) };
    let expected = finder.hub()?.expected_digest(request, &path);
    Ok(Some(File { path, expected, own: false }))
}

/// All files in a folder and below, in order.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_in(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A folder of the user's own with a repository's model, whatever it is for.
fn own_folder(finder: &Finder, repository: &Repository) -> Result<Option<PathBuf>> {
    for role in [Role::Clip, Role::Vqgan] {
        if let Some(own) = finder.own_folder(role, &repository.id)? {
            return Ok(Some(own.folder));
        }
    }
    Ok(None)
}

/// What a repository that is here is for; none where nothing of it is.
///
/// # Errors
/// Where the environment cannot be used.
pub fn role_of(finder: &Finder, repository: &Repository) -> Result<Option<Role>> {
    let own = own_folder(finder, repository)?;
    let snapshot = finder.hub()?.cache().snapshot(repository);
    let Some(folder) = own.or(snapshot) else { return Ok(None) };
    let clip = folder.join(TOKENIZER).is_file() && CLIP_PAIRS.iter().any(|(_, config)| folder.join(config).is_file());
    Ok(Some(if clip { Role::Clip } else { Role::Vqgan }))
}

/// Removes what is here of a model of the list; a tokenizer that other models read stays, and so do folders that the user
/// keeps.
///
/// # Errors
/// Where something cannot be removed.
pub fn remove_entry(finder: &Finder, entry: &Entry) -> Result<Removed> {
    let mut removed = remove_imported(finder, &entry.name)?;
    for request in finder.requests(entry)?.into_iter().filter(|request| request.file != TOKENIZER) {
        removed += remove(finder, &request)?;
    }
    Ok(removed)
}

/// Removes what is here of a repository, but for folders that the user keeps.
///
/// # Errors
/// Where something cannot be removed.
pub fn remove_repository(finder: &Finder, repository: &Repository) -> Result<Removed> {
    let mut removed = remove_imported(finder, &repository.id)?;
    if let Some(snapshot) = finder.hub()?.cache().snapshot(repository) {
        for path in files_in(&snapshot) {
            if let Some(request) = request(repository, &snapshot, &path) {
                removed += remove(finder, &request)?;
            }
        }
    }
    Ok(removed)
}

fn remove(finder: &Finder, request: &Request) -> Result<Removed> {
    let mut removed = Removed::default();
    let own = &finder.hub()?.environment().own;
    if let Some(path) = finder.hub()?.find(request) {
        let digest = finder.hub()?.expected_digest(request, &path).filter(|digest| is_sha256(digest));
        if let Some(converted) = digest.map(|digest| convert::place(own, &digest)) {
            removed += remove_file(&converted)?;
        }
    }
    finder.hub()?.forget(request);
    removed += match &request.origin {
        Origin::Repository(repository) => {
            finder.hub()?.cache().remove(repository, std::slice::from_ref(&request.file))?
        }
        Origin::Page { path, .. } => remove_file(path)?,
    };
    Ok(removed)
}

fn remove_imported(finder: &Finder, name: &str) -> Result<Removed> {
    let folder = imported(finder.hub()?.environment(), name);
    let mut removed = Removed::default();
    for path in files_in(&folder) {
        removed += remove_file(&path)?;
    }
    // Folders that are not there are gone already.
    let _ = std::fs::remove_dir_all(folder);
    Ok(removed)
}

/// Removes a file, where it is there.
fn remove_file(path: &Path) -> Result<Removed> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(Removed::default()) };
    std::fs::remove_file(path).map_err(|error| Error::cache(path, &error))?;
    Ok(Removed { files: 1, bytes: metadata.len() })
}
