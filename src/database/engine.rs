//! Statements and transactions: one set of calls for `SQLite` and `PostgreSQL`.
//!
//! A statement is one text for both. What differs is a placeholder in braces: `{now}` is the database's clock in
//! milliseconds since 1970, `{skip}` lets a subquery pass over rows that another transaction holds, and `{identity}` is
//! the type of a growing primary key. `{changed}` and `{ready}` are expressions that tell other processes that the job
//! `id` changed, or that jobs became ready; they have no value.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Sqlite};
#[cfg(feature = "postgres")]
use sqlx::{PgPool, Postgres, postgres::PgConnectOptions};

use super::address::Address;
use super::disk::check_disk;
use super::fault::{fault, fault_of_file};
use super::hints::Heard;
#[cfg(feature = "postgres")]
use super::hints::{CHANGED, READY};
#[cfg(feature = "postgres")]
use super::postgres as server;
use super::values::{Row, Value, either, sqlite, sqlite_rows};
#[cfg(feature = "postgres")]
use super::values::{postgres, postgres_rows};
use crate::error::{Error, Result};

/// The longest wait for a lock of the database.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// The longest wait for a free connection.
pub(super) const CONNECTION_WAIT: Duration = Duration::from_secs(15);
/// The longest wait for the answer to a statement, whatever the database and the network do.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(30);
const SQLITE_NOW: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
#[cfg(feature = "postgres")]
const POSTGRES_NOW: &str = "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)";

/// A connected database. Clones share their connections.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    now: &'static str,
    /// The options of the listening connection
    #[cfg(feature = "postgres")]
    listening: Option<std::sync::Arc<PgConnectOptions>>,
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
}

/// A transaction that may write. Dropping it takes back what it did.
pub(crate) struct Transaction<'d> {
    database: &'d Database,
    open: Open,
}

enum Open {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Database {
    /// Opens or creates a database in a file of `SQLite`. Its folder must exist, on a disk of this machine.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or is on a network drive.
    pub async fn open(path: &Path) -> Result<Self> {
        check_disk(path)?;
        Self::sqlite(path).await
    }

    /// Connects to the database at an address: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    ///
    /// # Errors
    ///
    /// If the address is not valid, or the database cannot be reached.
    pub async fn connect(address: &str) -> Result<Self> {
        if let Some(path) = address.strip_prefix("sqlite:") {
            return Self::open(Path::new(path.strip_prefix("//").unwrap_or(path))).await;
        }
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            return Self::postgres(address, None).await;
        }
        Err(Error::usage(
            "the address of the database is not valid",
            "write it as sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
        ))
    }

    /// Connects to a `PostgreSQL` database. `listen` is the address for notifications, if the first
    /// address does not deliver them.
    ///
    /// # Errors
    ///
    /// If this program was built without PostgreSQL, or the database cannot be reached, is too old, or could lose data.
    #[cfg_attr(not(feature = "postgres"), allow(clippy::unused_async))]
    pub async fn shared(address: &Address, listen: Option<&Address>) -> Result<Self> {
        #[cfg(feature = "postgres")]
        return Self::postgres(address.whole(), listen).await;
        #[cfg(not(feature = "postgres"))]
        {
            let _ = (address, listen);
            Err(without_postgres())
        }
    }

    #[cfg(not(feature = "postgres"))]
    #[allow(clippy::unused_async)]
    async fn postgres(_: &str, _: Option<&Address>) -> Result<Self> {
        Err(without_postgres())
    }

    /// Opens or creates a file of `SQLite`.
    async fn sqlite(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(LOCK_WAIT);
        let pool = SqlitePoolOptions::new().max_connections(4).acquire_timeout(CONNECTION_WAIT);
        let pool = limited(pool.connect_with(options)).await?.map_err(|error| fault_of_file(path, &error))?;
        Ok(Self {
            pool: Pool::Sqlite(pool),
            now: SQLITE_NOW,
            #[cfg(feature = "postgres")]
            listening: None,
        })
    }

    #[cfg(feature = "postgres")]
    async fn postgres(address: &str, listen: Option<&Address>) -> Result<Self> {
        let options = server::options(address)?;
        let listening = listen.map_or_else(|| Ok(options.clone()), server::listening)?;
        let pool = Pool::Postgres(server::connect(&options).await?);
        let database = Self { pool, now: POSTGRES_NOW, listening: Some(listening.into()) };
        server::check(&database).await?;
        Ok(database)
    }

    /// Whether processes on other machines may use the database.
    pub(super) fn is_shared(&self) -> bool {
        !matches!(self.pool, Pool::Sqlite(_))
    }

    /// Passes on notifications of channels until the task is ended; returns at once if the database has none.
    #[cfg_attr(not(feature = "postgres"), allow(clippy::unused_async))]
    pub(super) async fn hear(&self, channels: &[&str], heard: Heard<'_>) {
        #[cfg(feature = "postgres")]
        if let Some(options) = &self.listening {
            server::listen(options, channels, heard).await;
        }
        let _ = (channels, heard);
    }

    /// Takes the time from another expression, for tests.
    #[cfg(test)]
    pub(crate) fn with_clock(self, now: &'static str) -> Self {
        Self { now, ..self }
    }

