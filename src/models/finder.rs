//! From what the user calls a model to its files: a path, a folder of `TEXT2ART_WEIGHTS`, the hub's cache, the network.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use super::container::TensorFile;
use super::convert;
use super::files::{Published, locate};
use super::hub::{Environment, Hub, Item, Origin, Progress, Repository, Request};
use super::manifest::{Entry, EntryFile, FilePart, Manifest};
use super::named::Named;
use super::{ModelFiles, Role, embedded};
use crate::output::{ModelRecord, hash_file};
use crate::session::{Event, Stop};
use crate::{Error, Result};

/// Finds models, and fetches what is not here.
pub struct Finder<'a> {
    /// Made when a name is looked up that is no path: paths need no environment
    hub: OnceCell<Hub>,
    offline: bool,
    stop: Stop,
    /// Commits that a recipe names: role, name, commit
    commits: Vec<(Role, String, String)>,
    tell: &'a dyn Fn(Event),
}

/// What would be fetched of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What the user called it
    pub name: String,
    /// Files that are not here
    pub files: Vec<String>,
    /// Their size in bytes, where it is known
    pub bytes: Option<u64>,
}

/// The files of a model by what they hold.
#[derive(Clone, Debug)]
pub struct Found {
    /// The weights as they were published
    pub weights: PathBuf,
    /// The configuration
    pub config: PathBuf,
    /// The tokenizer, where it is not beside the weights
    pub tokenizer: Option<PathBuf>,
    /// The commit of the repository they are of
    pub commit: Option<String>,
    /// What was asked of the network for the weights; none for files of the user's own
    request: Option<Request>,
}

impl Found {
    fn own((weights, config): (PathBuf, PathBuf)) -> Self {
        Self { weights, config, tokenizer: None, commit: None, request: None }
    }
}

/// Where a file is that both a CLIP and its users call so.
pub(super) const TOKENIZER: &str = "tokenizer.json";

impl<'a> Finder<'a> {
    /// A finder as the environment says; `offline` forbids the network whatever that says. Downloads end when `stop` is
    /// requested; `tell` is told of them.
    #[must_use]
    pub fn new(offline: bool, stop: &Stop, tell: &'a dyn Fn(Event)) -> Self {
        Self { hub: OnceCell::new(), offline, stop: stop.clone(), commits: Vec::new(), tell }
    }

    /// Finds the models a recipe names in the state they had.
    #[must_use]
    pub fn with_commits_of(mut self, records: &[ModelRecord]) -> Self {
        for record in records {
            let role = [Role::Clip, Role::Vqgan].into_iter().find(|role| role.option() == record.role);
            if let (Some(role), Some(commit)) = (role, &record.revision) {
                self.commits.push((role, record.name.clone(), commit.clone()));
            }
        }
        self
    }

    /// The hub it fetches from.
    ///
    /// # Errors
    /// Where the environment cannot be used.
    pub fn hub(&self) -> Result<&Hub> {
        if let Some(hub) = self.hub.get() {
            return Ok(hub);
        }
        let mut environment = Environment::read()?;
        environment.offline |= self.offline;
        Ok(self.hub.get_or_init(|| Hub::new(environment, self.stop.clone())))
    }

    /// Finds the files of the model the user named, and opens them. Weights that were fetched as a pickle or as msgpack are
    /// converted once.
    ///
    /// # Errors
    /// Where nothing has this name, its files are not here and may not or cannot be fetched, or cannot be read.
    pub fn open(&self, role: Role, name: &str) -> Result<ModelFiles> {
        if name.is_empty() || name == embedded::NAME {
            return ModelFiles::open(role, name);
        }
        let found = self.locate(role, name)?;
        let folder = found.weights.parent().unwrap_or(Path::new("")).to_owned();
        let converted = found.request.as_ref().and_then(|request| self.converted(role, &found.weights, request));
        let (weights, published) = match converted {
            Some((weights, published)) => (weights, Some(published)),
            None => (TensorFile::open(&found.weights)?, None),
        };
        let mut files = ModelFiles::assemble(role, name, weights, found.config, folder)?;
        files.elsewhere = found.tokenizer.map(|path| (TOKENIZER.to_owned(), path)).into_iter().collect();
        (files.commit, files.published) = (found.commit, published);
        Ok(files)
    }

    /// Checks that a name stands for something, without looking for its files.
    ///
    /// # Errors
    /// Where nothing has this name.
    pub fn check_name(&self, role: Role, name: &str) -> Result<()> {
        if is_local(name) { Ok(()) } else { Named::of(role, name).map(drop) }
    }

    /// Fetches what is not here of a model's files.
    ///
    /// # Errors
    /// As [`Finder::locate`]; a path is only looked at when it is opened.
    pub fn provide_files(&self, role: Role, name: &str) -> Result<()> {
        if is_local(name) { Ok(()) } else { self.locate(role, name).map(drop) }
    }

