//! Connections to a `PostgreSQL`, directly or through a pooler such as `PgBouncer`, and its notifications.
//!
//! A connection that was idle for a while is asked whether its database can still be written: after a fail-over, the old
//! primary may live on as a standby. Where none is idle for long, one of them is asked from time to time. Notifications are hints. Whoever listens also looks again from time to time, so that it makes no
//! difference but time if they are lost, or if a pooler does not pass them on.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use tokio::time::{sleep, timeout};

use super::address::Address;
use super::engine::{ANSWER_WAIT, CONNECTION_WAIT, Database, limited};
use super::fault::fault;
use super::hints::Heard;
use crate::error::{Error, Result};

/// The oldest version that has all that is used: `hashtextextended` came with 11.
const OLDEST: i64 = 11;
/// The most connections of a process, beside the one that listens.
const MOST_CONNECTIONS: u32 = 8;
/// How long a connection may be idle, or all of them be busy, without being asked whether their database can be written.
const UNASKED: Duration = Duration::from_secs(1);
/// After how long without a notification a listener asks whether its connection lives.
const SILENCE: Duration = Duration::from_secs(30);
/// The first and the longest pause between two tries to listen.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// What a pooler that does not know a parameter of a connection says (a protocol violation).
const REFUSED_PARAMETER: &str = "08P01";

/// The options in an address.
pub(super) fn options(address: &str) -> Result<PgConnectOptions> {
    // The parser's own message may contain the password.
    let options = PgConnectOptions::from_str(address).map_err(|_| {
        Error::usage(
            "the address of the database is not valid",
            "write it as postgres://USER@HOST/DATABASE, with special characters as %XX",
        )
    })?;
    Ok(options.application_name("text2art"))
}

/// The options of the connection that listens: those of an address of its own if there is one, since a pooler passes no
/// notifications on.
pub(super) fn listening(address: &Address) -> Result<PgConnectOptions> {
    options(address.whole())
}

/// Connects to a database.
pub(super) async fn connect(plain: &PgConnectOptions) -> Result<PgPool> {
    let bounded = plain.clone().options([
        ("statement_timeout", "20s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
    ]);
    match limited(pool().connect_with(bounded)).await? {
        // A pooler shares its connections, and does not let one client set parameters for all. It has limits of its own.
        Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some(REFUSED_PARAMETER) => {
            limited(pool().connect_with(plain.clone())).await?
        }
        connected => connected,
    }
    .map_err(|error| fault(&error))
}

fn pool() -> PgPoolOptions {
    let pool = PgPoolOptions::new().max_connections(MOST_CONNECTIONS).acquire_timeout(CONNECTION_WAIT);
    let last = Mutex::new(Instant::now());
    // In place of an empty question, which takes as long.
    pool.test_before_acquire(false).before_acquire(move |connection, metadata| {
        let asks = metadata.idle_for > UNASKED || is_over(&last);
        Box::pin(async move {
            let standby: bool = if asks {
                sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&mut *connection).await?
            } else {
                false
            };
            Ok(!standby)
        })
    })
}

/// Whether connections went unasked for too long since then. If so, that begins anew.
fn is_over(last: &Mutex<Instant>) -> bool {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    let is_over = last.elapsed() > UNASKED;
    if is_over {
        *last = Instant::now();
    }
    is_over
}

/// Checks that a database is one that keeps what it is told.
pub(super) async fn check(database: &Database) -> Result<()> {
    const ASK: &str = "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS waits,
        current_setting('server_version') AS name, CAST(current_setting('server_version_num') AS BIGINT) AS version,
        CAST(CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END AS BIGINT) AS standby";
    let rows = database.rows(ASK, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::fault("the database does not say how it is set up"))?;
    let name = row.text("name")?;
    refuse(row.whole("version")?, &name, &row.text("fsync")?)?;
    if row.whole("standby")? == 1 {
        return Err(Error::network(
            "the database is a standby, which cannot be written",
            "use the address of the primary, or wait until the fail-over is done",
        ));
    }
    if row.text("waits")? == "off" {
        tracing::warn!("the database runs with synchronous_commit = off: a power cut can undo the last changes");
    }
    Ok(())
}

/// Refuses versions that lack something, and a database that would be destroyed by a power cut.
fn refuse(version: i64, name: &str, fsync: &str) -> Result<()> {
    // 15.18 is 150018.
    if version / 10_000 < OLDEST {
        return Err(Error::usage(
            format!("the database is PostgreSQL {name}, which is too old"),
            format!("use PostgreSQL {OLDEST} or newer"),
        ));
    }
    if fsync == "off" {
        return Err(Error::usage(
            "the database runs with fsync = off: a power cut would destroy it",
            "set fsync = on in postgresql.conf, and restart it",
        ));
    }
    Ok(())
}

/// Listens to channels for ever, and passes on each notification with its channel; `None` whenever some may have been
/// missed.
pub(super) async fn listen(options: &PgConnectOptions, channels: &[&str], heard: Heard<'_>) {
    let mut pause = PAUSES.0;
    loop {
        let begun = tokio::time::Instant::now();
        if let Err(error) = Box::pin(hear(options, channels, heard)).await {
            tracing::debug!(%error, "cannot listen to the database");
        }
        heard(None);
        pause = if begun.elapsed() > SILENCE { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
        sleep(pause).await;
    }
}

/// Listens until the connection is lost.
async fn hear(options: &PgConnectOptions, channels: &[&str], heard: Heard<'_>) -> Result<(), sqlx::Error> {
    let late = |_| sqlx::Error::PoolTimedOut;
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = pool.acquire_timeout(CONNECTION_WAIT).connect_lazy_with(options.clone());
    let mut listener = Box::pin(PgListener::connect_with(&pool)).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    timeout(ANSWER_WAIT, Box::pin(listener.listen_all(channels.iter().copied()))).await.map_err(late)??;
    heard(None);
    loop {
        match timeout(SILENCE, Box::pin(listener.try_recv())).await {
            Ok(Ok(Some(said))) => heard(Some((said.channel(), said.payload()))),
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            // A network that went away says nothing.
            Err(_) => {
                let asked = (&mut listener).execute("SELECT 1");
                timeout(ANSWER_WAIT, asked).await.map_err(late)??;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_reckless_databases_are_refused() {
        refuse(110_000, "11.0", "on").unwrap();
        refuse(150_018, "15.18 (Debian 15.18-0+deb12u1)", "on").unwrap();
        let old = refuse(100_023, "10.23", "on").unwrap_err();
        assert!(old.is_usage() && old.to_string().contains("10.23") && old.hint().contains("11"), "{old}");
        let old = refuse(90_624, "9.6.24", "on").unwrap_err();
        assert!(old.to_string().contains("9.6.24"), "{old}");
        assert!(refuse(150_018, "15.18", "off").unwrap_err().hint().contains("fsync = on"));
    }
}
