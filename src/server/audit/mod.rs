//! What operators did: who, when, and to what. Rows are only added, until they are too old or too many.

mod statements;

use std::time::Duration;

use crate::database::{Database, Row, milliseconds};
use crate::error::Result;
use statements::{ADD, LIST, TRIM};

/// The table of this part.
pub(super) const TABLE: &str = include_str!("../migrations/0002_audit.sql");

/// Who acts if nobody logged in: whoever can write the data of the server.
pub const COMMAND_LINE: &str = "command line";

/// The most rows that are kept, however new they are.
const MOST_ROWS: i64 = 100_000;
/// The most rows that one list has.
const LONGEST_LIST: u32 = 1000;
/// How many rows are deleted at a time.
const AT_A_TIME: i64 = 1000;
/// The most characters of a name.
const LONGEST_NAME: usize = 200;
/// The most characters of a detail.
const LONGEST_DETAIL: usize = 1000;

/// Something that an operator did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, which grows
    pub number: i64,
    /// When, in milliseconds since 1970 by the clock of the database
    pub at: i64,
    /// The name of the operator, or [`COMMAND_LINE`]
    pub who: String,
    /// What was done, such as `job requeued`
    pub what: String,
    /// The name of what it was done to; empty for the whole queue
    pub target: String,
    /// More about it
    pub detail: Option<String>,
}

/// Notes that an operator did something. What is too long is cut.
///
/// # Errors
///
/// If the database cannot be reached.
pub async fn note(database: &Database, who: &str, what: &str, target: &str, detail: Option<&str>) -> Result<()> {
    let (who, what, target) = (cut(who, LONGEST_NAME), cut(what, LONGEST_NAME), cut(target, LONGEST_NAME));
    let detail = detail.map(|detail| cut(detail, LONGEST_DETAIL));
    tracing::info!(who, what, target, "an operator acted");
    let values = [who.as_str().into(), what.as_str().into(), target.as_str().into(), detail.as_deref().into()];
    database.rows(ADD, &values).await.map(drop)
}

/// What operators did before the row of a number, or all of it: the newest first, at most `limit` of 1000.
///
/// # Errors
///
/// If the database cannot be reached.
pub async fn list(database: &Database, before: Option<i64>, limit: u32) -> Result<Vec<Entry>> {
    let values = [before.unwrap_or(i64::MAX).into(), i64::from(limit.clamp(1, LONGEST_LIST)).into()];
    database.rows(LIST, &values).await?.iter().map(Entry::read).collect()
}

/// Deletes rows that are older than an age, and the oldest of too many. Returns how many.
///
/// # Errors
///
/// If the database cannot be reached.
pub async fn trim(database: &Database, age: Duration) -> Result<usize> {
    let mut deleted = 0;
    loop {
        let rows = database.rows(TRIM, &[milliseconds(age).into(), MOST_ROWS.into(), AT_A_TIME.into()]).await?.len();
        deleted += rows;
        if rows == 0 {
            return Ok(deleted);
        }
    }
}

impl Entry {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            number: row.whole("id")?,
            at: row.whole("at")?,
            who: row.text("who")?,
            what: row.text("what")?,
            target: row.text("target")?,
            detail: row.maybe_text("detail")?,
        })
    }
}

/// The beginning of a text, without zero bytes, which `PostgreSQL` cannot store.
fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|sign| *sign != '\0').take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_are_listed_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("test.db")).await.unwrap();
        database.migrate("server", &[TABLE]).await.unwrap();
        note(&database, "olga", "job requeued", "a", None).await.unwrap();
        note(&database, COMMAND_LINE, "queue paused", "", Some(&"é\0".repeat(2000))).await.unwrap();
        let all = list(&database, None, 10).await.unwrap();
        assert_eq!((all[0].who.as_str(), all[1].what.as_str(), all.len()), (COMMAND_LINE, "job requeued", 2));
        assert_eq!(all[0].detail.as_deref(), Some("é".repeat(LONGEST_DETAIL).as_str()));
        assert_eq!(list(&database, Some(all[0].number), 10).await.unwrap(), all[1..]);
        assert_eq!(trim(&database, Duration::from_hours(1)).await.unwrap(), 0);
        database.rows("UPDATE audit SET at = at - 7200000 WHERE who = 'olga' RETURNING id", &[]).await.unwrap();
        assert_eq!(trim(&database, Duration::from_hours(1)).await.unwrap(), 1);
        assert_eq!(list(&database, None, 10).await.unwrap(), all[..1]);
    }
}