    /// Finds where the files of a model are; those that are not here are fetched.
    ///
    /// # Errors
    /// Where nothing has this name, or its files are not here and may not or cannot be fetched.
    pub fn locate(&self, role: Role, name: &str) -> Result<Found> {
        if Path::new(name).exists() {
            return locate(role, Path::new(name)).map(Found::own);
        }
        match Named::of(role, name)? {
            Named::Entry(entry) => self.locate_entry(entry),
            Named::Repository(repository) => self.locate_repository(role, name, &repository),
        }
    }

    /// Fetched weights as safetensors, which are made where they are not here yet; none where the weights are safetensors
    /// themselves, or the conversion failed.
    fn converted(&self, role: Role, weights: &Path, request: &Request) -> Option<(TensorFile, Published)> {
        if weights.extension().is_some_and(|extension| extension == "safetensors") {
            return None;
        }
        let file = weights.file_name()?.to_string_lossy().into_owned();
        let result = || -> Result<Option<(TensorFile, Published)>> {
            let sha256 = self.hub()?.expected_digest(request, weights).map_or_else(|| hash_file(weights), Ok)?;
            let path = convert::place(&self.hub()?.environment().own, &sha256);
            let published = Published { file: file.clone(), sha256 };
            if let Ok(converted) = TensorFile::open(&path) {
                return Ok(Some((converted, published)));
            }
            let source = TensorFile::open(weights)?;
            if !convert::is_worth_it(&source) {
                return Ok(None);
            }
            (self.tell)(Event::Converting { file: file.clone() });
            convert::convert(&source, role, &path)?;
            Ok(Some((TensorFile::open(&path)?, published)))
        };
        result().unwrap_or_else(|error| {
            let message = format!("{file} is not converted, and will load slowly each time: {error}");
            (self.tell)(Event::Warning { message });
            None
        })
    }

    /// Folders of the user's own in which a model's files may be.
    pub(super) fn own_folders(&self, name: &str) -> Result<Vec<PathBuf>> {
        let environment = self.hub()?.environment();
        let weights = environment.weights.as_ref().map(|folder| folder.join(name));
        let folders = weights.into_iter().chain([imported(environment, name)]);
        Ok(folders.filter(|folder| folder.is_dir()).collect())
    }

    fn locate_entry(&self, entry: &Entry) -> Result<Found> {
        let requests = self.requests(entry)?;
        if let Some(folder) = self.own_folders(&entry.name)?.into_iter().next() {
            let (weights, config) = locate(entry.role, &folder)?;
            let beside = weights.with_file_name(TOKENIZER).is_file();
            let missing: Vec<Request> =
                requests.into_iter().filter(|request| is_tokenizer(request) && !beside).collect();
            let tokenizer = self.provide(&entry.name, Some(&entry.licence), missing)?.pop();
            return Ok(Found { tokenizer, ..Found::own((weights, config)) });
        }
        let request = requests.first().cloned();
        let paths = self.provide(&entry.name, Some(&entry.licence), requests)?;
        let [weights, config, others @ ..] = paths.as_slice() else {
            return Err(Error::fault(format!("the list of models gives {} too few files", entry.name)));
        };
        let commit = match request.as_ref().map(|request| &request.origin) {
            Some(Origin::Repository(repository)) => self.hub()?.cache().commit(repository),
            _ => None,
        };
        let (weights, config, tokenizer) = (weights.clone(), config.clone(), others.first().cloned());
        Ok(Found { weights, config, tokenizer, commit, request })
    }

    fn locate_repository(&self, role: Role, name: &str, repository: &Repository) -> Result<Found> {
        if let Some(folder) = self.own_folders(&repository.id)?.into_iter().next() {
            return locate(role, &folder).map(Found::own);
        }
        let repository = self.at_recorded_commit(role, name, repository);
        let whole = |folder: &Path| -> Result<Found> {
            let (weights, config) = locate(role, folder)?;
            if role == Role::Clip && !weights.with_file_name(TOKENIZER).is_file() {
                return Err(Error::file(folder, format!("there is no {TOKENIZER}"), "fetch the model again"));
            }
            let file = weights.strip_prefix(folder).map(Path::to_string_lossy).unwrap_or_default().into_owned();
            let origin = Origin::Repository(repository.clone());
            let request = Some(Request { origin, file, bytes: None, sha256: None });
            let commit = self.hub()?.cache().commit(&repository);
            Ok(Found { commit, request, ..Found::own((weights, config)) })
        };
        let snapshot = self.hub()?.cache().snapshot(&repository);
        match snapshot.as_deref().map(whole) {
            Some(Ok(found)) => return Ok(found),
            Some(Err(error)) if self.hub()?.environment().offline => {
                let problem = format!("{repository} is not whole in the cache: {error} ({})", error.hint());
                return Err(Error::usage(problem, fetch_hint(&repository.to_string(), Some(role))));
            }
            None if self.hub()?.environment().offline => {
                let cache = self.hub()?.cache().folder().display();
                let problem = format!("{repository} is not in the cache ({cache}), and no network may be used");
                return Err(Error::usage(problem, fetch_hint(&repository.to_string(), Some(role))));
            }
            _ => {}
        }
        self.pull_repository(&repository, Some(role))?;
        let folder = self.hub()?.cache().snapshot(&repository).ok_or_else(|| Error::fault("a snapshot vanished"))?;
        whole(&folder)
    }

