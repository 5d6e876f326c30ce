//! The events of a stream.
//!
//! The id of an event is the sum of the versions of the jobs that the stream has shown so far. It grows with each change of
//! any of them, and so tells a client that comes back from one that has missed something.

use std::future::Future;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::stream::{SelectAll, select_all};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

use crate::queue::JobId;
use crate::server::watch::Seen;

/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

/// The states of watched jobs, as they come.
pub(super) struct States {
    changes: SelectAll<futures_util::stream::BoxStream<'static, (usize, Seen)>>,
    jobs: Vec<Shown>,
    is_first: bool,
}

/// A job of a stream.
struct Shown {
    id: JobId,
    /// The version that the client has; 0 if none
    version: i64,
    ended: bool,
}

/// The states of jobs, the present ones first unless the client knows them by the id of its last event. None if the client
/// knows all, and nothing more will change.
pub(super) fn states(watched: Vec<(JobId, watch::Receiver<Seen>)>, known: Option<i64>) -> Option<States> {
    let now: Vec<Seen> = watched.iter().map(|(_, receiver)| receiver.borrow().clone()).collect();
    let is_known = known == Some(now.iter().map(version).sum());
    if is_known && now.iter().all(Seen::is_last) {
        return None;
    }
    let mut jobs = Vec::with_capacity(now.len());
    let mut changes = Vec::with_capacity(now.len());
    for (index, ((id, receiver), now)) in watched.into_iter().zip(&now).enumerate() {
        let (version, ended) = if is_known { (version(now), now.is_last()) } else { (0, false) };
        jobs.push(Shown { id, version, ended });
        let seen = if is_known { WatchStream::from_changes(receiver) } else { WatchStream::new(receiver) };
        changes.push(seen.map(move |seen| (index, seen)).boxed());
    }
    Some(States { changes: select_all(changes), jobs, is_first: true })
}

/// The events of a stream, until all jobs have ended or `stop` is ready. What is held is dropped then.
pub(super) fn events<H>(states: States, held: H, stop: impl Future<Output = ()> + Send) -> impl Stream<Item = Event> {
    let events = stream::unfold((states, held), |(mut states, held)| async move {
        states.next().await.map(|event| (event, (states, held)))
    });
    events.take_until(stop)
}

impl States {
    async fn next(&mut self) -> Option<Event> {
        if self.jobs.iter().all(|job| job.ended) {
            return None;
        }
        let (index, seen) = self.changes.next().await?;
        let job = self.jobs.get_mut(index)?;
        job.version = version(&seen).max(job.version);
        job.ended = seen.is_last();
        let event = match seen {
            Seen::Job { json, .. } => Event::default().event("job").data(json),
            Seen::Gone => Event::default().event("gone").data(format!("{{\"id\":\"{}\"}}", job.id)),
        };
        let id: i64 = self.jobs.iter().map(|job| job.version).sum();
        let event = event.id(id.to_string());
        Some(if std::mem::take(&mut self.is_first) { event.retry(RETRY) } else { event })
    }
}

fn version(seen: &Seen) -> i64 {
    match seen {
        Seen::Job { version, .. } => *version,
        Seen::Gone => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    fn seen(version: i64, ended: bool) -> Seen {
        Seen::Job { version, ended, json: "{}".into() }
    }

    #[allow(clippy::type_complexity)]
    fn watched(states: &[Seen]) -> (Vec<watch::Sender<Seen>>, Vec<(JobId, watch::Receiver<Seen>)>) {
        let senders: Vec<_> = states.iter().map(|seen| watch::Sender::new(seen.clone())).collect();
        let receivers = senders.iter().map(|sender| (JobId::random().unwrap(), sender.subscribe())).collect();
        (senders, receivers)
    }

    #[tokio::test]
    async fn a_stream_shows_the_last_states_and_ends_with_its_jobs() {
        let (senders, receivers) = watched(&[seen(3, false), seen(5, true)]);
        let permits = Arc::new(Semaphore::new(1));
        let permit = permits.clone().try_acquire_owned().unwrap();
        let states = states(receivers, Some(7)).unwrap();
        let mut events = Box::pin(events(states, permit, std::future::pending()));
        assert!(events.next().await.is_some() && events.next().await.is_some());
        // A client that did not read meanwhile gets the last state only.
        senders[0].send(seen(4, false)).unwrap();
        senders[0].send(seen(6, true)).unwrap();
        assert!(events.next().await.is_some());
        assert!(events.next().await.is_none());
        drop(events);
        assert_eq!(permits.available_permits(), 1);
    }

    #[tokio::test]
    async fn what_the_client_knows_is_left_out() {
        let (_senders, receivers) = watched(&[seen(3, true), seen(5, true)]);
        assert!(states(receivers.clone(), Some(8)).is_none());
        assert!(states(receivers.clone(), Some(7)).is_some() && states(receivers, None).is_some());
        let (senders, receivers) = watched(&[seen(3, false)]);
        let mut states = states(receivers, Some(3)).unwrap();
        senders[0].send(seen(4, true)).unwrap();
        assert!(states.next().await.is_some());
        assert!(states.next().await.is_none());
    }

    #[tokio::test]
    async fn a_stream_ends_when_the_server_does() {
        let (_senders, receivers) = watched(&[seen(3, false)]);
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let mut events = Box::pin(events(states(receivers, Some(3)).unwrap(), permit, std::future::ready(())));
        assert!(events.next().await.is_none());
    }
}
