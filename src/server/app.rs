//! What the handlers share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::changes::Changes;
use super::config::Config;
use super::guard::Guard;
use super::metrics::Metrics;
use super::upkeep::Acts;
use super::visitor::Visitor;
use super::watch::Watch;
use crate::accounts::Accounts;
use crate::database::Database;
use crate::gallery::Gallery;
use crate::mail::Mail;
use crate::objects::Objects;
use crate::queue::Queue;
use crate::worker::Shutdown;

/// What the handlers share. Clones are cheap, and share everything.
#[derive(Clone)]
pub struct App {
    /// The queue of jobs
    pub queue: Queue,
    /// The database behind the queue and the accounts
    pub database: Database,
    /// The store of pictures, movies and uploads
    pub objects: Objects,
    /// The users
    pub accounts: Accounts,
    /// The letters to users
    pub mail: Mail,
    /// The pictures that users published
    pub gallery: Gallery,
    /// How the server is set up
    pub config: Arc<Config>,
    /// Tells streams which jobs changed
    pub changes: Changes,
    /// The jobs that streams watch
    pub watch: Watch,
    /// As many permits as streams may be open
    pub streams: Arc<Semaphore>,
    /// Says whether the server ends
    pub stop: Shutdown,
    /// Counts for operators
    pub metrics: Arc<Metrics>,
    /// What the guard remembers about visitors
    pub guard: Arc<Guard>,
}

impl App {
    /// What a visitor does as an operator.
    #[must_use]
    pub fn acts(&self, visitor: &Visitor) -> Acts {
        Acts::new(&self.database, &self.queue, &self.accounts, &visitor.name)
    }
}