    /// Fetches what of a repository makes a model; of any role where none is said. Returns the role and where the files
    /// are.
    ///
    /// # Errors
    /// Where the network may not be used, or the files do not come.
    pub fn pull_repository(&self, repository: &Repository, role: Option<Role>) -> Result<(Role, Vec<PathBuf>)> {
        self.check_network(&repository.to_string())?;
        let selection = self.hub()?.select(repository, role)?;
        let request =
            |file: String| Request { origin: Origin::Repository(repository.clone()), file, bytes: None, sha256: None };
        let items = self.hub()?.look_up(selection.files.into_iter().map(request).collect())?;
        let paths = self.fetch(&repository.to_string(), selection.licence.as_deref(), &items)?;
        Ok((selection.role, paths))
    }

    /// Fetches the files of an entry that are not here; a branch is looked up anew.
    ///
    /// # Errors
    /// Where the network may not be used, or the files do not come.
    pub fn pull_entry(&self, entry: &Entry) -> Result<Vec<PathBuf>> {
        let requests = self.requests(entry)?;
        if requests.iter().all(is_pinned) {
            return self.provide(&entry.name, Some(&entry.licence), requests);
        }
        self.check_network(&entry.name)?;
        let items = self.hub()?.look_up(requests)?;
        self.fetch(&entry.name, Some(&entry.licence), &items)
    }

    fn check_network(&self, name: &str) -> Result<()> {
        if self.hub()?.environment().offline {
            let hint = "leave out --offline, and unset HF_HUB_OFFLINE";
            return Err(Error::usage(format!("{name} cannot be fetched without a network"), hint));
        }
        Ok(())
    }

    /// Where files are; those that are not here are fetched.
    fn provide(&self, name: &str, licence: Option<&str>, requests: Vec<Request>) -> Result<Vec<PathBuf>> {
        let here = requests.iter().map(|request| self.at_hand(request));
        let mut here = here.collect::<Result<Vec<Option<PathBuf>>>>()?;
        if let Some(hole) = here.iter().position(Option::is_none)
            && self.hub()?.environment().offline
        {
            let file = &requests[hole].file;
            let of = match &requests[hole].origin {
                Origin::Repository(repository) => repository.to_string(),
                Origin::Page { url, .. } => url.clone(),
            };
            let problem = format!("{name} needs {file} of {of}, which is not here, and no network may be used");
            return Err(Error::usage(problem, fetch_hint(name, None)));
        }
        if here.iter().all(Option::is_some) {
            return Ok(here.into_iter().flatten().collect());
        }
        // A branch may have moved on: all of its files are to be of one commit.
        let holes: Vec<usize> = (0..here.len()).filter(|index| here[*index].is_none()).collect();
        for index in 0..here.len() {
            if holes.iter().any(|hole| requests[*hole].origin == requests[index].origin && !is_pinned(&requests[index]))
            {
                here[index] = None;
            }
        }
        let missing = requests.into_iter().zip(&here).filter(|(_, here)| here.is_none()).map(|(request, _)| request);
        let items = self.hub()?.look_up(missing.collect())?;
        let mut fetched = self.fetch(name, licence, &items)?.into_iter();
        Ok(here.into_iter().filter_map(|here| here.or_else(|| fetched.next())).collect())
    }

    /// Where a wanted file is; none where it is not here.
    ///
    /// # Errors
    /// Where the environment cannot be used.
    pub fn at_hand(&self, request: &Request) -> Result<Option<PathBuf>> {
        Ok(match &request.origin {
            Origin::Repository(repository) => self.hub()?.cache().find(repository, &request.file),
            Origin::Page { path, .. } => path.is_file().then(|| path.clone()),
        })
    }

