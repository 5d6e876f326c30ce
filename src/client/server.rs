//! A server, and what can be asked of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::connection::{Answered, Ask, Connection};
use super::retry::retry;
use super::{Address, Artifact, Job, Sight, Token, fetch, upload, watch};
use crate::Result;
use crate::database::Id;
use crate::files::Existing;
use crate::progress::Stop;

/// The most jobs that a server lists at once.
const PAGE: usize = 100;
/// The media type of what is sent.
const JSON: &str = "application/json";

/// A server that draws pictures.
pub struct Server {
    connection: Connection,
}

/// What a server says to a request for a job.
#[derive(Clone, Debug)]
pub enum Offer {
    /// The server took the request
    Taken {
        /// The job
        job: Box<Job>,
        /// Whether this request created the job, instead of an earlier one with the same key
        is_new: bool,
    },
    /// Too many jobs of the user are waiting, or there were too many requests: try again after this time
    Later(Duration),
    /// The key was already used with another request, for this job if the server names one
    OtherRequest(Option<Id>),
}

/// Which jobs to list.
#[derive(Clone, Debug)]
pub struct Query {
    /// Only jobs in this state, as the server calls it
    pub state: Option<String>,
    /// At most so many, the latest first
    pub limit: usize,
}

/// A part of a list.
#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    #[serde(default)]
    next: Option<String>,
}

impl Server {
    /// The server at an address. Requests end when `stop` is requested.
    ///
    /// # Errors
    /// If a token would be sent where others can read it, or no thread can be started.
    pub fn new(address: Address, token: Option<Token>, stop: &Stop) -> Result<Self> {
        Ok(Self { connection: Connection::new(address, token, stop)? })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.connection.address
    }

    /// Submits a job: settings, and the `products` beside the picture. Requests with the same key make one job, so a
    /// request whose answer was lost can be repeated.
    ///
    /// # Errors
    /// If the server refuses it, or cannot be reached.
    pub fn submit(&self, order: &Map<String, Value>, key: &Id) -> Result<Job> {
        let body = Value::from(order.clone()).to_string();
        let ask = Ask::post(self.url(["jobs"]), body.as_bytes());
        self.job(&ask.header("content-type", JSON).header("idempotency-key", key.as_str()))
    }

    /// Submits a job like [`Server::submit`], and also returns refusals that are not the fault of the request. `key` is 1 to 200
    /// letters, digits and signs.
    ///
    /// # Errors
    /// If the server refuses the request, or cannot be reached.
    pub fn offer(&self, order: &Map<String, Value>, key: &str) -> Result<Offer> {
        let body = Value::from(order.clone()).to_string();
        let ask = Ask::post(self.url(["jobs"]), body.as_bytes());
        let ask = ask.header("content-type", JSON).header("idempotency-key", key);
        match retry(&self.connection.stop, || self.connection.offer(&ask))? {
            Answered::Later(wait) => Ok(Offer::Later(wait)),
            Answered::Conflict(job) => Ok(Offer::OtherRequest(job)),
            Answered::Body(body, is_new) => {
                let read = serde_json::from_slice(&body).and_then(Job::read);
                let read = read.map_err(|error| self.connection.not_understood(&error))?;
                Ok(Offer::Taken { job: Box::new(read), is_new })
            }
        }
    }

    /// Looks at a job.
    ///
    /// # Errors
    /// If there is no such job, or the server cannot be reached.
    pub fn look(&self, id: &Id) -> Result<Job> {
        self.job(&Ask::get(self.url(["jobs", id.as_str()])))
    }

