//! Which files a model needs, and which of them are on this machine, without using the network.

use std::path::{Path, PathBuf};

use super::container::{TensorFile, files_of, is_shard_list};
use super::finder::{Finder, TOKENIZER, is_local};
use super::hub::{Environment, Origin, Repository, Request, is_sha256};
use super::located::{Located, locate};
use super::manifest::{Entry, EntryFile, FilePart, Manifest, SharedTokenizer};
use super::named::Named;
use super::{ModelRecord, Role, embedded, inferred};
use crate::files::hash_files;
use crate::{Error, Result};

/// The files of a model that would be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The name that the user gave
    pub name: String,
    /// Files that are not on this machine
    pub files: Vec<String>,
    /// Total size in bytes, if known
    pub bytes: Option<u64>,
}

/// One of the user's folders that holds a model.
pub(super) struct OwnFolder {
    /// The folder
    pub(super) folder: PathBuf,
    /// The model's files in it
    pub(super) located: Located,
}

impl Finder<'_> {
    /// The user's folder with a model; a folder without such a model does not count.
    ///
    /// # Errors
    /// If the environment cannot be used.
    pub(super) fn own_folder(&self, role: Role, name: &str) -> Result<Option<OwnFolder>> {
        let environment = self.hub()?.environment();
        let mut folders = Vec::new();
        if let Some(weights) = &environment.weights {
            folders.push(weights.join(folder_name(name)));
            // `a/b` may also be in `a`, unless that folder belongs to a model of the list named `a`.
            if let Some((organization, _)) = name.split_once('/') {
                let entry = Manifest::get()?.model(organization);
                if entry.is_none_or(|entry| locate(entry.role, &weights.join(organization)).is_err()) {
                    folders.push(weights.join(name));
                }
            }
        }
        folders.push(imported(environment, name));
        Ok(folders.into_iter().filter(|folder| folder.is_dir()).find_map(|folder| {
            let located = locate(role, &folder).ok()?;
            Some(OwnFolder { folder, located })
        }))
    }

    /// Path of a requested file; none if it is not on this machine or has the wrong size.
    ///
    /// # Errors
    /// If the environment cannot be used.
    pub fn at_hand(&self, request: &Request) -> Result<Option<PathBuf>> {
        let fits = |path: &PathBuf| {
            let length = path.metadata().map(|metadata| metadata.len());
            length.is_ok_and(|length| request.bytes.is_none_or(|bytes| bytes == length))
        };
        Ok(self.hub()?.find(request).filter(fits))
    }

    /// The files of a model that are not on this machine; none if all are.
    ///
    /// # Errors
    /// If no model has this name, or the environment cannot be used.
    pub fn missing(&self, role: Role, name: &str) -> Result<Option<Missing>> {
        let missing = |files, bytes| Missing { name: name.to_owned(), files, bytes };
        if is_local(name) {
            let wanted = self.lacking_tokenizer(role, name)?;
            return Ok(wanted.map(|request| missing(vec![request.file], request.bytes)));
        }
        match Named::of(role, name)? {
            Named::Entry(entry) => {
                let (mut files, mut bytes) = (Vec::new(), Some(0));
                for request in self.lacking(entry)? {
                    let about = entry.files.iter().find(|file| file.path == request.file).and_then(|file| file.about);
                    // A configuration is too small to matter.
                    let small = entry.file(FilePart::Configuration).is_some_and(|file| file.path == request.file);
                    let size = request.bytes.or(about).or(small.then_some(0));
                    bytes = bytes.zip(size).map(|(sum, size)| sum + size);
                    files.push(request.file);
                }
                Ok((!files.is_empty()).then(|| missing(files, bytes)))
            }
            Named::Repository(repository) => {
                let own = self.own_folder(role, &repository.id)?.is_some();
                let repository = self.at_recorded_commit(role, name, &repository);
                let here = own || self.in_cache(role, name, &repository)?.is_some_and(|found| found.is_ok());
                Ok((!here).then(|| missing(vec!["the model's files".to_owned()], None)))
            }
        }
    }

    /// Whether a model can be opened without the network.
    ///
    /// # Errors
    /// If the environment cannot be used.
    pub fn is_here(&self, entry: &Entry) -> Result<bool> {
        Ok(self.lacking(entry)?.is_empty())
    }

    /// The files of an entry that are not on this machine; at most the tokenizer, if the user's folder has the model.
    fn lacking(&self, entry: &Entry) -> Result<Vec<Request>> {
        let own = self.own_folder(entry.role, &entry.name)?;
        let mut lacking = Vec::new();
        for request in self.requests_beside(entry, own.as_ref())? {
            if self.at_hand(&request)?.is_none() {
                lacking.push(request);
            }
        }
        Ok(lacking)
    }

    /// The files that an entry needs besides the user's folder: the tokenizer, unless the folder has it.
    pub(super) fn requests_beside(&self, entry: &Entry, own: Option<&OwnFolder>) -> Result<Vec<Request>> {
        let mut requests = self.requests(entry)?;
        if let Some(own) = own {
            let beside = own.located.weights.with_file_name(TOKENIZER).is_file();
            requests.retain(|request| request.file == TOKENIZER && !beside);
        }
        Ok(requests)
    }

    /// The files of an entry: weights, configuration, its other files, and last the tokenizer that it shares with others.
    ///
    /// # Errors
    /// If the environment cannot be used.
    pub fn requests(&self, entry: &Entry) -> Result<Vec<Request>> {
        let manifest = Manifest::get()?;
        let pinned = entry.repository.as_ref().map(|id| Repository::new(id, entry.revision()));
        let wanted = pinned.as_ref().map(|repository| self.at_recorded_commit(entry.role, &entry.name, repository));
        // The sizes and digests of the list are for the entry's own revision only.
        let known = wanted == pinned;
        let request = |file: &EntryFile| {
            let origin = match (&wanted, &file.url) {
                (_, Some(url)) => {
                    let path = self.hub()?.environment().own.join("pages").join(&entry.name).join(&file.path);
                    Origin::Page { url: url.clone(), path }
                }
                (Some(repository), None) => Origin::Repository(repository.clone()),
                (None, None) => return Err(Error::fault(format!("{} has no origin", file.path))),
            };
            let (bytes, sha256) = if known { (file.bytes, file.sha256.clone()) } else { (None, None) };
            let sha256 = sha256.or_else(|| self.recorded_digest(entry.role, &entry.name, &file.path));
            Ok(Request { origin, file: file.path.clone(), bytes, sha256 })
        };
        let order = [FilePart::Weights, FilePart::Configuration, FilePart::Tokenizer, FilePart::Dense];
        let parts = order.into_iter().flat_map(|part| entry.files.iter().filter(move |file| file.part == part));
        let mut requests = parts.map(request).collect::<Result<Vec<_>>>()?;
        requests.extend(manifest.tokenizer_of(entry).map(request_of_tokenizer));
        Ok(requests)
    }

    /// The tokenizer for weights given as a path, downloaded if necessary.
    ///
    /// # Errors
    /// If the tokenizer is not on this machine and cannot be downloaded.
    pub(super) fn provide_tokenizer(&self, name: &str, request: Request) -> Result<PathBuf> {
        if self.hub()?.environment().offline && self.at_hand(&request)?.is_none() {
            let problem = format!("there is no {TOKENIZER} beside these weights, and {}", self.why_offline());
            let hint =
                format!("add OpenAI's {TOKENIZER} to their folder, or run once without ‹offline› to download it");
            return Err(Error::file(name, problem, hint));
        }
        let found = self.provide(name, None, vec![request])?.pop();
        found.ok_or_else(|| Error::fault("a tokenizer was requested, but none was found"))
    }

    fn lacking_tokenizer(&self, role: Role, name: &str) -> Result<Option<Request>> {
        // Opening the files reports what is wrong with them.
        let Ok(Some(request)) = tokenizer_beside(role, name) else { return Ok(None) };
        Ok(if self.at_hand(&request)?.is_some() { None } else { Some(request) })
    }

    fn recorded(&self, role: Role, name: &str) -> Option<&ModelRecord> {
        self.records.iter().find(|(of, record)| *of == role && record.name == name).map(|(_, record)| record)
    }

    /// The repository at the commit that a recipe names.
    pub(super) fn at_recorded_commit(&self, role: Role, name: &str, repository: &Repository) -> Repository {
        let commit = self.recorded(role, name).and_then(|record| record.revision.as_ref());
        commit.map_or_else(|| repository.clone(), |commit| repository.at(commit))
    }

    /// The SHA-256 of a file according to the recipe that is repeated; none without a recipe, if the recipe names
    /// another file, or if its SHA-256 covers several files.
    pub(super) fn recorded_digest(&self, role: Role, name: &str, file: &str) -> Option<String> {
        self.recorded_of_all(role, name, file).filter(|_| !is_shard_list(Path::new(file)))
    }

    /// The SHA-256 according to a recipe of a file, or of a list of parts together with all the parts.
    fn recorded_of_all(&self, role: Role, name: &str, file: &str) -> Option<String> {
        let record = self.recorded(role, name)?;
        let same = Path::new(file).file_name()?.to_str()? == record.file;
        (same && is_sha256(&record.sha256)).then(|| record.sha256.clone())
    }

    /// Checks, once per run, that the weights of a repository are those of the recipe that is repeated.
    ///
    /// # Errors
    /// If the weights differ from the recipe's, or cannot be read.
    pub(super) fn check_recorded(&self, role: Role, name: &str, weights: &Path) -> Result<()> {
        let file = weights.file_name().unwrap_or_default().to_string_lossy();
        let Some(expected) = self.recorded_of_all(role, name, &file) else { return Ok(()) };
        if self.checked.borrow().iter().any(|checked| checked == weights) {
            return Ok(());
        }
        let found = hash_files(&files_of(weights)?)?;
        if found != expected {
            let problem = format!("this is not the {name} of the recipe: expected SHA-256 {expected}, got {found}");
            let hint = format!(
                "run `text2art models rm {name}` and download it again, or name another with ‹{}›",
                role.option()
            );
            return Err(Error::file(weights, problem, hint));
        }
        self.checked.borrow_mut().push(weights.to_owned());
        Ok(())
    }
}

