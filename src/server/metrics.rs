//! Counts for operators, in the format of Prometheus.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, FORWARDED};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::app::App;
use super::problem::{Answer, Problem};
use crate::error::Error;
use crate::queue::{Class, Overview};

/// The media type of the text that Prometheus reads.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The expected time of a picture before the first one is done: that of normal quality on two CPU cores.
const FIRST_PICTURE: Duration = Duration::from_secs(7);

type Seconds<Labels> = Family<Labels, Histogram, fn() -> Histogram>;
type Fraction = Gauge<f64, AtomicU64>;

/// Counts for operators. What others could count as well, such as the jobs in the database, is looked up when somebody
/// asks.
pub struct Metrics {
    registry: Registry,
    jobs: Family<InState, Gauge>,
    dead: Gauge,
    oldest: Fraction,
    classes: Family<OfClass, Gauge>,
    work: Family<OfClass, Fraction>,
    wait: Fraction,
    /// Held while the jobs of each class are written, since there may be fewer classes than before
    writing: Mutex<()>,
    slots: Family<InState, Gauge>,
    workers: Gauge,
    ended: Seconds<Ending>,
    claims: Counter,
    processes: Family<After, Counter>,
    lost: Counter,
    fenced: Counter,
    streams: Gauge,
    mail: Family<Fate, Counter>,
    letters: Family<InState, Gauge>,
    http: Seconds<Exchange>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfClass {
    kind: String,
    quality: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Fate {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct After {
    after: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ending {
    quality: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Exchange {
    route: String,
    status: u16,
}

/// A stream of events that is open. Dropping it counts it as closed.
pub struct OpenStream(Gauge);

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("text2art");
        let jobs = Family::<InState, Gauge>::default();
        registry.register("jobs", "Jobs in each state", jobs.clone());
        let dead = Gauge::default();
        registry.register("dead", "Jobs that failed for good and wait for an operator", dead.clone());
        let oldest = Fraction::default();
        let help = "How long the oldest job that could be drawn has been waiting";
        registry.register_with_unit("queue_oldest", help, Unit::Seconds, oldest.clone());
        let classes = Family::<OfClass, Gauge>::default();
        registry.register("queue_jobs", "Waiting jobs of each kind and quality", classes.clone());
        let work = Family::<OfClass, Fraction>::default();
        let help = "How long one slot would need for the waiting jobs that may start, by the median time of their kind and quality";
        registry.register_with_unit("queue_work", help, Unit::Seconds, work.clone());
        let wait = Fraction::default();
        let help = "Estimated time that a job added now would wait for a slot; without slots, as if there were one";
        registry.register_with_unit("queue_wait", help, Unit::Seconds, wait.clone());
        let slots = Family::<InState, Gauge>::default();
        registry.register("slots", "Places of the live workers for jobs", slots.clone());
        let workers = Gauge::default();
        registry.register("workers", "Workers that are alive", workers.clone());
        let ended: Seconds<Ending> = Family::new_with_constructor(of_minutes);
        registry.register_with_unit("job", "How long the work on a job took", Unit::Seconds, ended.clone());
        let claims = Counter::default();
        registry.register("claims", "Jobs that the workers of this server took", claims.clone());
        let processes = Family::<After, Counter>::default();
        let help = "Drawing processes started, by why the previous process in the same slot ended";
        registry.register("processes_started", help, processes.clone());
        let lost = Counter::default();
        registry.register("leases_lost", "Jobs taken back from workers that no longer answered", lost.clone());
        let fenced = Counter::default();
        registry.register("fenced", "Results refused because their job had been taken back", fenced.clone());
        let streams = Gauge::default();
        registry.register("sse_streams", "Open streams of events", streams.clone());
        let mail = Family::<Fate, Counter>::default();
        registry.register("mail", "What became of letters that this server sent", mail.clone());
        let letters = Family::<InState, Gauge>::default();
        registry.register("letters", "Letters in each state", letters.clone());
        let http: Seconds<Exchange> = Family::new_with_constructor(of_requests);
        registry.register_with_unit("http", "How long answers took, until they began", Unit::Seconds, http.clone());
        let writing = Mutex::default();
        Self {
            registry,
            jobs,
            dead,
            oldest,
            classes,
            work,
            wait,
            writing,
            slots,
            workers,
            ended,
            claims,
            processes,
            lost,
            fenced,
            streams,
            mail,
            letters,
            http,
        }
    }
}

impl Metrics {
    /// Counts a job that a worker of this server took.
    pub fn claimed(&self) {
        self.claims.inc();
    }

    /// Counts a process that a worker of this server started, by why the previous one ended: `alone`, `full`,
    /// `unsuitable`, `failed`, `stopped`, `died` or `idle`, or `none` if it is the first.
    pub fn started(&self, after: &'static str) {
        self.processes.get_or_create(&After { after }).inc();
    }

    /// Counts jobs that were taken back from workers that no longer answered.
    pub fn lost(&self, jobs: u64) {
        self.lost.inc_by(jobs);
    }

    /// Counts a result that was refused because its job had been taken back.
    pub fn fenced(&self) {
        self.fenced.inc();
    }

    /// Counts the end of the work on a job, which took so many seconds: `done`, `failed`, `released` or `cancelled`. Only
    /// what is done has the work of earlier claims as well.
    pub fn ended(&self, quality: &str, outcome: &'static str, seconds: f64) {
        let ending = Ending { quality: quality.to_owned(), outcome };
        self.ended.get_or_create(&ending).observe(seconds);
    }

    /// Counts what became of a letter: `sent`, `retried`, `dead`, `dropped` or `fenced`.
    pub fn mail(&self, outcome: &'static str) {
        self.mail.get_or_create(&Fate { outcome }).inc();
    }

    /// Counts a stream of events as open, until the returned value is dropped.
    #[must_use]
    pub fn stream(&self) -> OpenStream {
        self.streams.inc();
        OpenStream(self.streams.clone())
    }

    /// Sets the counts by kind and quality. A class whose usual time is unknown takes as long as the last pictures did. Jobs
    /// that may not start need no more slots, but other jobs wait behind them.
    #[allow(clippy::cast_precision_loss)]
    fn set_classes(&self, classes: &[Class], overview: &Overview) {
        self.classes.clear();
        self.work.clear();
        let mut all = 0.0;
        for Class { kind, quality, waiting, able, usual } in classes {
            let of = OfClass { kind: kind.clone(), quality: quality.clone() };
            let each = usual.or(overview.usual).unwrap_or(FIRST_PICTURE).as_secs_f64();
            self.classes.get_or_create(&of).set(i64::try_from(*waiting).unwrap_or(i64::MAX));
            self.work.get_or_create(&of).set(each * *able as f64);
            all += each * *waiting as f64;
        }
        // The first job waits until a slot is free.
        let free = overview.slots.saturating_sub(overview.running);
        let is_at_once = free > overview.waiting;
        self.wait.set(if is_at_once { 0.0 } else { all / overview.slots.max(1) as f64 });
    }

    /// All counts as text.
    async fn text(&self, app: &App) -> Result<String, Error> {
        let counts = app.queue.counts().await?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let in_states = [
            ("queued", counts.queued),
            ("running", counts.running),
            ("done", counts.done),
            ("dead", counts.dead),
            ("cancelled", counts.cancelled),
        ];
        for (state, count) in in_states {
            self.jobs.get_or_create(&InState { state }).set(number(count));
        }
        self.dead.set(number(counts.dead));
        self.oldest.set(app.queue.longest_wait().await?.unwrap_or_default().as_secs_f64());
        let overview = app.queue.overview().await?;
        self.workers.set(number(overview.workers));
        for (state, count) in [("busy", counts.running), ("free", overview.slots.saturating_sub(counts.running))] {
            self.slots.get_or_create(&InState { state }).set(number(count));
        }
        let classes = app.queue.classes().await?;
        let letters = app.mail.counts().await?;
        for (state, count) in [("waiting", letters.waiting), ("sent", letters.sent), ("dead", letters.dead)] {
            self.letters.get_or_create(&InState { state }).set(number(count));
        }
        let _written = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.set_classes(&classes, &overview);
        let mut text = String::new();
        encode(&mut text, &self.registry)
            .map_err(|error| Error::fault(format!("the counts cannot be written: {error}")))?;
        Ok(text)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The route for programs of this machine, on the server's own address.
pub fn routes() -> Router<App> {
    Router::new().route("/metrics", get(local))
}

/// The route for whoever can reach an address that is for this alone.
pub fn page() -> Router<App> {
    Router::new().route("/metrics", get(answer))
}

/// Measures how long answers take, by the pattern of the route: paths would hold ids.
pub async fn measure(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let started = Instant::now();
    let response = next.run(request).await;
    let exchange = Exchange { route, status: response.status().as_u16() };
    app.metrics.http.get_or_create(&exchange).observe(started.elapsed().as_secs_f64());
    response
}

async fn local(
    app: State<App>,
    headers: HeaderMap,
    connection: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
) -> Answer<Response> {
    let is_local = connection.is_some_and(|connection| connection.0.0.ip().to_canonical().is_loopback());
    // A proxy on this machine passes requests of others on.
    let is_passed_on = headers.contains_key(FORWARDED) || headers.contains_key("x-forwarded-for");
    if !is_local || is_passed_on {
        return Err(Problem::missing("page"));
    }
    answer(app).await
}

async fn answer(State(app): State<App>) -> Answer<Response> {
    let text = app.metrics.text(&app).await?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

/// From half a second to about four and a half hours.
fn of_minutes() -> Histogram {
    Histogram::new(exponential_buckets(0.5, 2.0, 16))
}

/// From a millisecond to about 16 seconds.
fn of_requests() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 4.0, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_the_names_that_operators_know() {
        let metrics = Metrics::default();
        metrics.claimed();
        metrics.started("full");
        metrics.lost(2);
        metrics.fenced();
        metrics.mail("sent");
        metrics.ended("draft", "done", 3.0);
        metrics.http.get_or_create(&Exchange { route: "/api/v1/jobs/{id}".into(), status: 200 }).observe(0.5);
        let stream = metrics.stream();
        let written = || {
            let mut text = String::new();
            encode(&mut text, &metrics.registry).unwrap();
            text
        };
        let text = written();
        for line in [
            "text2art_claims_total 1",
            r#"text2art_processes_started_total{after="full"} 1"#,
            "text2art_leases_lost_total 2",
            "text2art_fenced_total 1",
            r#"text2art_mail_total{outcome="sent"} 1"#,
            "text2art_sse_streams 1",
            "text2art_queue_oldest_seconds 0.0",
            r#"text2art_job_seconds_count{quality="draft",outcome="done"} 1"#,
            r#"text2art_job_seconds_bucket{le="4.0",quality="draft",outcome="done"} 1"#,
            r#"text2art_http_seconds_count{route="/api/v1/jobs/{id}",status="200"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        drop(stream);
        assert!(written().contains("text2art_sse_streams 0\n"));
    }

    #[test]
    fn waiting_jobs_are_counted_by_what_they_take() {
        let metrics = Metrics::default();
        let written = |classes: &[Class], overview: &Overview| {
            metrics.set_classes(classes, overview);
            let mut text = String::new();
            encode(&mut text, &metrics.registry).unwrap();
            text
        };
        let class = |quality: &str, waiting, usual: Option<u64>| Class {
            kind: "vqgan".into(),
            quality: quality.into(),
            waiting,
            able: waiting,
            usual: usual.map(Duration::from_secs),
        };
        let usual = Some(Duration::from_secs(5));
        let overview = Overview { waiting: 6, running: 2, workers: 1, slots: 2, usual };
        let text = written(&[class("best", 2, Some(30)), class("draft", 4, None)], &overview);
        // Two of 30 s and four of the usual 5 s, for two slots.
        for line in [
            r#"text2art_queue_jobs{kind="vqgan",quality="best"} 2"#,
            r#"text2art_queue_jobs{kind="vqgan",quality="draft"} 4"#,
            r#"text2art_queue_work_seconds{kind="vqgan",quality="best"} 60.0"#,
            r#"text2art_queue_work_seconds{kind="vqgan",quality="draft"} 20.0"#,
            "text2art_queue_wait_seconds 40.0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        // Without slots, as if there were one; a class without waiting jobs is gone.
        let text = written(&[class("draft", 4, None)], &Overview { waiting: 4, running: 0, slots: 0, ..overview });
        assert!(text.contains("\ntext2art_queue_wait_seconds 20.0\n") && !text.contains(r#"quality="best""#), "{text}");
        // Jobs that may not start do not count as work. Before the first picture is done, each job is expected to take 7 s.
        let limited = Class { able: 1, ..class("draft", 4, None) };
        let text = written(&[limited], &Overview { waiting: 4, usual: None, ..overview });
        for line in [
            r#"text2art_queue_jobs{kind="vqgan",quality="draft"} 4"#,
            r#"text2art_queue_work_seconds{kind="vqgan",quality="draft"} 7.0"#,
            "text2art_queue_wait_seconds 14.0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        let text = written(&[], &Overview { waiting: 0, running: 1, ..overview });
        assert!(text.contains("\ntext2art_queue_wait_seconds 0.0\n"), "{text}");
    }
}
