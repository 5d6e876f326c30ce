//! Connections: accepted up to a limit, served within time limits, and ended with the server.

mod patience;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::worker::Shutdown;
use patience::Patient;

/// The longest wait for the headers of a request, also of the next one on the same connection.
const HEADERS: Duration = Duration::from_secs(10);
/// The most bytes of headers, and of an answer that waits for its client.
const BUFFER: usize = 64 << 10;
/// How long a client may take to read something before its connection is closed.
const READING: Duration = Duration::from_secs(60);
/// The rest after an error of the system, as when too many files are open.
const REST: Duration = Duration::from_millis(500);

/// Serves until the shutdown is requested. Then nothing is accepted any more, and requests have so long to end.
pub(super) async fn serve(listener: TcpListener, routes: Router, most: usize, mut stop: Shutdown, last: Duration) {
    let room = Arc::new(Semaphore::new(most.max(1)));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = stop.requested() => break,
        };
        while connections.try_join_next().is_some() {}
        let (stream, peer, place) = accepted;
        let (routes, stop) = (routes.clone(), stop.clone());
        connections.spawn(async move {
            converse(stream, peer, routes, stop).await;
            drop(place);
        });
    }
    drop(listener);
    // Whoever still waits for an answer after that loses the connection.
    let _ = timeout(last, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
}

type Place = tokio::sync::OwnedSemaphorePermit;

/// Waits for a place, then for a connection.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, Place) {
    loop {
        // The semaphore is never closed.
        let Ok(place) = room.clone().acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// Answers the requests of a connection.
async fn converse(stream: TcpStream, peer: SocketAddr, routes: Router, mut stop: Shutdown) {
    // Events are small, and must go out at once.
    let _ = stream.set_nodelay(true);
    let service = routes.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Patient::new(stream, READING)), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients go away as they like.
        tracing::debug!(%error, %peer, "a connection ended");
    }
}