    /// What of a model's files is not here; none where all are. Nothing is asked of the network.
    ///
    /// # Errors
    /// Where nothing has this name, or the environment cannot be used.
    pub fn missing(&self, role: Role, name: &str) -> Result<Option<Missing>> {
        if is_local(name) {
            return Ok(None);
        }
        let name_of_it = name.to_owned();
        match Named::of(role, name)? {
            Named::Entry(entry) => {
                if self.is_here(entry)? {
                    return Ok(None);
                }
                let (mut files, mut bytes) = (Vec::new(), Some(0));
                for request in self.requests(entry)? {
                    if self.at_hand(&request)?.is_none() {
                        let about =
                            entry.files.iter().find(|file| file.path == request.file).and_then(|file| file.about);
                        // A configuration's size does not matter.
                        let small = entry.file(FilePart::Configuration).is_some_and(|file| file.path == request.file);
                        let size = request.bytes.or(about).or(small.then_some(0));
                        bytes = bytes.zip(size).map(|(sum, size)| sum + size);
                        files.push(request.file);
                    }
                }
                Ok(Some(Missing { name: name_of_it, files, bytes }))
            }
            Named::Repository(repository) => {
                let own = !self.own_folders(&repository.id)?.is_empty();
                let repository = self.at_recorded_commit(role, name, &repository);
                let here = own || self.hub()?.cache().snapshot(&repository).is_some();
                let files = vec!["what makes a model of it".to_owned()];
                Ok((!here).then_some(Missing { name: name_of_it, files, bytes: None }))
            }
        }
    }

    /// Whether a model can be opened without a network.
    ///
    /// # Errors
    /// None in a program that was built whole.
    pub fn is_here(&self, entry: &Entry) -> Result<bool> {
        let requests = self.requests(entry)?;
        let own = self.own_folders(&entry.name)?.iter().find_map(|folder| locate(entry.role, folder).ok());
        let beside = own.as_ref().map(|(weights, _)| weights.with_file_name(TOKENIZER).is_file());
        for request in &requests {
            let own = beside.is_some_and(|beside| beside || !is_tokenizer(request));
            if !own && self.at_hand(request)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fetch(&self, name: &str, licence: Option<&str>, items: &[Item]) -> Result<Vec<PathBuf>> {
        let missing = self.hub()?.missing(items);
        if !missing.is_empty() {
            (self.tell)(Event::Download {
                model: name.to_owned(),
                files: missing.len(),
                bytes: missing.iter().map(|item| item.bytes()).sum(),
                licence: licence.map(str::to_owned),
                from: missing[0].from(self.hub()?),
            });
        }
        self.hub()?.fetch(items, &|progress: Progress| {
            let Progress { file, done, total, all_done, all_total } = progress;
            (self.tell)(Event::Downloaded { file: file.to_owned(), done, total, all_done, all_total });
        })
    }

    /// The files of an entry: weights, configuration, and the tokenizer where it reads one.
    ///
    /// # Errors
    /// None in a program that was built whole.
    pub fn requests(&self, entry: &Entry) -> Result<Vec<Request>> {
        let manifest = Manifest::get()?;
        let pinned = entry.repository.as_ref().map(|id| Repository::new(id, entry.revision()));
        let wanted = pinned.as_ref().map(|repository| self.at_recorded_commit(entry.role, &entry.name, repository));
        // What is known is known of the entry's own revision.
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
            Ok(Request { origin, file: file.path.clone(), bytes, sha256 })
        };
        let parts = [FilePart::Weights, FilePart::Configuration].into_iter().filter_map(|part| entry.file(part));
        let mut requests = parts.map(request).collect::<Result<Vec<_>>>()?;
        requests.extend(manifest.tokenizer_of(entry).map(|tokenizer| Request {
            origin: Origin::Repository(Repository::new(&tokenizer.repository, &tokenizer.revision)),
            file: tokenizer.path.clone(),
            bytes: tokenizer.bytes,
            sha256: tokenizer.sha256.clone(),
        }));
        Ok(requests)
    }

    fn at_recorded_commit(&self, role: Role, name: &str, repository: &Repository) -> Repository {
        let recorded = self.commits.iter().find(|(of, named, _)| *of == role && named == name);
        recorded.map_or_else(|| repository.clone(), |(_, _, commit)| repository.at(commit))
    }
}

/// Whether a name is a path, or the model inside the program.
fn is_local(name: &str) -> bool {
    name.is_empty() || name == embedded::NAME || Path::new(name).exists()
}

/// Where a model is kept that was imported.
pub(super) fn imported(environment: &Environment, name: &str) -> PathBuf {
    environment.own.join("imported").join(name)
}

/// Whether a wanted file can only be the one it is.
fn is_pinned(request: &Request) -> bool {
    match &request.origin {
        Origin::Repository(repository) => repository.is_pinned(),
        Origin::Page { .. } => true,
    }
}

/// Whether a wanted file is a tokenizer.
fn is_tokenizer(request: &Request) -> bool {
    request.file == TOKENIZER
}

fn fetch_hint(name: &str, role: Option<Role>) -> String {
    let role = role.map_or_else(String::new, |role| format!(" --role {}", role.option()));
    format!("fetch it where there is a network: text2art models pull {name}{role}")
}
