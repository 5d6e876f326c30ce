//! Runs a server, from its folder to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

use super::app::App;
use super::changes::Changes;
use super::config::Config;
use super::data::Data;
use super::guard::{Guard, check_opening};
use super::metrics::Metrics;
use super::watch::Watch;
use super::{jobs, listen, maintenance, metrics, router};
use crate::error::{Error, Result};
use crate::mail::{Mail, Outcome, Sender, Sending};
use crate::queue::Hint;
use crate::worker::{self, Notify, Parting, Report, Setup, Shutdown, Waiting, WorkerEvent};

/// How long requests have to end after the shutdown was requested.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How long the last letters have to be sent.
const LAST_LETTERS: Duration = Duration::from_secs(12);
/// How many programs may read the counts at once, at an address of their own.
const MOST_READERS: usize = 16;
/// How long the workers have to give back their jobs.
const LAST_JOBS: Duration = Duration::from_secs(20);

/// Runs a server until the shutdown is requested. `ready` is called with its address once it answers; `report` is told
/// what its workers do.
///
/// # Errors
///
/// If the folder, the database, the storage or the address cannot be used, the storage belongs to another database, or
/// nobody could log in.
pub async fn run(
    mut config: Config,
    ready: impl FnOnce(SocketAddr, &App),
    report: Report,
    stop: Shutdown,
) -> Result<()> {
    jobs::check_own(&config.settings)?;
    config.smtp.as_ref().map_or(Ok(()), Mail::check)?;
    let data =
        match Data::create_patiently(&config, &Waiting::new(&stop, &|message: String| tracing::warn!("{message}")))
            .await
        {
            // Nothing was begun.
            Err(Error::Stopped) => return Ok(()),
            opened => opened?,
        };
    check_opening(&config, data.accounts.any_users().await?)?;
    data.check_belonging().await?;
    let Data { database, queue, accounts, mail, gallery, objects } = data;
    let listener = TcpListener::bind(config.listen).await.map_err(|error| cannot_listen(config.listen, &error))?;
    let address = listener.local_addr().map_err(|error| cannot_listen(config.listen, &error))?;
    config.listen = address;
    let counts = match config.metrics {
        Some(own) => Some(TcpListener::bind(own).await.map_err(|error| cannot_listen(own, &error))?),
        None => None,
    };
    let app = App {
        queue,
        database,
        objects,
        accounts,
        mail,
        gallery,
        streams: Arc::new(Semaphore::new(config.limits.streams)),
        changes: Changes::new(),
        watch: Watch::default(),
        stop: stop.clone(),
        metrics: Arc::new(Metrics::default()),
        guard: Arc::new(Guard::default()),
        config: Arc::new(config),
    };
    let letters = start_letters(&app, &stop)?;
    let worker = start_workers(&app, report, &stop)?;
    let watching = tokio::spawn(app.watch.clone().run(app.clone()));
    let listening = start_listening(&app);
    let caring = tokio::spawn(maintenance::run(app.clone()));
    let counting = counts.map(|listener| {
        let counts = metrics::page().with_state(app.clone());
        tokio::spawn(listen::serve(listener, counts, MOST_READERS, stop.clone(), LAST_REQUESTS))
    });
    ready(address, &app);
    let serving = listen::serve(listener, router(&app), app.config.limits.connections, stop.clone(), LAST_REQUESTS);
    let ended = async {
        match worker {
            Some(worker) => worker.await.unwrap_or_else(|_| Err(Error::fault("the workers failed"))),
            None => std::future::pending().await,
        }
    };
    tokio::pin!(serving, ended);
    // Workers end before they are told to only if they cannot work at all.
    let outcome = tokio::select! {
        () = &mut serving => match app.config.workers {
            0 => Ok(()),
            _ => timeout(LAST_JOBS, ended).await.unwrap_or(Ok(())),
        },
        outcome = &mut ended => {
            if outcome.is_ok() {
                serving.await;
            }
            outcome
        }
    };
    if let Some(letters) = letters {
        let _ = timeout(LAST_LETTERS, letters).await;
    }
    watching.abort();
    listening.abort();
    caring.abort();
    if let Some(counting) = counting {
        counting.abort();
    }
    app.queue.close().await;
    outcome
}