    /// Lists jobs of the user, the latest first.
    ///
    /// # Errors
    /// If the server cannot be reached, or knows no such state.
    pub fn list(&self, query: &Query) -> Result<Vec<Job>> {
        let mut jobs = Vec::new();
        let mut before: Option<String> = None;
        while jobs.len() < query.limit {
            let mut url = self.url(["jobs"]);
            let most = PAGE.min(query.limit - jobs.len());
            url.query_pairs_mut().append_pair("owner", "me").append_pair("limit", &most.to_string());
            for (name, value) in [("state", &query.state), ("before", &before)] {
                if let Some(value) = value {
                    url.query_pairs_mut().append_pair(name, value);
                }
            }
            let page: Page = self.connection.json(&Ask::get(url))?;
            let is_empty = page.items.is_empty();
            for item in page.items.into_iter().take(most) {
                jobs.push(Job::read(item).map_err(|error| self.connection.not_understood(&error))?);
            }
            before = page.next.filter(|_| !is_empty);
            if before.is_none() {
                break;
            }
        }
        Ok(jobs)
    }

    /// Cancels a job. That it has ended already is no error. Returns the job as it is then.
    ///
    /// # Errors
    /// If there is no such job, or the server cannot be reached.
    pub fn cancel(&self, id: &Id) -> Result<Job> {
        let answer = self.connection.json::<Value>(&Ask::post(self.url(["jobs", id.as_str(), "cancel"]), &[]));
        let job = self.look(id)?;
        match answer {
            Err(error) if !job.is_final() => Err(error),
            _ => Ok(job),
        }
    }

    /// Follows a job to its end, and passes on each change that the server tells of.
    ///
    /// # Errors
    /// If there is no such job, the server has not answered for minutes, or `tell` fails.
    pub fn watch(&self, id: &Id, tell: &mut dyn FnMut(Sight) -> Result<()>) -> Result<Job> {
        watch::watch(self, &self.connection, id, tell)
    }

    /// Uploads a picture, for a job to begin with or to follow. Returns what requests call it.
    ///
    /// # Errors
    /// If the file cannot be read, or the server refuses it.
    pub fn upload(&self, path: &Path) -> Result<String> {
        upload::upload(&self.connection, path)
    }

    /// Fetches a file of a job. It is whole and correct, or it is not there. Returns its path: the next free one beside
    /// `target` if another program has taken that name in the meantime. `tell` gets the bytes that have arrived.
    ///
    /// # Errors
    /// If the server does not provide the file, it is not the announced one, or it cannot be written.
    pub fn fetch(
        &self,
        id: &Id,
        file: &Artifact,
        (target, existing): (&Path, Existing),
        tell: &mut dyn FnMut(u64),
    ) -> Result<PathBuf> {
        fetch::to_file(&self.connection, &self.url_of_file(id, &file.name), file, (target, existing), tell)
    }

    /// Fetches the bytes of a file of a job.
    ///
    /// # Errors
    /// As for [`Server::fetch`].
    pub fn fetch_bytes(&self, id: &Id, file: &Artifact) -> Result<Vec<u8>> {
        fetch::to_memory(&self.connection, &self.url_of_file(id, &file.name), file)
    }

    /// The picture of a job as it is now, a PNG; none if there is none.
    ///
    /// # Errors
    /// If the requests must stop.
    pub fn preview(&self, job: &Job) -> Result<Option<Vec<u8>>> {
        let mut url = self.url_of_file(&job.id, "preview.png");
        url.query_pairs_mut().append_pair("version", &job.version.to_string());
        fetch::if_there(&self.connection, url)
    }

    /// Checks that the server accepts the token. A server that has no users accepts any.
    ///
    /// # Errors
    /// If the server does not accept it, or cannot be reached.
    pub fn check_token(&self) -> Result<()> {
        let query = Query { state: None, limit: 1 };
        self.list(&query).map(drop)
    }

    fn url<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> url::Url {
        self.connection.address.of(segments)
    }

    fn url_of_file(&self, id: &Id, name: &str) -> url::Url {
        self.url(["jobs", id.as_str(), "files", name])
    }

    fn job(&self, ask: &Ask) -> Result<Job> {
        let json = self.connection.json(ask)?;
        Job::read(json).map_err(|error| self.connection.not_understood(&error))
    }
}
