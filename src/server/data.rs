//! The data of a server: its folder, with the database and the objects.

use std::path::Path;

use super::config::Config;
use super::migrate;
use super::upkeep::Acts;
use crate::accounts::Accounts;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::files::create_private_folder;
use crate::gallery::Gallery;
use crate::mail::{self, Mail};
use crate::objects::{Objects, check_belonging};
use crate::queue::{Queue, Rules};
use crate::worker::{Places, Waiting};

/// The data of a server. Clones share their connections. Several processes may have the same data open.
#[derive(Clone)]
pub struct Data {
    /// The database behind the queue and the accounts
    pub database: Database,
    /// The queue of jobs
    pub queue: Queue,
    /// The users
    pub accounts: Accounts,
    /// The letters to users
    pub mail: Mail,
    /// The pictures that users published
    pub gallery: Gallery,
    /// The store of pictures, movies and uploads
    pub objects: Objects,
}

impl Data {
    /// Opens the data, and makes what is missing.
    ///
    /// # Errors
    ///
    /// If the folder or the database cannot be used, or belongs to a newer version.
    pub async fn create(config: &Config) -> Result<Self> {
        Self::created(config, None).await
    }

    /// Like [`Self::create`], but waits for a database or a storage on another machine that does not answer yet.
    ///
    /// # Errors
    ///
    /// As for [`Self::create`]; [`Error::Stopped`] if the shutdown is requested while waiting.
    pub async fn create_patiently(config: &Config, waiting: &Waiting<'_>) -> Result<Self> {
        Self::created(config, Some(waiting)).await
    }

    async fn created(config: &Config, waiting: Option<&Waiting<'_>>) -> Result<Self> {
        for folder in [&config.data, &config.incoming(), &config.work()] {
            make_folder(folder)?;
        }
        Self::opened(config, waiting).await
    }

    /// Opens data that a server has already.
    ///
    /// # Errors
    ///
    /// If there are none, they cannot be used, or they belong to a newer version.
    pub async fn open(config: &Config) -> Result<Self> {
        if config.elsewhere.database.is_none() && !config.database().is_file() {
            return Err(Error::file(
                &config.data,
                "there are no data of a server in this folder",
                "name the folder that `text2art serve` shows when it starts, with ‹data›",
            ));
        }
        Self::opened(config, None).await
    }

    async fn opened(config: &Config, waiting: Option<&Waiting<'_>>) -> Result<Self> {
        let places = Places::of(&config.data);
        let database = places.open_database(&config.elsewhere, waiting).await?;
        let queue = Queue::new(database.clone(), Rules::default()).telling(mail::AT_JOBS_END);
        let accounts = Accounts::new(database.clone());
        let mail = Mail::new(database.clone(), config.smtp.clone());
        queue.migrate().await?;
        accounts.migrate().await?;
        mail.migrate().await?;
        let gallery = Gallery::new(database.clone());
        gallery.migrate().await?;
        migrate(&database).await?;
        let objects = places.open_objects(&config.elsewhere, waiting).await?;
        Ok(Self { database, queue, accounts, mail, gallery, objects })
    }

    /// Checks that the store belongs to the database, and joins new ones. Call this before storing or deleting anything.
    ///
    /// # Errors
    ///
    /// If the store does not belong to the database, or one of them cannot be reached.
    pub async fn check_belonging(&self) -> Result<()> {
        check_belonging(&self.objects, &self.queue).await
    }

    /// What an operator of this name does with the data.
    #[must_use]
    pub fn acts(&self, who: &str) -> Acts {
        Acts::new(&self.database, &self.queue, &self.accounts, who)
    }

    /// Closes the connections of these data and their clones.
    pub async fn close(&self) {
        self.queue.close().await;
    }
}

/// Makes a folder that only its owner can read: it has what users asked for.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    create_private_folder(folder).map_err(|error| {
        let problem = format!("the folder cannot be created: {error}");
        Error::file(folder, problem, "choose another folder with ‹data›, or make the one around it writable")
    })
}