/// The tokenizer that weights given as a path need besides their files: OpenAI's weights come without one.
///
/// # Errors
/// If the files cannot be read, or the environment cannot be used.
pub(super) fn tokenizer_beside(role: Role, name: &str) -> Result<Option<Request>> {
    if role != Role::Clip || name.is_empty() || name == embedded::NAME {
        return Ok(None);
    }
    let Located { weights, config } = locate(role, Path::new(name))?;
    if config.is_some() || weights.with_file_name(TOKENIZER).is_file() {
        return Ok(None);
    }
    let file = TensorFile::open(&weights)?;
    let of_open_ai = inferred::configuration(&file).and_then(|_| inferred::vocabulary(&file));
    let known = of_open_ai == Some(inferred::VOCABULARY);
    Ok(Manifest::get()?.open_ai_tokenizer().filter(|_| known).map(request_of_tokenizer))
}

fn request_of_tokenizer(tokenizer: &SharedTokenizer) -> Request {
    Request {
        origin: Origin::Repository(Repository::new(&tokenizer.repository, &tokenizer.revision)),
        file: tokenizer.path.clone(),
        bytes: tokenizer.bytes,
        sha256: tokenizer.sha256.clone(),
    }
}

/// The name of a model's folder. Neither names of the list nor repositories of the hub contain `--`.
fn folder_name(name: &str) -> String {
    name.replace('/', "--")
}

/// The folder of an imported model.
pub(super) fn imported(environment: &Environment, name: &str) -> PathBuf {
    environment.own.join("imported").join(folder_name(name))
}
