//! Downloads files: first looks them up, then gets the bytes, then places them in the cache.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use url::Url;

use super::agent::Agent;
use super::cache::{Cache, check_room, create_folder_of};
use super::digests::Digests;
use super::environment::{Environment, without_login};
use super::held::{origin_of, origin_of_page};
use super::listing::listing;
use super::lock::Lock;
use super::metadata::{Metadata, file_url, metadata};
use super::part::{length_here, length_of_part};
use super::repository::Repository;
use super::transfer::{Wanted, transfer};
use crate::models::Role;
use crate::progress::Stop;
use crate::{Error, Result};

/// The hub, as configured on this machine.
pub struct Hub {
    environment: Environment,
    cache: Cache,
    digests: Digests,
    stop: Stop,
    /// Created for the first request; never needed offline
    agent: OnceCell<Agent>,
}

/// The source of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A repository of the hub
    Repository(Repository),
    /// A web page; the file is kept in the program's own folder
    Page {
        /// Address of the file
        url: String,
        /// Path where the file is kept
        path: PathBuf,
    },
}

/// A requested file.
#[derive(Clone, Debug)]
pub struct Request {
    /// Source of the file
    pub origin: Origin,
    /// Path in the repository
    pub file: String,
    /// Size in bytes, if known
    pub bytes: Option<u64>,
    /// SHA-256, if known
    pub sha256: Option<String>,
}

/// A file to download, with its metadata.
#[derive(Clone, Debug)]
pub struct Item {
    request: Request,
    metadata: Option<Metadata>,
}

/// The files of a repository that make a model.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The commit
    pub commit: String,
    /// The files: the weights first, then the configuration
    pub files: Vec<String>,
    /// The model's role
    pub role: Role,
    /// License according to its card
    pub licence: Option<String>,
}

/// The progress of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Name of the current file
    pub file: &'a str,
    /// Bytes of the current file received so far
    pub done: u64,
    /// Size of the current file, if known
    pub total: Option<u64>,
    /// Bytes of all files received so far
    pub all_done: u64,
    /// Total size of all files, if known
    pub all_total: Option<u64>,
}

/// Time between two reports of the same file.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);
/// How long another process may make no progress, as a multiple of the longest silence of the network.
const PATIENCE: u32 = 10;

impl Item {
    /// Path of the file in its repository.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.request.file
    }

    /// Size of the file in bytes, if known.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.request.bytes.or(self.metadata.as_ref()?.bytes)
    }

    /// The source of the file, for messages.
    #[must_use]
    pub fn from(&self, hub: &Hub) -> String {
        match &self.request.origin {
            Origin::Repository(repository) => {
                format!("{}/{}", without_login(&hub.environment.endpoint), repository.id)
            }
            Origin::Page { url, .. } => {
                let mirrored = Url::parse(url).map(|url| without_login(&hub.environment.page(&url)));
                mirrored.unwrap_or_else(|_| url.clone())
            }
        }
    }

    /// The request for this file at the commit where it was found.
    #[must_use]
    pub fn at_its_commit(&self) -> Request {
        let mut request = self.request.clone();
        if let (Origin::Repository(repository), Some(metadata)) = (&mut request.origin, &self.metadata) {
            *repository = repository.at(&metadata.commit);
            request.bytes = request.bytes.or(metadata.bytes);
            request.sha256 = request.sha256.or_else(|| metadata.sha256.clone());
        }
        request
    }

    /// The commit of the file; none for a file that is not on a hub.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        Some(&self.metadata.as_ref()?.commit)
    }
}

impl Hub {
    /// The hub of an environment. Downloads end when `stop` is requested.
    #[must_use]
    pub fn new(environment: Environment, stop: Stop) -> Self {
        let cache = Cache::new(environment.cache.clone());
        let digests = Digests::new(environment.own.join("digests"));
        Self { environment, cache, digests, stop, agent: OnceCell::new() }
    }

    /// The environment of the hub.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The hub's cache.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The first digests seen of files without a published digest.
    #[must_use]
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    fn agent(&self) -> Result<&Agent> {
        if let Some(agent) = self.agent.get() {
            return Ok(agent);
        }
        let agent = Agent::new(&self.environment, &self.stop)?;
        Ok(self.agent.get_or_init(|| agent))
    }

