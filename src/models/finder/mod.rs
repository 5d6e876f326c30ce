//! Finds a model's files by name: from a path, a folder of `TEXT2ART_WEIGHTS`, the hub's cache, or the network.

mod download;

use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};

use crate::files::hash_file;
use crate::models::container::{TensorFile, is_shard_list};
use crate::models::files::Published;
use crate::models::hub::{Environment, Hub, Origin, Repository, Request, is_commit};
use crate::models::located::{Located, locate};
use crate::models::manifest::Entry;
use crate::models::named::Named;
use crate::models::presence::{OwnFolder, tokenizer_beside};
use crate::models::{ModelFiles, ModelRecord, Role, convert, embedded};
use crate::progress::{Event, Stop};
use crate::{Error, Result};
use download::fetch_hint;

/// Finds models, and downloads the missing ones.
pub struct Finder<'a> {
    /// Created when the first name that is not a path is looked up: paths need no environment
    hub: OnceCell<Hub>,
    offline: bool,
    converting: bool,
    stop: Stop,
    /// The models of a recipe that are pinned to a commit
    pub(in crate::models) records: Vec<(Role, ModelRecord)>,
    /// Weights that were verified to be those of the recipe
    pub(in crate::models) checked: RefCell<Vec<PathBuf>>,
    tell: &'a dyn Fn(Event),
}

/// The files of a model by their content.
#[derive(Clone, Debug)]
pub struct Found {
    /// The weights as they were published
    pub weights: PathBuf,
    /// The configuration; none if it is inferred from the weights
    pub config: Option<PathBuf>,
    /// The tokenizer, if it is not beside the weights
    pub tokenizer: Option<PathBuf>,
    /// The commit of the repository that the files are from
    pub commit: Option<String>,
    /// The request for the weights; none for the user's own files
    request: Option<Request>,
}

impl Found {
    fn own(Located { weights, config }: Located) -> Self {
        Self { weights, config, tokenizer: None, commit: None, request: None }
    }
}

/// File name of a CLIP's tokenizer.
pub(in crate::models) const TOKENIZER: &str = "tokenizer.json";
/// File name of the words of a BERT, from which its tokenizer can be made.
pub(in crate::models) const VOCABULARY: &str = "vocab.txt";
/// File name of a tokenizer's options, which say whether the words of a BERT are lowercase.
pub(in crate::models) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// The model whose image tower is used with a text tower that was published without one: the multilingual models that
/// sentence-transformers publishes share its space.
const IMAGE_OF_TEXTS: &str = "vit-b32";

impl<'a> Finder<'a> {
    /// A finder configured by the environment; `offline` forbids the network in any case. Downloads end when `stop` is
    /// requested, and report to `tell`.
    #[must_use]
    pub fn new(offline: bool, stop: &Stop, tell: &'a dyn Fn(Event)) -> Self {
        let (hub, records, checked) = (OnceCell::new(), Vec::new(), RefCell::default());
        Self { hub, offline, converting: true, stop: stop.clone(), records, checked, tell }
    }

    /// Reads pickles and msgpack directly unless they are already converted, and writes nothing.
    #[must_use]
    pub fn without_conversions(mut self) -> Self {
        self.converting = false;
        self
    }

    /// Finds the models that a recipe names at their recorded commits, and refuses other files. Records without a
    /// commit are ignored.
    #[must_use]
    pub fn with_commits_of(mut self, records: &[ModelRecord]) -> Self {
        for record in records {
            let role = Role::ALL.into_iter().find(|role| role.option() == record.role);
            if let Some(role) = role.filter(|_| record.revision.as_ref().is_some_and(|commit| is_commit(commit))) {
                self.records.push((role, record.clone()));
            }
        }
        self
    }

    /// The hub that models are downloaded from.
    ///
    /// # Errors
    /// If the environment cannot be used.
    pub fn hub(&self) -> Result<&Hub> {
        if let Some(hub) = self.hub.get() {
            return Ok(hub);
        }
        let mut environment = Environment::read()?;
        environment.offline |= self.offline;
        Ok(self.hub.get_or_init(|| Hub::new(environment, self.stop.clone())))
    }

    /// Finds the files of a model by name, and opens them. Weights that were downloaded as a pickle or as msgpack are
    /// converted once.
    ///
    /// # Errors
    /// If no model has this name, or its files cannot be downloaded or read.
    pub fn open(&self, role: Role, name: &str) -> Result<ModelFiles> {
        if name.is_empty() || name == embedded::NAME {
            return ModelFiles::open(role, name);
        }
        // Not `open`, which would not end if this name stood for a text tower without an image tower.
        self.open_alone(role, name)?.with_image(|_| self.open_alone(Role::Clip, IMAGE_OF_TEXTS))
    }

