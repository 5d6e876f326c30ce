//! The uploads of each owner: rows of the database, and objects beside them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::TryStreamExt as _;

use super::convert::Converted;
use super::statements::{ADD, AFTER, BY_HASH, BYTES, DELETE, EXPIRE, HOLD, LIST, LOOK, OBJECT, SAME, USE};
use crate::database::{Database, Id, Row, Value, milliseconds};
use crate::error::{Error, Result};
use crate::objects::Objects;
use crate::server::app::App;

/// How many bytes the uploads of an owner may take in all.
pub const MOST_OF_AN_OWNER: u64 = 512 << 20;
/// The most uploads of a list.
const LONGEST_LIST: i64 = 100;
/// The most uploads that one round of [`Uploads::collect`] deletes.
const LARGEST_ROUND: i64 = 100;
/// The first part of the keys of their objects.
const FOLDER: &str = "uploads";
/// How long an object may lack its row, or a file may take to be received: both take far less.
const LONGEST_GAP: Duration = Duration::from_secs(60 * 60);

/// The uploads of all owners.
#[derive(Clone)]
pub struct Uploads {
    database: Database,
    objects: Objects,
    /// The folder of files that are being received, if this process cares for it
    incoming: Option<PathBuf>,
    lifetime: Duration,
}

/// A picture that is kept for its owner. Times are milliseconds since 1970 by the clock of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name
    pub id: Id,
    /// Whose it is
    pub owner: String,
    /// The key of the PNG in the store of objects
    pub object: String,
    /// The SHA-256 of the PNG, as hexadecimal digits
    pub sha256: String,
    /// The format of the file that was given
    pub format: String,
    /// Columns
    pub width: u32,
    /// Rows
    pub height: u32,
    /// The length of the PNG
    pub bytes: u64,
    /// When it was given
    pub created: i64,
    /// When it may be deleted
    pub expires: i64,
}

/// What became of a picture that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is kept.
    New(Upload),
    /// The owner gave the same picture before: this is it.
    Same(Upload),
    /// The owner's uploads already take so much that it does not fit.
    Full {
        /// How many bytes they take
        bytes: u64,
    },
}

/// What became of a request to delete an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is deleted.
    Yes,
    /// A job still needs it.
    Needed,
    /// There is no such upload, or it belongs to someone else.
    Unknown,
}

impl Uploads {
    /// The uploads of a server.
    #[must_use]
    pub fn new(app: &App) -> Self {
        let (database, objects) = (app.database.clone(), app.objects.clone());
        Self::within(database, objects, app.config.incoming(), app.config.retention.uploads)
    }

    /// The uploads in a database and a store; each is kept for so long after its last use.
    pub(super) fn within(database: Database, objects: Objects, incoming: PathBuf, lifetime: Duration) -> Self {
        Self { database, objects, incoming: Some(incoming), lifetime }
    }

    /// The uploads in a database and a store, to collect those that nobody needs.
    #[must_use]
    pub(in crate::server) fn over(database: Database, objects: Objects) -> Self {
        Self { database, objects, incoming: None, lifetime: Duration::ZERO }
    }

