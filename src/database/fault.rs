//! Errors of the database as errors of the library. A [`Error::Network`] may be gone at the next try.

use std::path::Path;

use crate::error::Error;

/// An error of opening a file of `SQLite`.
pub(super) fn fault_of_file(path: &Path, error: &sqlx::Error) -> Error {
    let hint = match sqlite_code(error) {
        Some(14) => "create the folder first, and make it writable",
        Some(26) => "choose another file: this one is not a database of SQLite",
        Some(11) => "restore the file from a backup, or choose another file",
        Some(8) => "make the file and its folder writable",
        Some(13) => "free some space, or choose a file on another disk",
        _ => "check that the file can be read and written, or choose another file",
    };
    Error::file(path, format!("cannot open the database: {}", words(error)), hint)
}

/// An error of a statement or a connection.
pub(super) fn fault(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::PoolTimedOut => Error::network(
            "no connection to the database became free in time",
            "check that the database runs and is not overloaded, and try again",
        ),
        sqlx::Error::Database(refused) => refusal(refused.as_ref(), error),
        sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            Error::fault(format!("a statement: {error}"))
        }
        _ => Error::network(
            format!("cannot reach the database: {}", words(error)),
            "check the address of the database, and that the database runs",
        ),
    }
}

/// An error from the first connection. If waiting cannot help, the user has to fix the problem.
#[cfg(feature = "postgres")]
pub(super) fn fault_at_start(error: &sqlx::Error) -> Error {
    let is_refused = match error {
        sqlx::Error::Database(refused) => {
            matches!(refused.code().as_deref(), Some("28P01" | "28000" | "3D000"))
        }
        _ => false,
    };
    match fault(error) {
        Error::Network { message, hint } if is_refused => Error::Usage { message, hint },
        other => other,
    }
}

fn refusal(refused: &dyn sqlx::error::DatabaseError, error: &sqlx::Error) -> Error {
    let text = words(error);
    let not_migrated = "the database has no tables of this version";
    let migrate = "start the server once with this version of text2art, which makes the tables";
    match sqlite_code(error) {
        Some(5 | 6) => {
            return Error::network(
                "the database is locked by another process",
                "wait until the process is done, or end it if it is stopped",
            );
        }
        Some(13) => return Error::network("the disk of the database is full", "free some space on the disk"),
        Some(8) => return Error::network("the database is read-only", "make the file and its folder writable"),
        Some(10) => return Error::network(format!("cannot read or write the database: {text}"), "check the disk"),
        Some(11 | 26) => return Error::network("the database is damaged", "restore the database from a backup"),
        Some(1) if refused.message().starts_with("no such table") => return Error::network(not_migrated, migrate),
        _ => {}
    }
    match refused.code().as_deref() {
        Some("42P01") => Error::network(not_migrated, migrate),
        Some("53100") => Error::network("the disk of the database is full", "free some space on the disk"),
        Some("25006") => Error::network(
            "the database is a read-only standby",
            "use the address of the primary, or wait until the failover is done",
        ),
        Some("26000") => Error::network(
            format!("the database lost a prepared statement: {text}"),
            "use a pooler that keeps prepared statements: PgBouncer 1.21 or newer, with max_prepared_statements above 0",
        ),
        Some("28P01" | "28000") => Error::network(
            format!("the database refused the login: {text}"),
            "check the user in the address of the database, and the password in PGPASSWORD or in ~/.pgpass",
        ),
        Some("3D000") => Error::network(
            format!("cannot use the database: {text}"),
            "create the database with `createdb`, or correct its name in the address",
        ),
        // Of a class of PostgreSQL that passes: resources, an operator's hand, locks, connections.
        Some(code) if ["08", "40", "53", "55", "57"].iter().any(|class| code.starts_with(class) && code.len() == 5) => {
            Error::network(format!("the database is not available: {text}"), "try again in a moment")
        }
        _ => Error::fault(format!("the database refused a statement: {text}")),
    }
}

/// The first byte of `SQLite`'s code, which its extended codes share.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(refused) = error else { return None };
    let code = refused.code()?;
    // Codes of PostgreSQL have five signs; those of SQLite have at most four.
    if code.len() == 5 {
        return None;
    }
    code.parse::<u32>().ok().map(|code| code & 0xFF)
}

fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refused) => refused.message().to_owned(),
        other => other.to_string(),
    }
}