    /// The files of a model by name, without those of the image tower that a text tower was published without.
    fn open_alone(&self, role: Role, name: &str) -> Result<ModelFiles> {
        let found = self.locate(role, name)?;
        let folder = found.weights.parent().unwrap_or(Path::new("")).to_owned();
        let converted = match &found.request {
            Some(request) => self.converted(role, name, &found.weights, request)?,
            None => None,
        };
        let (weights, published) = match converted {
            Some((weights, published)) => (weights, Some(published)),
            None => (TensorFile::open(&found.weights)?, None),
        };
        let mut files = ModelFiles::assemble(role, name, weights, found.config, folder)?;
        files.elsewhere = found.tokenizer.map(|path| (TOKENIZER.to_owned(), path)).into_iter().collect();
        (files.commit, files.published) = (found.commit, published);
        Ok(files)
    }

    /// Downloads the missing files of several models. All names are checked before the first download; paths are
    /// checked only when they are opened.
    ///
    /// # Errors
    /// If one of the names is unknown, or as for [`Finder::locate`].
    pub fn provide_all<'n>(&self, wanted: impl Iterator<Item = (Role, &'n str)>) -> Result<()> {
        let (local, wanted): (Vec<_>, Vec<_>) = wanted.partition(|(_, name)| is_local(name));
        for (role, name) in local {
            // Opening the files reports what is wrong with them.
            if let Ok(Some(request)) = tokenizer_beside(role, name) {
                self.provide_tokenizer(name, request)?;
            }
        }
        wanted.iter().try_for_each(|(role, name)| Named::of(*role, name).map(drop))?;
        wanted.iter().try_for_each(|(role, name)| self.locate(*role, name).map(drop))
    }

    /// Finds the files of a model, and downloads the missing ones.
    ///
    /// # Errors
    /// If no model has this name, or its files cannot be downloaded.
    pub fn locate(&self, role: Role, name: &str) -> Result<Found> {
        if Path::new(name).exists() {
            let found = Found::own(locate(role, Path::new(name))?);
            let wanted = tokenizer_beside(role, name)?;
            let tokenizer = wanted.map(|request| self.provide_tokenizer(name, request)).transpose()?;
            return Ok(Found { tokenizer, ..found });
        }
        self.locate_named(role, name)
    }

    /// Like [`Finder::locate`], for a name that is not a path.
    pub(in crate::models) fn locate_named(&self, role: Role, name: &str) -> Result<Found> {
        match Named::of(role, name)? {
            Named::Entry(entry) => self.locate_entry(entry),
            Named::Repository(repository) => self.locate_repository(role, name, &repository),
        }
    }

    /// Returns an error if a stop is requested.
    ///
    /// # Errors
    /// [`Error::Stopped`] if a stop is requested.
    pub fn check_stop(&self) -> Result<()> {
        if self.stop.is_requested() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Downloaded weights as safetensors, converted if they are not yet; none if the weights are safetensors already,
    /// or the conversion cannot be saved.
    ///
    /// # Errors
    /// If the weights have the wrong SHA-256, or a stop is requested.
    fn converted(
        &self,
        role: Role,
        name: &str,
        weights: &Path,
        request: &Request,
    ) -> Result<Option<(TensorFile, Published)>> {
        if weights.extension().is_some_and(|extension| extension == "safetensors") || is_shard_list(weights) {
            return Ok(None);
        }
        let file = weights.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let own = &self.hub()?.environment().own;
        let expected = self.hub()?.expected_digest(request, weights);
        // The file name is the digest of the file that was converted.
        let kept = |sha256: &String| TensorFile::open(&convert::place(own, sha256)).ok();
        if let Some((converted, sha256)) = expected.as_ref().and_then(|sha256| Some((kept(sha256)?, sha256.clone()))) {
            return Ok(Some((converted, Published { file, sha256 })));
        }
        if !self.converting {
            return Ok(None);
        }
        let sha256 = hash_file(weights)?;
        if let Some(expected) = expected.filter(|expected| *expected != sha256) {
            let problem = format!("the file is damaged: expected SHA-256 {expected}, got {sha256}");
            return Err(Error::file(weights, problem, format!("download it again: text2art models pull {name}")));
        }
        let published = Published { file: file.clone(), sha256 };
        let result = || -> Result<Option<TensorFile>> {
            if let Some(converted) = kept(&published.sha256) {
                return Ok(Some(converted));
            }
            let source = TensorFile::open(weights)?;
            if !convert::is_worth_it(&source) {
                return Ok(None);
            }
            (self.tell)(Event::Converting { file: file.clone() });
            let path = convert::place(own, &published.sha256);
            convert::convert(&source, role, &path, &self.stop)?;
            TensorFile::open(&path).map(Some)
        };
        match result() {
            Ok(converted) => Ok(converted.map(|converted| (converted, published.clone()))),
            Err(Error::Stopped) => Err(Error::Stopped),
            Err(error) => {
                let message = format!("cannot convert {file}, which will load slowly each time: {error}");
                (self.tell)(Event::Warning { message });
                Ok(None)
            }
        }
    }

    fn locate_entry(&self, entry: &Entry) -> Result<Found> {
        let own = self.own_folder(entry.role, &entry.name)?;
        let requests = self.requests_beside(entry, own.as_ref())?;
        if let Some(OwnFolder { located, .. }) = own {
            let tokenizer = self.provide(&entry.name, Some(&entry.licence), requests)?.pop();
            return Ok(Found { tokenizer, ..Found::own(located) });
        }
        let request = requests.first().cloned();
        let paths = self.provide(&entry.name, Some(&entry.licence), requests)?;
        let (weights, config, others) = match paths.as_slice() {
            [weights, config, others @ ..] => (weights, Some(config.clone()), others),
            [weights] if entry.role.is_single_file() => (weights, None, &[][..]),
            _ => return Err(Error::fault(format!("the list of models has too few files for {}", entry.name))),
        };
        let commit = match request.as_ref().map(|request| &request.origin) {
            Some(Origin::Repository(repository)) => self.hub()?.cache().commit(repository),
            _ => None,
        };
        self.check_recorded(entry.role, &entry.name, weights)?;
        // The last one is the tokenizer that other models read as well; a model's own is beside its weights.
        let shared = others.last().filter(|_| entry.tokenizer.is_some());
        let (weights, tokenizer) = (weights.clone(), shared.cloned());
        Ok(Found { weights, config, tokenizer, commit, request })
    }

    fn locate_repository(&self, role: Role, name: &str, repository: &Repository) -> Result<Found> {
        if let Some(OwnFolder { located, .. }) = self.own_folder(role, &repository.id)? {
            return Ok(Found::own(located));
        }
        let repository = self.at_recorded_commit(role, name, repository);
        let cached = self.in_cache(role, name, &repository)?;
        let found = match cached {
            Some(Ok(found)) => found,
            Some(Err(error)) if self.hub()?.environment().offline => {
                let problem = format!("{repository} is incomplete in the cache: {error} ({})", error.hint());
                return Err(Error::usage(problem, fetch_hint(&repository.to_string(), Some(role))));
            }
            None if self.hub()?.environment().offline => {
                let cache = self.hub()?.cache().folder().display();
                let problem = format!("{repository} is not in the cache ({cache}), and {}", self.why_offline());
                return Err(Error::usage(problem, fetch_hint(&repository.to_string(), Some(role))));
            }
            _ => {
                self.fetch_repository(&repository, Some(role), |file| self.recorded_digest(role, name, file), false)?;
                self.in_cache(role, name, &repository)?
                    .ok_or_else(|| Error::fault("a snapshot disappeared from the cache"))??
            }
        };
        self.check_recorded(role, name, &found.weights)?;
        Ok(found)
    }

    /// A repository's model in the cache: none if the cache does not know the revision, an error if something is
    /// missing.
    pub(in crate::models) fn in_cache(
        &self,
        role: Role,
        name: &str,
        repository: &Repository,
    ) -> Result<Option<Result<Found>>> {
        let cache = self.hub()?.cache();
        let Some(folder) = cache.snapshot(repository) else { return Ok(None) };
        let whole = || -> Result<Found> {
            let Located { weights, config } = locate(role, &folder)?;
            let has_tokenizer = [TOKENIZER, VOCABULARY].iter().any(|name| weights.with_file_name(name).is_file());
            if role == Role::Clip && !has_tokenizer {
                return Err(Error::file(&folder, format!("there is no {TOKENIZER}"), "download the model again"));
            }
            let file = weights.strip_prefix(&folder).map(Path::to_string_lossy).unwrap_or_default().into_owned();
            let sha256 = self.recorded_digest(role, name, &file);
            let request = Some(Request { origin: Origin::Repository(repository.clone()), file, bytes: None, sha256 });
            Ok(Found { commit: cache.commit(repository), request, ..Found::own(Located { weights, config }) })
        };
        Ok(Some(whole()))
    }
}

/// Whether a name is a path, or the embedded model.
pub(in crate::models) fn is_local(name: &str) -> bool {
    name.is_empty() || name == embedded::NAME || Path::new(name).exists()
}