    /// An upload of an owner, for a job that will use it: it is kept for another while, and then as long as the job
    /// needs it.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn of(&self, owner: &str, id: &Id) -> Result<Option<Upload>> {
        self.one(USE, &[owner.into(), id.as_str().into(), self.lifetime()]).await
    }

    /// Whether an object is an upload of an owner, which is kept for another while, as [`Uploads::of`] does.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn holds(&self, owner: &str, object: &str) -> Result<bool> {
        Ok(!self.database.rows(HOLD, &[owner.into(), object.into(), self.lifetime()]).await?.is_empty())
    }

    /// Looks at an upload of an owner.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn look(&self, owner: &str, id: &Id) -> Result<Option<Upload>> {
        self.one(LOOK, &[owner.into(), id.as_str().into()]).await
    }

    /// The upload of an owner with a SHA-256.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn with_hash(&self, owner: &str, sha256: &str) -> Result<Option<Upload>> {
        self.one(BY_HASH, &[owner.into(), sha256.into()]).await
    }

    /// The newest uploads of an owner; at most 100.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn list(&self, owner: &str) -> Result<Vec<Upload>> {
        let rows = self.database.rows(LIST, &[owner.into(), LONGEST_LIST.into()]).await?;
        rows.iter().map(Upload::read).collect()
    }

    /// The uploads of an owner whose names come after a text, in the order of their names; at most 100.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn after(&self, owner: &str, id: &str) -> Result<Vec<Upload>> {
        let rows = self.database.rows(AFTER, &[owner.into(), id.into(), LONGEST_LIST.into()]).await?;
        rows.iter().map(Upload::read).collect()
    }

    /// How many bytes the uploads of an owner take.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn bytes(&self, owner: &str) -> Result<u64> {
        bytes_in(&self.database.rows(BYTES, &[owner.into()]).await?)
    }

    /// Keeps a picture for an owner.
    ///
    /// # Errors
    ///
    /// If the database or the store cannot be reached.
    pub(super) async fn keep(&self, owner: &str, picture: Converted) -> Result<Kept> {
        let same = [owner.into(), picture.sha256.as_str().into(), self.lifetime()];
        if let Some(upload) = self.one(SAME, &same).await? {
            return Ok(Kept::Same(upload));
        }
        let bytes = self.bytes(owner).await?;
        if bytes.saturating_add(picture.bytes) > MOST_OF_AN_OWNER {
            return Ok(Kept::Full { bytes });
        }
        let id = Id::random()?;
        let object = format!("{FOLDER}/{id}");
        self.objects.create_from(&object, &picture.file, "image/png").await?;
        let kept = self.record(owner, &id, &object, &picture).await;
        if !matches!(kept, Ok(Kept::New(_))) {
            // After an error the row may be there nevertheless; then the object must stay.
            let recorded = kept.is_err() && self.look(owner, &id).await.map_or(true, |upload| upload.is_some());
            if !recorded {
                self.objects.delete(&object).await?;
            }
        }
        kept
    }

    /// Adds the row of an object, unless the same picture came at the same moment or there is no room any longer.
    async fn record(&self, owner: &str, id: &Id, object: &str, picture: &Converted) -> Result<Kept> {
        let mut transaction = self.database.begin().await?;
        transaction.hold(&format!("text2art uploads {owner}")).await?;
        let same = transaction.rows(SAME, &[owner.into(), picture.sha256.as_str().into(), self.lifetime()]).await?;
        if let Some(row) = same.first() {
            let upload = Upload::read(row)?;
            transaction.commit().await?;
            return Ok(Kept::Same(upload));
        }
        let bytes = bytes_in(&transaction.rows(BYTES, &[owner.into()]).await?)?;
        if bytes.saturating_add(picture.bytes) > MOST_OF_AN_OWNER {
            return Ok(Kept::Full { bytes });
        }
        let values: [Value; 9] = [
            id.as_str().into(),
            owner.into(),
            picture.sha256.as_str().into(),
            picture.format.into(),
            i64::from(picture.width).into(),
            i64::from(picture.height).into(),
            i64::try_from(picture.bytes).unwrap_or(i64::MAX).into(),
            object.into(),
            self.lifetime(),
        ];
        let rows = transaction.rows(ADD, &values).await?;
        let row = rows.first().ok_or_else(|| Error::fault("an upload was not added"))?;
        let upload = Upload::read(row)?;
        transaction.commit().await?;
        Ok(Kept::New(upload))
    }

    /// Deletes an upload of an owner, unless a job needs it.
    ///
    /// # Errors
    ///
    /// If the database or the store cannot be reached.
    pub async fn delete(&self, owner: &str, id: &Id) -> Result<Deleted> {
        let rows = self.database.rows(DELETE, &[owner.into(), id.as_str().into()]).await?;
        let Some(row) = rows.first() else {
            let there = self.look(owner, id).await?.is_some();
            return Ok(if there { Deleted::Needed } else { Deleted::Unknown });
        };
        self.objects.delete(&row.text("object")?).await?;
        Ok(Deleted::Yes)
    }

    /// Deletes what nobody needs any longer: uploads that were not used for long, at most 100 at once, objects whose upload
    /// was never recorded, and files that a killed server was receiving. Returns how many uploads it deleted.
    ///
    /// # Errors
    ///
    /// If the database or the store cannot be reached.
    pub async fn collect(&self) -> Result<usize> {
        let expired = self.database.rows(EXPIRE, &[LARGEST_ROUND.into()]).await?;
        for row in &expired {
            self.objects.delete(&row.text("object")?).await?;
        }
        let mut pages = self.objects.pages(FOLDER)?;
        while let Some(page) = pages.try_next().await? {
            for listed in page {
                let is_old = listed.modified.elapsed().is_ok_and(|age| age > LONGEST_GAP);
                if is_old && self.database.rows(OBJECT, &[listed.key.as_str().into()]).await?.is_empty() {
                    self.objects.delete(&listed.key).await?;
                }
            }
        }
        if let Some(incoming) = self.incoming.clone() {
            // Nothing depends on it, and the next round tries again.
            let _ = tokio::task::spawn_blocking(move || remove_old_files(&incoming)).await;
        }
        Ok(expired.len())
    }

    async fn one(&self, statement: &str, values: &[Value]) -> Result<Option<Upload>> {
        self.database.rows(statement, values).await?.first().map(Upload::read).transpose()
    }

    fn lifetime(&self) -> Value {
        milliseconds(self.lifetime).into()
    }
}

impl Upload {
    fn read(row: &Row) -> Result<Self> {
        let small = |column: &str| Ok::<_, Error>(u32::try_from(row.whole(column)?).unwrap_or(0));
        Ok(Self {
            id: Id::stored(row.text("id")?),
            owner: row.text("owner")?,
            object: row.text("object")?,
            sha256: row.text("sha256")?,
            format: row.text("format")?,
            width: small("width")?,
            height: small("height")?,
            bytes: u64::try_from(row.whole("bytes")?).unwrap_or(0),
            created: row.whole("created")?,
            expires: row.whole("expires")?,
        })
    }
}

fn remove_old_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        if modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > LONGEST_GAP)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn bytes_in(rows: &[Row]) -> Result<u64> {
    let bytes = rows.first().map_or(Ok(0), |row| row.whole("bytes"))?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}
