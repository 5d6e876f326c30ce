//! What of models is on this machine: checking it, removing it, adding what came some other way.

use std::path::{Path, PathBuf};

use super::convert;
use super::files::{CLIP_PAIRS, ModelFiles, Role, locate};
use super::finder::{Finder, TOKENIZER, imported};
use super::hub::{Origin, Repository, Request, is_sha256};
use super::manifest::{Entry, FilePart};
use crate::output::hash_file;
use crate::{Error, Result};

/// A file of a model that is here.
pub struct File {
    /// Where it is
    pub path: PathBuf,
    /// The SHA-256 it must have; none where nobody says
    pub expected: Option<String>,
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
    let own = finder.own_folders(&entry.name)?.into_iter().flat_map(|folder| files_in(&folder));
    files.extend(own.map(|path| {
        let name = |file: &&super::manifest::EntryFile| path.ends_with(&file.path);
        let expected = entry.files.iter().find(name).and_then(|file| file.sha256.clone());
        File { path, expected }
    }));
    Ok(files)
}

/// The files of a repository that are here.
///
/// # Errors
/// Where the environment cannot be used.
pub fn files_of_repository(finder: &Finder, repository: &Repository) -> Result<Vec<File>> {
    let Some(snapshot) = finder.hub()?.cache().snapshot(repository) else { return Ok(Vec::new()) };
    let requests = files_in(&snapshot).into_iter().filter_map(|path| request(repository, &snapshot, &path));
    requests.filter_map(|request| file(finder, &request).transpose()).collect()
}

fn request(repository: &Repository, snapshot: &Path, path: &Path) -> Option<Request> {
    let names = path.strip_prefix(snapshot).ok()?.iter().map(|name| name.to_str());
    let file = names.collect::<Option<Vec<_>>>()?.join("/");
    Some(Request { origin: Origin::Repository(repository.clone()), file, bytes: None, sha256: None })
}

fn file(finder: &Finder, request: &Request) -> Result<Option<File>> {
    let Some(path) = finder.at_hand(request)? else { return Ok(None) };
    let expected = finder.hub()?.expected_digest(request, &path);
    Ok(Some(File { path, expected }))
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

/// What a repository that is here is for; none where nothing of it is.
///
/// # Errors
/// Where the environment cannot be used.
pub fn role_of(finder: &Finder, repository: &Repository) -> Result<Option<Role>> {
    let own = finder.own_folders(&repository.id)?.into_iter().next();
    let snapshot = finder.hub()?.cache().snapshot(repository);
    let Some(folder) = own.or(snapshot) else { return Ok(None) };
    let clip = folder.join(TOKENIZER).is_file() && CLIP_PAIRS.iter().any(|(_, config)| folder.join(config).is_file());
    Ok(Some(if clip { Role::Clip } else { Role::Vqgan }))
}

/// Removes what is here of a model of the list; a tokenizer that other models read stays. Returns how many bytes became
/// free.
///
/// # Errors
/// Where something cannot be removed.
pub fn remove_entry(finder: &Finder, entry: &Entry) -> Result<u64> {
    let mut freed = remove_imported(finder, &entry.name)?;
    for request in finder.requests(entry)?.into_iter().filter(|request| request.file != TOKENIZER) {
        freed += remove(finder, &request)?;
    }
    Ok(freed)
}

/// Removes what is here of a repository. Returns how many bytes became free.
///
/// # Errors
/// Where something cannot be removed.
pub fn remove_repository(finder: &Finder, repository: &Repository) -> Result<u64> {
    let mut freed = remove_imported(finder, &repository.id)?;
    if let Some(snapshot) = finder.hub()?.cache().snapshot(repository) {
        for path in files_in(&snapshot) {
            if let Some(request) = request(repository, &snapshot, &path) {
                freed += remove(finder, &request)?;
            }
        }
    }
    Ok(freed)
}

fn remove(finder: &Finder, request: &Request) -> Result<u64> {
    let mut freed = 0;
    let own = &finder.hub()?.environment().own;
    if let Some(path) = finder.at_hand(request)? {
        let digest = finder.hub()?.expected_digest(request, &path).filter(|digest| is_sha256(digest));
        if let Some(converted) = digest.map(|digest| convert::place(own, &digest)) {
            freed += remove_file(&converted)?;
        }
    }
    finder.hub()?.forget(request);
    match &request.origin {
        Origin::Repository(repository) => {
            freed += finder.hub()?.cache().remove(repository, std::slice::from_ref(&request.file))?;
        }
        Origin::Page { path, .. } => freed += remove_file(path)?,
    }
    Ok(freed)
}

fn remove_imported(finder: &Finder, name: &str) -> Result<u64> {
    let folder = imported(finder.hub()?.environment(), name);
    let mut freed = 0;
    for path in files_in(&folder) {
        freed += remove_file(&path)?;
    }
    // Folders that are not there are gone already.
    let _ = std::fs::remove_dir_all(folder);
    Ok(freed)
}

/// Removes a file, where it is there, and returns its size.
fn remove_file(path: &Path) -> Result<u64> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(0) };
    std::fs::remove_file(path).map_err(|error| Error::cache(path, &error))?;
    Ok(metadata.len())
}

/// Copies a model into this program's own folder, where its name finds it. Returns the folder of the copies.
///
/// # Errors
/// Where the list knows another file of its name, or the folder cannot be written.
pub fn import(finder: &Finder, name: &str, entry: Option<&Entry>, files: &ModelFiles) -> Result<PathBuf> {
    let weights = files.weights.path();
    let known = entry.and_then(|entry| entry.file(FilePart::Weights));
    let same_name = known.filter(|known| Path::new(&known.path).file_name() == weights.file_name());
    if let Some(expected) = same_name.and_then(|known| known.sha256.as_ref()) {
        let found = hash_file(weights)?;
        if found != *expected {
            let problem = format!("this is not {name}: its SHA-256 is {found}, it must be {expected}");
            return Err(Error::file(weights, problem, "download the file again"));
        }
    }
    let folder = imported(finder.hub()?.environment(), name);
    let fault = |error: std::io::Error| Error::cache(&folder, &error);
    std::fs::create_dir_all(folder.parent().unwrap_or(&folder)).map_err(fault)?;
    let parent = folder.parent().unwrap_or(Path::new("."));
    let fresh = tempfile::Builder::new().prefix(".text2art-").tempdir_in(parent).map_err(fault)?;
    let others = [TOKENIZER, "preprocessor_config.json"].map(|other| weights.with_file_name(other));
    let others = others.iter().filter(|path| path.is_file());
    for path in [weights, &files.config.path].into_iter().chain(others.map(PathBuf::as_path)) {
        let name = path.file_name().unwrap_or_default();
        std::fs::copy(path, fresh.path().join(name)).map_err(|error| Error::cache(&folder, &error))?;
    }
    // An earlier import of the same name gives way at once.
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(fault)?;
    }
    std::fs::rename(fresh.keep(), &folder).map_err(fault)?;
    locate(files.role, &folder)?;
    Ok(folder)
}
