//! Fetching the files of a job, across broken connections.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest, Sha256};
use ureq::Body;
use ureq::http::{Response, StatusCode};
use url::Url;

use super::Artifact;
use super::connection::{ADVICE, Ask, Connection, Patience};
use super::retry::{Failure, retry};
use crate::files::{Existing, PartialFile, to_hex};
use crate::models::hub::header;
use crate::{Error, Result};

/// The largest picture that is kept in memory, in bytes.
const LARGEST_PICTURE: u64 = 256 << 20;
/// An attempt that brings fewer bytes makes no progress, and a time in which fewer come counts as silence.
const LEAST: u64 = 64 << 10;
/// That time, as a multiple of the longest time without a byte.
const SLOW: u32 = 4;
/// Bytes read at a time.
const CHUNK: usize = 1 << 18;

/// A file that arrives, in one place or another.
struct Arrival<'a, W> {
    connection: &'a Connection,
    url: &'a Url,
    file: &'a Artifact,
    place: W,
    /// Bytes that are here
    have: u64,
    hash: Sha256,
}

/// Fetches a file to a path.
pub(super) fn to_file(
    connection: &Connection,
    url: &Url,
    file: &Artifact,
    (target, existing): (&Path, Existing),
    tell: &mut dyn FnMut(u64),
) -> Result<PathBuf> {
    let place = PartialFile::create(target, existing)?;
    let fault = |source| Error::Write { path: target.to_owned(), source };
    Arrival::new(connection, url, file, place).all(&fault, tell)?.finish()
}

/// Fetches a file into memory.
pub(super) fn to_memory(connection: &Connection, url: &Url, file: &Artifact) -> Result<Vec<u8>> {
    if file.bytes > LARGEST_PICTURE {
        let problem = format!("{} has {} bytes, which do not fit in memory", file.name, file.bytes);
        return Err(Error::usage(problem, "fetch it into a file with --output"));
    }
    let place = std::io::Cursor::new(Vec::new());
    let fault = |source: std::io::Error| Error::fault(format!("cannot keep {}: {source}", file.name));
    Ok(Arrival::new(connection, url, file, place).all(&fault, &mut |_| {})?.into_inner())
}

/// Fetches a picture that may be missing, or may be missed: a failure is not repeated.
pub(super) fn if_there(connection: &Connection, url: Url) -> Result<Option<Vec<u8>>> {
    let fetched = connection.bytes(&Ask::get(url), LARGEST_PICTURE);
    if connection.stop.is_requested() {
        return Err(Error::Stopped);
    }
    Ok(fetched.ok().filter(|bytes| !bytes.is_empty()))
}

impl<'a, W: Write + Seek> Arrival<'a, W> {
    fn new(connection: &'a Connection, url: &'a Url, file: &'a Artifact, place: W) -> Self {
        Self { connection, url, file, place, have: 0, hash: Sha256::new() }
    }

    /// Fetches all bytes, and checks them.
    fn all(mut self, fault: &dyn Fn(std::io::Error) -> Error, tell: &mut dyn FnMut(u64)) -> Result<W> {
        let stop = &self.connection.stop;
        loop {
            let before = self.have;
            // A server that starts again is worth waiting for.
            let fetched = retry(stop, || match self.some(fault, tell) {
                Err(Failure::Nobody(error)) => Err(Failure::again(error.to_string(), error.hint())),
                other => other,
            });
            match fetched {
                Ok(()) => break,
                Err(Error::Network { .. }) if self.have >= before + LEAST => {}
                Err(error) => return Err(error),
            }
        }
        let digest = to_hex(&self.hash.finalize_reset());
        if digest != self.file.sha256 {
            let (name, expected) = (&self.file.name, &self.file.sha256);
            let message = format!("{name}: SHA-256 mismatch: expected {expected}, got {digest}");
            return Err(Error::network(message, "something on the way alters files: try again, or use https"));
        }
        Ok(self.place)
    }

    /// Makes one request for the missing bytes.
    fn some(&mut self, fault: &dyn Fn(std::io::Error) -> Error, tell: &mut dyn FnMut(u64)) -> Result<(), Failure> {
        if self.have > 0 && self.have == self.file.bytes {
            return Ok(());
        }
        let mut ask = Ask::get(self.url.clone());
        if self.have > 0 {
            ask = ask.header("range", format!("bytes={}-", self.have));
        }
        let patience = Patience { whole: None, silence: self.connection.stall };
        let response = self.connection.send(&ask, patience)?;
        if !self.continues(&response) {
            self.have = 0;
            self.hash.reset();
            self.place.seek(SeekFrom::Start(0)).map_err(fault)?;
        }
        let mut reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; CHUNK];
        let (mut since, mut had) = (Instant::now(), self.have);
        loop {
            if since.elapsed() > self.connection.stall * SLOW {
                if self.have < had + LEAST {
                    return Err(self.broken("it comes too slowly"));
                }
                (since, had) = (Instant::now(), self.have);
            }
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return Err(self.broken(&self.connection.trouble(&ureq::Error::from(error)))),
            };
            if self.have + count as u64 > self.file.bytes {
                return Err(self.broken("it is longer than announced"));
            }
            self.place.write_all(&buffer[..count]).map_err(fault)?;
            self.hash.update(&buffer[..count]);
            self.have += count as u64;
            tell(self.have);
        }
        if self.have < self.file.bytes {
            return Err(self.broken(&format!("it ended after {} of {} bytes", self.have, self.file.bytes)));
        }
        Ok(())
    }

    /// Whether an answer begins where the bytes end.
    fn continues(&self, response: &Response<Body>) -> bool {
        let range = header(response.headers(), "content-range").and_then(|range| range.strip_prefix("bytes "));
        let start = range.and_then(|range| range.split('-').next()?.parse().ok());
        response.status() == StatusCode::PARTIAL_CONTENT && start == Some(self.have)
    }

    fn broken(&self, why: &str) -> Failure {
        Failure::again(format!("cannot fetch {}: {why}", self.file.name), ADVICE)
    }
}
