//! How a server is set up.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::mail::Smtp;
use crate::settings::Overrides;
use crate::worker::{Elsewhere, JOBS_PER_PROCESS, Places};

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes any free one
    pub listen: SocketAddr,
    /// Another address at which the counts for operators are; without one, only this machine gets them
    pub metrics: Option<SocketAddr>,
    /// The folder of the database and the objects
    pub data: PathBuf,
    /// What is kept on other machines, and not in that folder
    pub elsewhere: Elsewhere,
    /// How many jobs it draws itself at once; 0 leaves them to workers of their own
    pub workers: usize,
    /// How many jobs of the same models a process draws
    pub jobs_per_process: u32,
    /// Whether jobs may use only models that are already downloaded
    pub offline: bool,
    /// Whether anybody may use it without a login, although it listens publicly
    pub open: bool,
    /// Who may register
    pub registration: Registration,
    /// The address that users know, if a proxy stands before the server
    pub public_url: Option<Url>,
    /// The proxies whose `X-Forwarded-For` is believed
    pub trusted_proxies: Vec<IpAddr>,
    /// The layers of settings below those of a request, the strongest first: the environment and files
    pub settings: Vec<Overrides>,
    /// How letters are sent; without it, none are
    pub smtp: Option<Smtp>,
    /// What requests may ask for
    pub limits: Limits,
    /// How long things are kept
    pub retention: Retention,
}

/// Who may register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Nobody: operators add users
    #[default]
    Closed,
    /// Whoever got an invitation
    Invitation,
    /// Everybody
    Open,
}

/// What requests may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most pixels of a picture
    pub pixels: usize,
    /// The most iterations of a picture
    pub iterations: usize,
    /// The most cutouts of an iteration
    pub cutouts: usize,
    /// The most prompts of a picture
    pub prompts: usize,
    /// How many jobs of a visitor without a login may wait at once; users have limits of their own
    pub waiting: u32,
    /// How many streams of events are open at once
    pub streams: usize,
    /// How many connections are open at once
    pub connections: usize,
}

/// How long things are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Jobs that ended, with their files; none keeps them until they are deleted
    pub jobs: Option<Duration>,
    /// Uploads
    pub uploads: Duration,
    /// What is known about actions of operators
    pub audit: Duration,
}

impl Config {
    /// The configuration of a server on this machine alone, with its data in a folder.
    #[must_use]
    pub fn local(data: &Path) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics: None,
            data: data.to_owned(),
            elsewhere: Elsewhere::default(),
            workers: 1,
            jobs_per_process: JOBS_PER_PROCESS,
            offline: false,
            open: false,
            registration: Registration::Closed,
            public_url: None,
            trusted_proxies: Vec::new(),
            settings: Vec::new(),
            smtp: None,
            limits: Limits::default(),
            retention: Retention::default(),
        }
    }

    /// Whether only programs of this machine can reach the server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.listen.ip().is_loopback()
    }

    /// The address of a page, as users type it: with the public address, or else that of the listener.
    #[must_use]
    pub fn address_of(&self, path: &str) -> String {
        let base = self.public_url.as_ref().map_or_else(|| format!("http://{}", self.listen), Url::to_string);
        format!("{}{path}", base.trim_end_matches('/'))
    }

    /// The file of the database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        Places::of(&self.data).database
    }

    /// The folder of files that are being received.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.data.join("incoming")
    }

    /// The folder in which the embedded workers draw.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        Places::of(&self.data).work
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pixels: 4096 * 4096,
            iterations: 100_000,
            cutouts: 512,
            prompts: 16,
            waiting: 5,
            streams: 1000,
            connections: 2000,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { jobs: None, uploads: Duration::from_hours(7 * 24), audit: Duration::from_hours(365 * 24) }
    }
}