    /// Asks the hub which files of a repository make a model; without a role, a model of any role.
    ///
    /// # Errors
    /// If the hub cannot be reached, or the repository holds no such model.
    pub fn select(&self, repository: &Repository, role: Option<Role>) -> Result<Selection> {
        let listing = listing(self.agent()?, repository)?;
        let role = role.unwrap_or_else(|| listing.role());
        let files = listing.select(role, repository)?;
        Ok(Selection { commit: listing.commit, files, role, licence: listing.licence })
    }

    /// Asks the hub about files. A branch is resolved once, so that all files are of one commit.
    ///
    /// # Errors
    /// If the hub cannot be reached, does not provide a file, or has a different file than expected.
    pub fn look_up(&self, requests: Vec<Request>) -> Result<Vec<Item>> {
        let mut commits: BTreeMap<String, String> = BTreeMap::new();
        let mut item = |request: Request| {
            let Origin::Repository(repository) = &request.origin else {
                return Ok(Item { request, metadata: None });
            };
            let key = repository.to_string();
            let found = commits.get(&key).map_or_else(|| repository.clone(), |commit| repository.at(commit));
            let metadata = metadata(self.agent()?, &found, &request.file)?;
            commits.insert(key, metadata.commit.clone());
            check_announced(&request, &metadata)?;
            Ok(Item { request, metadata: Some(metadata) })
        };
        requests.into_iter().map(&mut item).collect()
    }

