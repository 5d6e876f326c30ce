//! The model files on this machine: finding, checking and removing them.

use std::path::{Path, PathBuf};

use super::finder::{Finder, TOKENIZER, VOCABULARY};
use super::hub::{Origin, Removed, Repository, Request, is_sha256};
use super::located::{CLIP_PAIRS, locate};
use super::manifest::Entry;
use super::presence::imported;
use super::{Role, convert};
use crate::files::hash_file;
use crate::{Error, Result};

/// A model's file on this machine.
pub struct File {
    /// Its path
    pub path: PathBuf,
    /// The SHA-256 it must have, if known
    pub expected: Option<String>,
    /// Whether it is in one of the user's folders, which downloads never repair
    pub own: bool,
}

/// The result of checking a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is the published file, or the first one downloaded
    Right,
    /// It is a different file
    Wrong,
    /// No digest is known for it
    Unpinned,
}

impl State {
    /// The state in one word.
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
    /// Compares the file's SHA-256 with the expected one. Also returns the SHA-256.
    ///
    /// # Errors
    /// If the file cannot be read.
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

/// The files of a model of the list that are on this machine.
///
/// # Errors
/// If the environment cannot be used.
pub fn files_of_entry(finder: &Finder, entry: &Entry) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for request in finder.requests(entry)? {
        // A tokenizer alone does not count: other models share it.
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

/// The files of a repository that are on this machine.
///
/// # Errors
/// If the environment cannot be used.
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

/// All files in a folder and its subfolders, sorted.
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

/// The user's folder with a repository's model of any role.
fn own_folder(finder: &Finder, repository: &Repository) -> Result<Option<PathBuf>> {
    for role in Role::ALL {
        if let Some(own) = finder.own_folder(role, &repository.id)? {
            return Ok(Some(own.folder));
        }
    }
    Ok(None)
}

/// The role of a downloaded repository; none if it is not downloaded.
///
/// # Errors
/// If the environment cannot be used.
pub fn role_of(finder: &Finder, repository: &Repository) -> Result<Option<Role>> {
    let own = own_folder(finder, repository)?;
    let snapshot = finder.hub()?.cache().snapshot(repository);
    let Some(folder) = own.or(snapshot) else { return Ok(None) };
    let has_tokenizer = [TOKENIZER, VOCABULARY].iter().any(|name| folder.join(name).is_file());
    let clip = has_tokenizer && CLIP_PAIRS.iter().any(|(_, config)| folder.join(config).is_file());
    let fits = |role| locate(role, &folder).is_ok();
    let role = if clip {
        Role::Clip
    } else if !fits(Role::Vqgan) && fits(Role::Upscaler) {
        Role::Upscaler
    } else {
        Role::Vqgan
    };
    Ok(Some(role))
}

/// Removes the files of a model of the list. Keeps the user's folders, and a tokenizer that other models read.
///
/// # Errors
/// If something cannot be removed.
pub fn remove_entry(finder: &Finder, entry: &Entry) -> Result<Removed> {
    let mut removed = remove_imported(finder, &entry.name)?;
    let shared = |request: &Request| request.file == TOKENIZER && entry.tokenizer.is_some();
    for request in finder.requests(entry)?.into_iter().filter(|request| !shared(request)) {
        removed += remove(finder, &request)?;
    }
    Ok(removed)
}

/// Removes the files of a repository. Keeps the user's folders.
///
/// # Errors
/// If something cannot be removed.
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
    // A folder that does not exist is already removed.
    let _ = std::fs::remove_dir_all(folder);
    Ok(removed)
}

/// Removes a file if it exists.
fn remove_file(path: &Path) -> Result<Removed> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(Removed::default()) };
    std::fs::remove_file(path).map_err(|error| Error::cache(path, &error))?;
    Ok(Removed { files: 1, bytes: metadata.len() })
}