/// Starts passing on changes by other processes. Watchers of jobs look again from time to time in any case.
fn start_listening(app: &App) -> tokio::task::JoinHandle<()> {
    let (queue, changes) = (app.queue.clone(), app.changes.clone());
    tokio::spawn(async move {
        let heard = |hint| {
            if let Hint::Changed(job) = hint {
                changes.tell(&job);
            }
        };
        queue.listen(heard).await;
    })
}

/// Starts sending letters, if the server sends any.
fn start_letters(app: &App, stop: &Shutdown) -> Result<Option<tokio::task::JoinHandle<()>>> {
    let site = Url::parse(&app.config.address_of("/"))
        .map_err(|error| Error::fault(format!("the server has no address: {error}")))?;
    let metrics = app.metrics.clone();
    let report = Arc::new(move |sending: &Sending| {
        metrics.mail(sending.outcome.as_str());
        log_letter(sending);
    });
    let sender = Sender::new(&app.mail, app.queue.clone(), app.objects.clone(), site, report)?;
    let mut stop = stop.clone();
    Ok(sender.map(|sender| tokio::spawn(sender.run(async move { stop.requested().await }))))
}

fn log_letter(sending: &Sending) {
    let (letter, kind) = (sending.id.as_str(), sending.kind.as_str());
    match &sending.outcome {
        Outcome::Sent => tracing::info!(letter, kind, "an email was sent"),
        Outcome::Dropped { why } => tracing::info!(letter, kind, why, "an email was dropped"),
        Outcome::Again { error } => {
            tracing::warn!(letter, kind, error, "an email was not accepted, and will be retried");
        }
        Outcome::Dead { error } => tracing::error!(letter, kind, error, "an email was given up"),
        Outcome::Fenced => tracing::warn!(letter, kind, "an email was left to another server"),
    }
}

/// Starts the workers inside the server, if there are to be any.
fn start_workers(app: &App, report: Report, stop: &Shutdown) -> Result<Option<tokio::task::JoinHandle<Result<()>>>> {
    if app.config.workers == 0 {
        return Ok(None);
    }
    let device = app.config.settings.iter().find_map(|layer| layer.device);
    let mut setup = Setup::new(app.queue.clone(), app.objects.clone(), app.config.work(), app.config.workers, device)?;
    setup.offline = app.config.offline;
    setup.jobs_per_process = app.config.jobs_per_process;
    let changes = app.changes.clone();
    let notify: Notify = Arc::new(move |job| changes.tell(job));
    setup.notify = Some(notify);
    let metrics = app.metrics.clone();
    setup.report = Arc::new(move |event| {
        count(&metrics, &event);
        report(event);
    });
    Ok(Some(tokio::spawn(worker::run(setup, stop.clone()))))
}

fn count(metrics: &Metrics, event: &WorkerEvent) {
    match event {
        WorkerEvent::Claimed { .. } => metrics.claimed(),
        WorkerEvent::ProcessStarted { after, .. } => metrics.started(after.map_or("none", Parting::as_str)),
        WorkerEvent::Reaped { .. } => metrics.lost(1),
        WorkerEvent::Fenced { .. } => metrics.fenced(),
        WorkerEvent::Done { quality, seconds, .. } => metrics.ended(quality, "done", *seconds),
        WorkerEvent::Failed { quality, seconds, .. } => metrics.ended(quality, "failed", *seconds),
        WorkerEvent::Released { quality, seconds, .. } => metrics.ended(quality, "released", *seconds),
        WorkerEvent::Cancelled { quality, seconds, .. } => metrics.ended(quality, "cancelled", *seconds),
        _ => {}
    }
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::AddrInUse => "another program uses it; choose another port with ‹listen›, or 0 for any",
        std::io::ErrorKind::PermissionDenied => "choose a port from 1024 on with ‹listen›",
        _ => "choose an address of this machine with ‹listen›, such as 127.0.0.1:8080",
    };
    Error::usage(format!("cannot listen on {address}: {error}"), hint)
}