    /// Begins a transaction that may write. It must await nothing but statements: on `SQLite`, other writers wait for it.
    pub(crate) async fn begin(&self) -> Result<Transaction<'_>> {
        let open = match &self.pool {
            // A deferred transaction that reads first could not become a writer while another one writes.
            Pool::Sqlite(pool) => Open::Sqlite(answer(pool.begin_with("BEGIN IMMEDIATE")).await?),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => Open::Postgres(answer(pool.begin()).await?),
        };
        Ok(Transaction { database: self, open })
    }

    /// The rows that a single statement answers.
    pub(crate) async fn rows(&self, text: &str, values: &[Value]) -> Result<Vec<Row>> {
        let text = self.spelled(text);
        match &self.pool {
            Pool::Sqlite(pool) => Ok(sqlite_rows(answer(sqlite(text, values).fetch_all(pool)).await?)),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => Ok(postgres_rows(answer(postgres(text, values).fetch_all(pool)).await?)),
        }
    }

    /// The rows that a statement of `SQLite` answers, however much of the file it reads, within a limit of its own.
    pub(super) async fn rows_within(&self, limit: Duration, text: &str, values: &[Value]) -> Result<Vec<Row>> {
        match &self.pool {
            Pool::Sqlite(pool) => {
                let asked = sqlite(text.to_owned(), values).fetch_all(pool);
                let rows = tokio::time::timeout(limit, asked).await.map_err(|_| late(limit))?;
                Ok(sqlite_rows(rows.map_err(|error| fault(&error))?))
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => Err(Error::usage(
                "only a database of SQLite can be copied as a file",
                "use `pg_dump`, which PostgreSQL brings along",
            )),
        }
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        // A connection that does not answer is closed by the end of the process.
        let _ = either!(&self.pool, Pool, pool => tokio::time::timeout(CONNECTION_WAIT, pool.close()).await);
    }

    fn spelled(&self, text: &str) -> String {
        let (skip, identity, changed, ready) = match &self.pool {
            Pool::Sqlite(_) => ("", "INTEGER PRIMARY KEY AUTOINCREMENT", "NULL".to_owned(), "NULL".to_owned()),
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => (
                "FOR UPDATE SKIP LOCKED",
                "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                format!("CAST(pg_notify('{CHANGED}', id) AS TEXT)"),
                format!("CAST(pg_notify('{READY}', '') AS TEXT)"),
            ),
        };
        let text = text.replace("{now}", self.now).replace("{skip}", skip).replace("{identity}", identity);
        text.replace("{changed}", &changed).replace("{ready}", &ready)
    }
}

impl Transaction<'_> {
    /// The rows that a statement answers.
    pub(crate) async fn rows(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>> {
        let text = self.database.spelled(text);
        match &mut self.open {
            Open::Sqlite(open) => Ok(sqlite_rows(answer(sqlite(text, values).fetch_all(&mut **open)).await?)),
            #[cfg(feature = "postgres")]
            Open::Postgres(open) => Ok(postgres_rows(answer(postgres(text, values).fetch_all(&mut **open)).await?)),
        }
    }

    /// Runs a text of several statements without values.
    pub(crate) async fn script(&mut self, text: &str) -> Result<()> {
        let script = sqlx::raw_sql(AssertSqlSafe(self.database.spelled(text)));
        either!(&mut self.open, Open, open => answer(script.execute(&mut **open)).await.map(drop))
    }

    /// Waits until no other transaction holds this name, and holds it until the end. A transaction of `SQLite` that may
    /// write is alone in any case.
    #[cfg_attr(not(feature = "postgres"), allow(clippy::unused_async))]
    pub(crate) async fn hold(&mut self, name: &str) -> Result<()> {
        match &self.open {
            Open::Sqlite(_) => {
                let _ = name;
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Open::Postgres(_) => {
                const HOLD: &str = "SELECT CAST(pg_advisory_xact_lock(hashtextextended($1, 0)) AS TEXT) AS held";
                self.rows(HOLD, &[name.into()]).await.map(drop)
            }
        }
    }

    /// Makes what was done permanent. After an error, it may be so or not.
    pub(crate) async fn commit(self) -> Result<()> {
        either!(self.open, Open, open => answer(open.commit()).await)
    }
}

fn answer<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> impl Future<Output = Result<T>> {
    let work = limited(work);
    async move { work.await?.map_err(|error| fault(&error)) }
}

/// Waits for the library, within the limit. Its futures are large, and would make every future that awaits them large.
pub(super) fn limited<T>(work: impl Future<Output = T>) -> impl Future<Output = Result<T>> {
    let work = Box::pin(work);
    async move { tokio::time::timeout(ANSWER_WAIT, work).await.map_err(|_| late(ANSWER_WAIT)) }
}

fn late(limit: Duration) -> Error {
    Error::network(
        format!("the database did not answer within {} s", limit.as_secs()),
        "check the network and the load of the database, and try again",
    )
}

#[cfg(not(feature = "postgres"))]
fn without_postgres() -> Error {
    Error::usage(
        "this program was built without PostgreSQL",
        "build it with `cargo install --path . --features farm`, or leave out ‹database› to use a file on this machine",
    )
}
