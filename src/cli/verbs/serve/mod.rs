//! `text2art serve`: the server, with workers of its own.

mod admin;
mod arguments;
mod display;
mod options;
mod sources;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arguments::Verb;
pub(in crate::cli) use arguments::{Arguments, OfWorker};
use display::Display;
pub(in crate::cli) use options::jobs_per_process;

use crate::cli::DONE;
use crate::cli::terminal::interrupt;
use crate::cli::terminal::log::{self, LogKind};
use crate::cli::terminal::report::Reporter;
use crate::server;
use crate::worker::{Report, Shutdown, WorkerEvent};

/// The threads that answer requests. Pictures are drawn by other processes.
const THREADS: usize = 2;
/// The most threads that read files, decode pictures and check passwords.
const MOST_BLOCKING: usize = 32;
/// The longest wait for such threads at the end.
const LAST_FILES: Duration = Duration::from_secs(2);

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    if let Some(Verb::Admin(admin)) = &arguments.verb {
        let config = Arguments::of_admin(admin).config(reporter)?;
        return admin::run(admin, config).map(|()| DONE);
    }
    let kind = arguments.log(reporter)?;
    log::start(kind);
    let config = arguments.config(reporter)?;
    let (switch, stop) = Shutdown::new();
    let acknowledgment = reporter.acknowledgment();
    let is_live = kind == LogKind::Jobs;
    let say = move |message: String| {
        if is_live {
            acknowledgment.tell(message);
        } else {
            tracing::info!("{message}");
        }
    };
    interrupt::shut_down_on_signal(say, move || switch.request())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(MOST_BLOCKING)
        .thread_name("server")
        .enable_all()
        .build()
        .map_err(|error| crate::Error::thread(&error))?;
    let shown = config.clone();
    let ready = move |address: SocketAddr, app: &server::App| {
        if is_live {
            Display::start(&shown, address, app.clone());
        } else {
            let data = display::place(&shown);
            let address = format!("http://{address}");
            tracing::info!(address, data, workers = shown.workers, version = env!("CARGO_PKG_VERSION"), "listening");
        }
    };
    let report: Report = Arc::new(move |event| tell(kind, &event));
    let ended = runtime.block_on(server::run(config, ready, report, stop));
    runtime.shutdown_timeout(LAST_FILES);
    ended?;
    Ok(DONE)
}

/// Shows what a worker tells. The lines of jobs already say what becomes of them.
fn tell(kind: LogKind, event: &WorkerEvent) {
    match event {
        WorkerEvent::Trouble { .. } | WorkerEvent::Fenced { .. } | WorkerEvent::Reaped { .. } => {
            tracing::warn!("{event}");
        }
        _ if kind != LogKind::Jobs => tracing::info!("{event}"),
        _ => {}
    }
}
