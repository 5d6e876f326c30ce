//! Counts for operators, in the format of Prometheus.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, FORWARDED};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;

use super::app::App;
use super::problem::{Answer, Problem};
use crate::queue::{Counts, Overview};

/// The media type of the text that Prometheus reads.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;
type Fraction = Gauge<f64, AtomicU64>;

/// Counts for operators.
pub struct Metrics {
    registry: Registry,
    http: Seconds<Exchange>,
    jobs: Family<State_, Gauge>,
    dead: Gauge,
    oldest: Fraction,
    slots: Family<State_, Gauge>,
    workers: Gauge,
    ended: Seconds<Ending>,
    claims: Counter,
    lost: Counter,
    fenced: Counter,
    streams: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Exchange {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct State_ {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ending {
    quality: String,
    outcome: &'static str,
}
