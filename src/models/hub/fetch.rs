//! Fetching files: first what is to come, then the bytes, then their places in the cache.

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

/// The hub, as this machine reaches it.
pub struct Hub {
    environment: Environment,
    cache: Cache,
    digests: Digests,
    stop: Stop,
    /// Made with the first request: offline there is none
    agent: OnceCell<Agent>,
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A repository of the hub
    Repository(Repository),
    /// A page of its own; the file goes to a place of our own
    Page {
        /// Its address
        url: String,
        /// Where it is kept
        path: PathBuf,
    },
}

/// A file that is wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where it comes from
    pub origin: Origin,
    /// Its path there
    pub file: String,
    /// Its size, where it is known
    pub bytes: Option<u64>,
    /// Its SHA-256, where it is known
    pub sha256: Option<String>,
}

/// A file that will come, and what is known of it.
#[derive(Clone, Debug)]
pub struct Item {
    request: Request,
    metadata: Option<Metadata>,
}

/// What of a repository makes a model.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The commit
    pub commit: String,
    /// The files: the weights first, then the configuration
    pub files: Vec<String>,
    /// What the model is for
    pub role: Role,
    /// What its card says of its licence
    pub licence: Option<String>,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file that comes
    pub file: &'a str,
    /// Its bytes that are here
    pub done: u64,
    /// Its size, where it is known
    pub total: Option<u64>,
    /// Bytes of all files that are here
    pub all_done: u64,
    /// The size of all files, where it is known
    pub all_total: Option<u64>,
}

/// Time between two reports of the same file.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);
/// How many times the longest silence of the network another process may be silent.
const PATIENCE: u32 = 10;

impl Item {
    /// Its path in its repository.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.request.file
    }

    /// Its size, where it is known.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.request.bytes.or(self.metadata.as_ref()?.bytes)
    }

    /// Where it comes from, for people.
    #[must_use]
    pub fn from(&self, hub: &Hub) -> String {
        match &self.request.origin {
            Origin::Repository(repository) => {
                format!("{}/{}", without_login(&hub.environment.endpoint), repository.id)
            }
            Origin::Page { url, .. } => url.clone(),
        }
    }

    /// What was asked for, at the commit it was found in.
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

    /// The commit it is of; none for a file of no hub.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        Some(&self.metadata.as_ref()?.commit)
    }
}

impl Hub {
    /// The hub of an environment. Its downloads end when `stop` is requested.
    #[must_use]
    pub fn new(environment: Environment, stop: Stop) -> Self {
        let cache = Cache::new(environment.cache.clone());
        let digests = Digests::new(environment.own.join("digests"));
        Self { environment, cache, digests, stop, agent: OnceCell::new() }
    }

    /// What the environment says.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Its cache.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The first digests seen of files whose publisher tells none.
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

    /// Asks the hub what of a repository makes a model; of any role where none is said.
    ///
    /// # Errors
    /// Where the hub cannot be reached, or the repository holds no such model.
    pub fn select(&self, repository: &Repository, role: Option<Role>) -> Result<Selection> {
        let listing = listing(self.agent()?, repository)?;
        let role = role.unwrap_or_else(|| listing.role());
        let files = listing.select(role, repository)?;
        Ok(Selection { commit: listing.commit, files, role, licence: listing.licence })
    }

    /// Asks the hub about files. A branch is resolved once, so that all files are of one commit.
    ///
    /// # Errors
    /// Where the hub cannot be reached, has no such file for us, or has another one than is known.
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

    /// The files that have to come.
    #[must_use]
    pub fn missing<'i>(&self, items: &'i [Item]) -> Vec<&'i Item> {
        items.iter().filter(|item| self.at_hand(item).is_none()).collect()
    }

    /// Fetches files and returns where they are, in the same order.
    ///
    /// # Errors
    /// Where there is no room, a file does not come or is not what it must be, or the cache cannot be written.
    pub fn fetch(&self, items: &[Item], watch: &dyn Fn(Progress)) -> Result<Vec<PathBuf>> {
        self.check_room(items)?;
        let all_total: Option<u64> = items.iter().map(Item::bytes).sum();
        let mut before = 0;
        let mut paths = Vec::new();
        for item in items {
            let file = item.file();
            let mut told: Option<Instant> = None;
            let mut size = 0;
            let mut tell = |done: u64, total: Option<u64>| {
                size = total.unwrap_or(done);
                let due = told.is_none_or(|told| told.elapsed() >= REPORT_INTERVAL);
                if due || total == Some(done) {
                    told = Some(Instant::now());
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
            // Only now that all files are there: until here, the branch stands for what it stood for.
            if let (Origin::Repository(repository), Some(metadata)) = (&item.request.origin, &item.metadata) {
                self.cache.set_commit(repository, &metadata.commit)?;
            }
        }
        Ok(paths)
    }

    /// Whether what has to come has room, each file where it is to be; parts that are here need none.
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

    /// Where a file is that need not come; one of another size than it must have does not count.
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
                    // Another process may have brought it meanwhile.
                    if !whole(&blob) {
                        let url = file_url(self.agent()?, &repository, file)?;
                        let origin = origin_of(&repository);
                        self.bring(item, &url, Some(&repository), &origin, &blob, tell)?;
                    }
                }
                self.cache.place(&repository, &metadata.commit, file, &blob)
            }
            (Origin::Page { url, path }, _) => {
                let parsed = Url::parse(url).map_err(|error| Error::fault(format!("{url} is no address: {error}")))?;
                create_folder_of(path)?;
                let _lock = self.lock(&path.with_extension("lock"), path)?;
                if self.at_hand(item).is_none() {
                    self.bring(item, &parsed, None, &origin_of_page(url), path, tell)?;
                }
                Ok(path.clone())
            }
            (Origin::Repository(_), None) => Err(Error::fault("a file was to be fetched that was not looked up")),
        }
    }

    fn lock(&self, lock: &Path, whole: &Path) -> Result<Lock> {
        Lock::take(lock, &self.stop, self.environment.stall * PATIENCE, || length_of_part(whole))
    }

    /// Brings a file, checked against what is known or what was first seen of it.
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

/// Refuses what the hub announces where something else is known.
fn check_announced(request: &Request, metadata: &Metadata) -> Result<()> {
    let other = |kind: &str, known: &str, announced: &str| {
        Err(Error::network(
            format!(
                "the hub's {} is another file than is known: its {kind} is {announced}, it must be {known}",
                request.file
            ),
            "check HF_ENDPOINT, or use a newer text2art",
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
