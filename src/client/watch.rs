//! Following a job: by the server's events, and by asking again and again where a proxy holds events back.

use std::time::{Duration, Instant};

use ureq::http::StatusCode;

use super::connection::{Ask, Connection, LARGEST_ANSWER, Patience};
use super::retry::Failure;
use super::stream::Events;
use super::{Job, Server};
use crate::database::Id;
use crate::models::hub::header;
use crate::{Error, Result};

/// The longest silence of a stream: servers send a comment each 15 seconds.
const SILENCE: Duration = Duration::from_secs(20);
/// The pause before the next connection if the server asks for none. It doubles with each failure.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause before the next connection.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// Time between two questions where events are held back.
const INTERVAL: Duration = Duration::from_secs(2);
/// How many streams in a row may bring nothing before the server is asked instead.
const MOST_SILENT: u32 = 2;
/// How long a server may be away.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is seen of a job that is followed.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'a> {
    /// The job as it is now
    Job(&'a Job),
    /// The server does not answer, for this reason, and is tried again
    Lost(&'a str),
    /// The server answers again
    Back,
}

/// The state of following a job.
struct Watch<'a> {
    connection: &'a Connection,
    id: &'a Id,
    tell: &'a mut dyn FnMut(Sight) -> Result<()>,
    /// The last version that was passed on
    version: Option<u64>,
    /// Since when the server has not answered
    lost: Option<Instant>,
    /// How many streams in a row have brought nothing
    silent: u32,
    pause: Duration,
}

/// Follows a job to its end.
pub(super) fn watch(
    server: &Server,
    connection: &Connection,
    id: &Id,
    tell: &mut dyn FnMut(Sight) -> Result<()>,
) -> Result<Job> {
    let mut watch =
        Watch { connection, id, tell, version: None, lost: None, silent: 0, pause: PAUSE.min(connection.stall) };
    if let Some(job) = watch.seen(server.look(id)?)? {
        return Ok(job);
    }
    loop {
        let streams = watch.silent < MOST_SILENT;
        let seen = if streams { watch.stream() } else { watch.ask() };
        if connection.stop.is_requested() {
            return Err(Error::Stopped);
        }
        match seen {
            Ok(Some(job)) => return Ok(job),
            Ok(None) => {}
            Err(Failure::Never(error)) => return Err(error),
            Err(failure) => watch.lose(failure)?,
        }
        let pause = if streams || watch.lost.is_some() { watch.pause } else { INTERVAL.min(watch.pause) };
        connection.stop.sleep(pause)?;
    }
}

impl Watch<'_> {
    /// Passes a job on, and returns it if it has ended. What is older than what is known is left out; a job that waits
    /// moves up without a new version.
    fn seen(&mut self, job: Job) -> Result<Option<Job>> {
        if self.lost.take().is_some() {
            (self.tell)(Sight::Back)?;
        }
        if self.version.is_none_or(|version| job.version >= version) {
            self.version = Some(job.version);
            (self.tell)(Sight::Job(&job))?;
        }
        Ok(Some(job).filter(Job::is_final))
    }

    /// Asks once.
    fn ask(&mut self) -> Result<Option<Job>, Failure> {
        let url = self.connection.address.of(["jobs", self.id.as_str()]);
        let body = self.connection.bytes(&Ask::get(url), LARGEST_ANSWER)?;
        Ok(self.seen(self.read(&body)?)?)
    }

    /// Reads events until the job ends, or the stream does.
    fn stream(&mut self) -> Result<Option<Job>, Failure> {
        let url = self.connection.address.of(["jobs", self.id.as_str(), "events"]);
        let mut ask = Ask::get(url).header("accept", "text/event-stream");
        if let Some(version) = self.version {
            ask = ask.header("last-event-id", version.to_string());
        }
        let patience = Patience { whole: None, silence: SILENCE.min(self.connection.stall) };
        let response = match self.connection.send(&ask, patience) {
            // A proxy that holds the answer back looks like a server that does not answer: asking tells them apart.
            Err(Failure::Again { .. }) => {
                self.silent += 1;
                return self.ask();
            }
            answered => answered?,
        };
        if response.status() == StatusCode::NO_CONTENT {
            // There is nothing that was not passed on.
            return self.ask();
        }
        let kind = header(response.headers(), "content-type").unwrap_or_default();
        if !kind.starts_with("text/event-stream") {
            self.silent = MOST_SILENT;
            return Ok(None);
        }
        let mut events = Events::new(response.into_body().into_with_config().limit(u64::MAX).reader());
        // However a stream ends, the next one begins with the job as it is then.
        while let Ok(Some(message)) = events.next() {
            if message.kind != "job" {
                continue;
            }
            self.pause = events.pause.unwrap_or(PAUSE).min(self.connection.stall);
            let job = self.read(message.data.as_bytes())?;
            if let Some(job) = self.seen(job)? {
                return Ok(Some(job));
            }
        }
        self.silent = if events.is_alive { 0 } else { self.silent + 1 };
        // The last event of a job may have been lost with its stream.
        self.ask()
    }

    fn read(&self, json: &[u8]) -> Result<Job> {
        let read = serde_json::from_slice(json).and_then(Job::read);
        read.map_err(|error| self.connection.not_understood(&error))
    }

    /// Notes that the server does not answer.
    fn lose(&mut self, failure: Failure) -> Result<()> {
        let wait = match &failure {
            Failure::Again { wait, .. } => wait.map(|wait| wait.min(LONGEST_PAUSE)),
            _ => None,
        };
        let error = failure.into_error();
        match self.lost {
            None => {
                self.lost = Some(Instant::now());
                (self.tell)(Sight::Lost(&error.to_string()))?;
            }
            Some(lost) if lost.elapsed() >= PATIENCE => {
                let minutes = PATIENCE.as_secs() / 60;
                let message = format!("{error}, for {minutes} minutes");
                return Err(Error::network(message, "the job may go on: look later"));
            }
            Some(_) => {}
        }
        self.pause = wait.unwrap_or_else(|| (self.pause * 2).min(LONGEST_PAUSE));
        Ok(())
    }
}
