//! Connections to `PostgreSQL`, directly or through a pooler such as `PgBouncer`, and its notifications.
//!
//! A connection that was idle for a while is checked before use: after a failover, its database may live on as a standby,
//! which is not writable. If no connection is idle for long, one of them is checked from time to time. Notifications are
//! hints. Listeners also check from time to time, so a lost notification, or a pooler that passes none on, only costs time.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::time::{sleep, timeout};

use super::address::Address;
use super::engine::{ANSWER_WAIT, CONNECTION_WAIT, Database, limited};
use super::fault::{fault, fault_at_start};
use super::hints::Heard;
use crate::error::{Error, Result};

/// The oldest version that has everything we use: `hashtextextended` came with 11.
const OLDEST: i64 = 11;
/// The most connections of a process, besides the one that listens.
const MOST_CONNECTIONS: u32 = 8;
/// How long a connection may be idle, or all connections busy, before one is checked for a writable database.
const UNASKED: Duration = Duration::from_secs(1);
/// How long a listener waits without a notification before it checks that its connection is alive.
const SILENCE: Duration = Duration::from_secs(30);
/// The first and the longest pause between two tries to listen.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// The error of a pooler that does not know a connection parameter (a protocol violation).
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
    Ok(if options.get_application_name().is_some() { options } else { options.application_name("text2art") })
}

/// The options of the connection that listens. It can have its own address, since a pooler passes no notifications on.
pub(super) fn listening(address: &Address) -> Result<PgConnectOptions> {
    options(address.whole())
}

/// Connects to a database.
pub(super) async fn connect(plain: &PgConnectOptions) -> Result<PgPool> {
    // A pool tries again for a while if it cannot connect, and does not tell why.
    let first = limited(plain.connect()).await?.map_err(|error| fault_at_start(&error))?;
    let _ = limited(first.close()).await;
    let bounded = plain.clone().options([
        ("statement_timeout", "20s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
        // That a table is there already is no news for the log.
        ("client_min_messages", "warning"),
    ]);
    match limited(pool().connect_with(bounded)).await? {
        // A pooler shares connections, so no client may set parameters for all. The pooler has its own limits.
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
    // Replaces an empty query, which takes as long.
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

/// Whether the last check of a connection was too long ago. If so, sets it to now.
fn is_over(last: &Mutex<Instant>) -> bool {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    let is_over = last.elapsed() > UNASKED;
    if is_over {
        *last = Instant::now();
    }
    is_over
}

/// Checks that a database keeps what is written to it.
pub(super) async fn check(database: &Database) -> Result<()> {
    const ASK: &str = "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS waits,
        current_setting('server_version') AS name, CAST(current_setting('server_version_num') AS BIGINT) AS version,
        CAST(CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END AS BIGINT) AS standby";
    let rows = database.rows(ASK, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::fault("the database did not report its settings"))?;
    let name = row.text("name")?;
    refuse(row.whole("version")?, &name, &row.text("fsync")?)?;
    if row.whole("standby")? == 1 {
        return Err(Error::network(
            "the database is a read-only standby",
            "use the address of the primary, or wait until the failover is done",
        ));
    }
    if row.text("waits")? == "off" {
        tracing::warn!("the database runs with synchronous_commit = off: a power cut can undo the last changes");
    }
    Ok(())
}

/// Refuses old versions, and a database that a power cut would destroy.
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

/// Listens to channels forever, and passes on each notification with its channel; `None` whenever some may have been missed.
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
            // A lost network reports nothing.
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
