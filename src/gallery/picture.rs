//! Published pictures, and hiding them.

use super::statements::{HIDDEN, HIDE, OF_JOB, PICTURE, UNHIDE};
use super::{Gallery, LONGEST_LIST};
use crate::database::{Id, Row};
use crate::error::Result;
use crate::queue::JobId;

/// A published picture. Times are milliseconds since 1970 by the clock of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Grows from picture to picture
    pub number: i64,
    /// Its name
    pub id: Id,
    /// The job that drew it
    pub job: JobId,
    /// Who published it: the id of a user, or a name that no user has
    pub owner: String,
    /// The name of the user who published it; none if it was published without a login
    pub author: Option<String>,
    /// The title
    pub title: Option<String>,
    /// Whether others may see the prompt, the settings and the recipe
    pub show_prompt: bool,
    /// The prompt, if it is shared
    pub prompt: Option<String>,
    /// The drawer of the job
    pub kind: String,
    /// The width in pixels
    pub width: u32,
    /// The height in pixels
    pub height: u32,
    /// When it was published
    pub published: i64,
    /// How many people like it
    pub likes: u64,
    /// Why others do not see it
    pub hidden: Option<Hidden>,
}

/// Why a picture is hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Since when, in milliseconds since 1970
    pub since: i64,
    /// The name of the operator who hid it; none if there is no such user
    pub by_name: Option<String>,
    /// The reason
    pub why: String,
}

impl Gallery {
    /// Looks up a picture, hidden ones included.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn picture(&self, id: &Id) -> Result<Option<Picture>> {
        self.database.rows(PICTURE, &[id.as_str().into()]).await?.first().map(Picture::read).transpose()
    }

    /// The picture that was published from a job, hidden ones included.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn of_job(&self, job: &JobId) -> Result<Option<Picture>> {
        self.database.rows(OF_JOB, &[job.as_str().into()]).await?.first().map(Picture::read).transpose()
    }

    /// Hides a picture from all but its owner and operators, or changes the reason. `by` is the operator. Returns whether
    /// there is such a picture.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn hide(&self, id: &Id, by: &str, why: &str) -> Result<bool> {
        Ok(!self.database.rows(HIDE, &[id.as_str().into(), by.into(), why.into()]).await?.is_empty())
    }

    /// Shows a picture again. Returns whether it was hidden.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn unhide(&self, id: &Id) -> Result<bool> {
        Ok(!self.database.rows(UNHIDE, &[id.as_str().into()]).await?.is_empty())
    }

    /// Hidden pictures, the newest first; at most 100. `before` is the [`Picture::number`] that the list goes on from.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn hidden(&self, before: Option<i64>, limit: u32) -> Result<Vec<Picture>> {
        let values = [before.unwrap_or(i64::MAX).into(), i64::from(limit.clamp(1, LONGEST_LIST)).into()];
        self.database.rows(HIDDEN, &values).await?.iter().map(Picture::read).collect()
    }
}

impl Picture {
    pub(super) fn read(row: &Row) -> Result<Self> {
        let small = |column: &str| Ok::<_, crate::Error>(u32::try_from(row.whole(column)?).unwrap_or(0));
        let hidden = match row.maybe_whole("hidden")? {
            Some(since) => Some(Hidden {
                since,
                by_name: row.maybe_text("hidden_by_name")?,
                why: row.maybe_text("hidden_why")?.unwrap_or_default(),
            }),
            None => None,
        };
        Ok(Self {
            number: row.whole("seq")?,
            id: Id::stored(row.text("id")?),
            job: JobId::stored(row.text("job")?),
            owner: row.text("owner")?,
            author: row.maybe_text("author")?,
            title: row.maybe_text("title")?,
            show_prompt: row.whole("show_prompt")? == 1,
            prompt: row.maybe_text("prompt")?,
            kind: row.text("kind")?,
            width: small("width")?,
            height: small("height")?,
            published: row.whole("published")?,
            likes: u64::try_from(row.whole("likes")?).unwrap_or(0),
            hidden,
        })
    }
}
