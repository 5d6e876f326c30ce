//! Tables: each room of the server brings its own, as numbered texts that are run once each.

use sha2::{Digest, Sha256};

use super::Database;
use crate::error::{Error, Result};
use crate::files::to_hex;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS migrations (room TEXT NOT NULL, number BIGINT NOT NULL,
    sha256 TEXT NOT NULL, applied BIGINT NOT NULL, PRIMARY KEY (room, number))";
const APPLIED: &str = "SELECT number, sha256 FROM migrations WHERE room = $1 ORDER BY number LIMIT 1000";
const RECORD: &str =
    "INSERT INTO migrations (room, number, sha256, applied) VALUES ($1, $2, $3, {now}) RETURNING number";

impl Database {
    /// Runs the texts of a room that the database has not run yet, all or none. Several processes may do so at once.
    ///
    /// # Errors
    ///
    /// If the database belongs to a newer version, or cannot be reached.
    pub(crate) async fn migrate(&self, room: &str, texts: &[&str]) -> Result<()> {
        let mut transaction = self.begin().await?;
        transaction.hold("text2art migrations").await?;
        transaction.script(CREATE).await?;
        let applied = transaction.rows(APPLIED, &[room.into()]).await?;
        let applied: Vec<String> = applied.iter().map(|row| row.text("sha256")).collect::<Result<_>>()?;
        let digests: Vec<String> = texts.iter().map(|text| to_hex(&Sha256::digest(text.as_bytes()))).collect();
        if applied.len() > texts.len() {
            return Err(Error::usage(
                "the database was made by a newer version of text2art",
                "update text2art here, or use another database",
            ));
        }
        if applied != digests[..applied.len()] {
            return Err(Error::usage(
                "the tables of the database differ from those of this version of text2art",
                "use the version that made the database, or another database",
            ));
        }
        for (number, (text, digest)) in (1_i64..).zip(texts.iter().zip(&digests)).skip(applied.len()) {
            transaction.script(text).await?;
            transaction.rows(RECORD, &[room.into(), number.into(), digest.as_str().into()]).await?;
        }
        transaction.commit().await
    }
}