    /// The files that must be downloaded.
    #[must_use]
    pub fn missing<'i>(&self, items: &'i [Item]) -> Vec<&'i Item> {
        items.iter().filter(|item| self.at_hand(item).is_none()).collect()
    }

    /// Downloads files, and returns their paths in the same order.
    ///
    /// # Errors
    /// If there is no room, a file cannot be downloaded or is not the expected one, or the cache cannot be written.
    pub fn fetch(&self, items: &[Item], watch: &dyn Fn(Progress)) -> Result<Vec<PathBuf>> {
        self.check_room(items)?;
        let all_total: Option<u64> = items.iter().map(Item::bytes).sum();
        let mut before = 0;
        let mut paths = Vec::new();
        for item in items {
            let file = item.file();
            let mut reported: Option<Instant> = None;
            let mut size = 0;
            let mut tell = |done: u64, total: Option<u64>| {
                size = total.unwrap_or(done);
                let due = reported.is_none_or(|reported| reported.elapsed() >= REPORT_INTERVAL);
                if due || total == Some(done) {
                    reported = Some(Instant::now());
                    watch(Progress { file, done, total, all_done: before + done, all_total });
                }
            };
            paths.push(match self.at_hand(item) {
                Some(path) => {
                    let length = path.metadata().map_or(0, |metadata| metadata.len());
                    tell(length, Some(length));
                    path
                }
                None => self.fetch_one(item, &mut tell)?,
            });
            before += size;
        }
        for item in items {
            // Only after all files are complete, so that until then the branch keeps its old commit.
            if let (Origin::Repository(repository), Some(metadata)) = (&item.request.origin, &item.metadata) {
                self.cache.set_commit(repository, &metadata.commit)?;
            }
        }
        Ok(paths)
    }

    /// Checks that there is room for the missing files in their folders; parts that are already here need none.
    fn check_room(&self, items: &[Item]) -> Result<()> {
        let mut needed: BTreeMap<PathBuf, u64> = BTreeMap::new();
        for item in self.missing(items) {
            let (folder, whole) = match (&item.request.origin, &item.metadata) {
                (Origin::Repository(repository), Some(metadata)) => {
                    (self.cache.folder().to_owned(), self.cache.blob(repository, &metadata.blob))
                }
                (Origin::Repository(_), None) => continue,
                (Origin::Page { path, .. }, _) => (path.parent().unwrap_or(path).to_owned(), path.clone()),
            };
            let bytes = item.bytes().unwrap_or(0).saturating_sub(length_here(&whole));
            let sum = needed.entry(folder).or_default();
            *sum = sum.saturating_add(bytes);
        }
        needed.iter().try_for_each(|(folder, bytes)| check_room(folder, *bytes))
    }

    /// The path of a file that need not be downloaded; a file with the wrong size does not count.
    fn at_hand(&self, item: &Item) -> Option<PathBuf> {
        let path = match (&item.request.origin, &item.metadata) {
            (Origin::Repository(repository), Some(metadata)) => {
                self.cache.find(&repository.at(&metadata.commit), &item.request.file)?
            }
            (Origin::Repository(_), None) => return None,
            (Origin::Page { path, .. }, _) => path.is_file().then(|| path.clone())?,
        };
        let length = path.metadata().ok()?.len();
        item.bytes().is_none_or(|bytes| bytes == length).then_some(path)
    }

    fn fetch_one(&self, item: &Item, tell: &mut dyn FnMut(u64, Option<u64>)) -> Result<PathBuf> {
        match (&item.request.origin, &item.metadata) {
            (Origin::Repository(repository), Some(metadata)) => {
                let repository = repository.at(&metadata.commit);
                let file = &item.request.file;
                let blob = self.cache.blob(&repository, &metadata.blob);
                let whole = |blob: &Path| {
                    let length = blob.metadata().map(|metadata| metadata.len());
                    length.is_ok_and(|length| item.bytes().is_none_or(|bytes| bytes == length))
                };
                if !whole(&blob) {
                    let lock = self.cache.lock_file(&repository, &metadata.blob);
                    let _lock = self.lock(&lock, &blob)?;
                    // Another process may have downloaded the file in the meantime.
                    if !whole(&blob) {
                        let url = file_url(self.agent()?, &repository, file)?;
                        let origin = origin_of(&repository);
                        self.bring(item, &url, Some(&repository), &origin, &blob, tell)?;
                    }
                }
                self.cache.place(&repository, &metadata.commit, file, &blob)
            }
            (Origin::Page { url, path }, _) => {
                let parsed =
                    Url::parse(url).map_err(|error| Error::fault(format!("{url} is not a valid address: {error}")))?;
                create_folder_of(path)?;
                let _lock = self.lock(&path.with_extension("lock"), path)?;
                if self.at_hand(item).is_none() {
                    // The first digest seen is that of the file itself, wherever it came from.
                    let address = self.environment.page(&parsed);
                    self.bring(item, &address, None, &origin_of_page(url), path, tell)?;
                }
                Ok(path.clone())
            }
            (Origin::Repository(_), None) => Err(Error::fault("cannot fetch a file that was not looked up")),
        }
    }

    fn lock(&self, lock: &Path, whole: &Path) -> Result<Lock> {
        Lock::take(lock, &self.stop, self.environment.stall * PATIENCE, || length_of_part(whole))
    }

    /// Downloads a file, checked against its known digest or the first one seen.
    fn bring(
        &self,
        item: &Item,
        url: &Url,
        repository: Option<&Repository>,
        origin: &str,
        whole: &Path,
        tell: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<()> {
        let file = &item.request.file;
        let announced = item.metadata.as_ref().and_then(|metadata| metadata.sha256.clone());
        let published = item.request.sha256.clone().or(announced);
        let seen = self.digests.seen(origin, file);
        let sha256 = published.as_deref().or(seen.as_deref());
        let wanted = Wanted { url, repository, file, bytes: item.bytes(), sha256 };
        let digest = transfer(self.agent()?, &wanted, whole, tell)?;
        if published.is_none() { self.digests.keep(origin, file, &digest) } else { Ok(()) }
    }
}

/// Refuses metadata from the hub that differs from what is known.
fn check_announced(request: &Request, metadata: &Metadata) -> Result<()> {
    let other = |kind: &str, known: &str, announced: &str| {
        Err(Error::network(
            format!("the hub's {} is not the expected file: expected {kind} {known}, got {announced}", request.file),
            "check HF_ENDPOINT, or update text2art",
        ))
    };
    match (&request.sha256, &metadata.sha256) {
        (Some(known), Some(announced)) if known != announced => return other("SHA-256", known, announced),
        _ => {}
    }
    match (request.bytes, metadata.bytes) {
        (Some(known), Some(announced)) if known != announced => {
            other("size", &known.to_string(), &announced.to_string())
        }
        _ => Ok(()),
    }
}
