//! Tests of what is stored, on each database there is: a file of `SQLite` always, and the `PostgreSQL` at the address in
//! `T2A_POSTGRES` if the feature `postgres` is on, with a schema for each test, whose name is also the application name of
//! its connections.

use std::path::Path;

use super::{Database, Value};

/// The time at which the clock of a test begins.
pub(crate) const BEGINNING: i64 = 1_000_000;

/// A clock that only moves if it is moved.
const CLOCK: &str = "(SELECT now FROM clock)";

/// Runs a test on each database and its address, with its clock in the hands of the test or not.
pub(crate) fn on_each(own_clock: bool, test: impl AsyncFn(Database, String)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text2art.db");
        let database = prepared(Database::open(&path).await.unwrap(), own_clock).await;
        test(database.clone(), path_address(&path)).await;
        database.close().await;
        on_postgres(own_clock, &test).await;
    });
}

/// The address of a file.
pub(crate) fn path_address(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

async fn prepared(database: Database, own_clock: bool) -> Database {
    if !own_clock {
        return database;
    }
    let mut transaction = database.begin().await.unwrap();
    let clock = format!("CREATE TABLE clock (now BIGINT NOT NULL); INSERT INTO clock VALUES ({BEGINNING});");
    transaction.script(&clock).await.unwrap();
    transaction.commit().await.unwrap();
    database.with_clock(CLOCK)
}

#[cfg(feature = "postgres")]
async fn on_postgres(own_clock: bool, test: &impl AsyncFn(Database, String)) {
    let Ok(address) = std::env::var("T2A_POSTGRES") else { return say_skipped() };
    let schema = format!("t{}", super::Id::random().unwrap());
    let whole = Database::connect(&address).await.unwrap();
    whole.rows(&format!("CREATE SCHEMA {schema}"), &[]).await.unwrap();
    let mark = if address.contains('?') { '&' } else { '?' };
    let address = format!("{address}{mark}options[search_path]={schema}&application_name={schema}");
    let database = prepared(Database::connect(&address).await.unwrap(), own_clock).await;
    test(database.clone(), address).await;
    database.close().await;
    whole.rows(&format!("DROP SCHEMA {schema} CASCADE"), &[]).await.unwrap();
    whole.close().await;
}

#[cfg(not(feature = "postgres"))]
#[allow(clippy::unused_async)]
async fn on_postgres(_: bool, _: &impl AsyncFn(Database, String)) {
    say_skipped();
}

#[allow(clippy::print_stderr)]
fn say_skipped() {
    eprintln!("skipped on PostgreSQL: set T2A_POSTGRES to its address, and build with the feature `postgres`");
}

impl Database {
    /// Moves the clock of a test.
    pub(crate) async fn wait(&self, milliseconds: i64) {
        self.number("UPDATE clock SET now = now + $1 RETURNING now AS number", &[milliseconds.into()]).await;
    }

    /// The `number` that a statement answers.
    pub(crate) async fn number(&self, statement: &str, values: &[Value]) -> i64 {
        self.rows(statement, values).await.unwrap()[0].whole("number").unwrap()
    }
}
