//! Publishing pictures, and withdrawing them.

use super::statements::{COUNT_ALL_DOWN, KEEP, PUBLISH, UNLIKE_ALL, WITHDRAW, WITHDRAW_ALL};
use super::{Gallery, Picture, words};
use crate::database::{Id, Transaction, Value};
use crate::error::Result;
use crate::queue::JobId;

/// A picture to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPicture {
    /// The job that drew it, which must be done
    pub job: JobId,
    /// Who publishes it: the owner of the job
    pub owner: String,
    /// The title
    pub title: Option<String>,
    /// The prompt, if others may see it, the settings and the recipe
    pub prompt: Option<String>,
    /// The width in pixels
    pub width: u32,
    /// The height in pixels
    pub height: u32,
}

/// What became of a picture to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It is published.
    New(Picture),
    /// The job's picture had been published before, maybe with another title or without the prompt.
    Before(Picture),
    /// This owner has no such job, or it is not done.
    Unknown,
}

/// What became of a picture to be withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawn {
    /// It is no longer published.
    Yes {
        /// Who had published it
        owner: String,
    },
    /// An operator hid it, so that its owner cannot publish it again.
    Hidden,
    /// There is no such picture, or it belongs to someone else.
    Unknown,
}

impl Gallery {
    /// Publishes the picture of a job under a new name. Its job stays, however old it is.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn publish(&self, new: &NewPicture) -> Result<Published> {
        let words = words::of(new.title.as_deref(), new.prompt.as_deref());
        let id = Id::random()?;
        let values: [Value; 8] = [
            id.as_str().into(),
            new.job.as_str().into(),
            new.owner.as_str().into(),
            new.title.as_deref().into(),
            i64::from(new.prompt.is_some()).into(),
            words.as_str().into(),
            i64::from(new.width).into(),
            i64::from(new.height).into(),
        ];
        let mut transaction = self.database.begin().await?;
        let is_new = !transaction.rows(PUBLISH, &values).await?.is_empty();
        if is_new {
            keep(&mut transaction, new.job.as_str(), true).await?;
        }
        transaction.commit().await?;
        let found = self.of_job(&new.job).await?.filter(|picture| picture.owner == new.owner);
        Ok(match found {
            Some(picture) if picture.id == id => Published::New(picture),
            Some(picture) => Published::Before(picture),
            None => Published::Unknown,
        })
    }

    /// Withdraws a picture, with its likes. If an owner is given, only a picture of that owner that is not hidden.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn withdraw(&self, id: &Id, owner: Option<&str>) -> Result<Withdrawn> {
        let mut transaction = self.database.begin().await?;
        let rows = transaction.rows(WITHDRAW, &[id.as_str().into(), owner.into()]).await?;
        let Some(row) = rows.first() else {
            drop(transaction);
            let own = self.picture(id).await?.filter(|picture| owner.is_none_or(|owner| picture.owner == owner));
            return Ok(if own.is_some() { Withdrawn::Hidden } else { Withdrawn::Unknown });
        };
        keep(&mut transaction, &row.text("job")?, false).await?;
        transaction.commit().await?;
        Ok(Withdrawn::Yes { owner: row.text("owner")? })
    }

    /// Withdraws all pictures of an owner, hidden ones included, and takes back all likes of the same. Returns how many
    /// pictures there were.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn forget(&self, owner: &str) -> Result<usize> {
        let mut transaction = self.database.begin().await?;
        Self::hold_likes(&mut transaction, owner).await?;
        transaction.rows(COUNT_ALL_DOWN, &[owner.into()]).await?;
        transaction.rows(UNLIKE_ALL, &[owner.into()]).await?;
        let rows = transaction.rows(WITHDRAW_ALL, &[owner.into()]).await?;
        for row in &rows {
            keep(&mut transaction, &row.text("job")?, false).await?;
        }
        transaction.commit().await?;
        Ok(rows.len())
    }
}

/// Keeps a job however old it is, or no longer.
async fn keep(transaction: &mut Transaction<'_>, job: &str, kept: bool) -> Result<()> {
    transaction.rows(KEEP, &[job.into(), i64::from(kept).into()]).await.map(drop)
}
