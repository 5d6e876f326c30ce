//! Brings the bytes of one file, however often the connection breaks.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::Body;
use ureq::http::{HeaderMap, Response, StatusCode};
use url::Url;

use super::agent::{Agent, header};
use super::cache::check_room;
use super::part::Part;
use super::repository::Repository;
use super::retry::{Failure, retry};
use crate::files::hash_file;
use crate::{Error, Result};

/// What is known of a file before it comes.
pub(super) struct Wanted<'a> {
    /// Where it is
    pub(super) url: &'a Url,
    /// The repository it belongs to; none for a file of no hub
    pub(super) repository: Option<&'a Repository>,
    /// What it is called, for messages
    pub(super) file: &'a str,
    /// Its size, where it is known
    pub(super) bytes: Option<u64>,
    /// Its SHA-256, where it is known
    pub(super) sha256: Option<&'a str>,
}

/// The longest file whose size nobody says, in bytes.
const LONGEST_UNKNOWN: u64 = 256 << 20;
/// An attempt that brings fewer bytes is none that goes on, and a time that does is one of silence.
const LEAST: u64 = 64 << 10;
/// Bytes read at a time.
const CHUNK: usize = 1 << 18;

/// Brings a file to the path `whole`, goes on from what there is of it, and tells `watch` how many bytes are here, and
/// how many there will be. Returns its SHA-256. Nothing is at `whole` before all of it is right.
///
/// # Errors
/// Where the server does not give it, it is not what was announced, or it cannot be written.
pub(super) fn transfer(
    agent: &Agent,
    wanted: &Wanted,
    whole: &Path,
    watch: &mut dyn FnMut(u64, Option<u64>),
) -> Result<String> {
    loop {
        let mut part = Part::open(whole)?;
        if wanted.sha256.is_none() {
            // Nothing would tell that a fault of the machine spoilt what an earlier run left.
            part.restart(None)?;
        }
        let begun = part.length();
        let mut most = begun;
        retry(agent.stop(), || {
            let result = attempt(agent, wanted, &mut part, watch);
            let progress = part.length() >= most + LEAST;
            most = most.max(part.length());
            match result {
                Err(Failure::Again { message, wait, .. }) => {
                    Err(Failure::Again { message, wait, progressed: progress })
                }
                other => other,
            }
        })?;
        let digest = hash_file(part.path())?;
        match wanted.sha256.filter(|expected| *expected != digest) {
            None => {
                part.finish(whole)?;
                return Ok(digest);
            }
            // What an earlier attempt left may be to blame: once more from the beginning.
            Some(_) if begun > 0 => part.discard(),
            Some(expected) => {
                part.discard();
                return Err(Error::network(
                    format!("{} came with the SHA-256 {digest}, it must be {expected}", wanted.file),
                    "the hub or the way to it changes files: try again, or another network",
                ));
            }
        }
    }
}

/// One request for what is missing.
fn attempt(
    agent: &Agent,
    wanted: &Wanted,
    part: &mut Part,
    watch: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Failure> {
    if wanted.bytes.is_some_and(|bytes| part.length() > bytes) {
        part.restart(None)?;
    }
    let have = part.length();
    if have > 0 && wanted.bytes == Some(have) {
        watch(have, wanted.bytes);
        return Ok(());
    }
    let mut headers = Vec::new();
    // Without a lasting name nothing but a digest tells that the rest is of another file.
    let validator = part.validator();
    if have > 0 && (validator.is_some() || wanted.sha256.is_some()) {
        headers.push(("range", format!("bytes={have}-")));
        headers.extend(validator.map(|validator| ("if-range", validator)));
    }
    let (response, url) = agent.follow(wanted.url, &headers, None)?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && have > 0 {
        part.restart(None)?;
        return Err(Failure::again(format!("{} does not go on where it was", wanted.file)));
    }
    let response = agent.check(response, &url, wanted.repository, wanted.file)?;
    let total = expected_total(wanted, &response, part)?;
    check_room(part.path(), total.unwrap_or(0).saturating_sub(part.length()))?;
    receive(wanted, (&url, agent.answer()), response, part, total, watch)
}

/// Decides whether a response goes on where the part ends or begins anew, and returns the file's size.
fn expected_total(wanted: &Wanted, response: &Response<Body>, part: &mut Part) -> Result<Option<u64>, Failure> {
    let headers = response.headers();
    let encoded = header(headers, "content-encoding").is_some_and(|encoding| encoding != "identity");
    if response.status() == StatusCode::PARTIAL_CONTENT {
        let range = header(headers, "content-range").and_then(content_range);
        let fits = range.is_some_and(|(start, total)| {
            start == part.length() && wanted.bytes.is_none_or(|bytes| total.is_none_or(|total| total == bytes))
        });
        if encoded || !fits {
            part.restart(None)?;
            return Err(Failure::again(format!("{} came in another part than was asked for", wanted.file)));
        }
        return Ok(wanted.bytes.or(range.and_then(|(_, total)| total)));
    }
    part.restart(strong_validator(headers).filter(|_| !encoded).as_deref())?;
    let length = header(headers, "content-length").filter(|_| !encoded).and_then(|length| length.parse().ok());
    match (wanted.bytes, length) {
        (Some(wanted_bytes), Some(length)) if wanted_bytes != length => {
            Err(Failure::again(format!("{} has {length} bytes, it must have {wanted_bytes}", wanted.file)))
        }
        (wanted_bytes, length) => Ok(wanted_bytes.or(length)),
    }
}

/// Adds a response's body to the part. One that brings next to nothing within `patience` is given up.
fn receive(
    wanted: &Wanted,
    (url, patience): (&Url, Duration),
    response: Response<Body>,
    part: &mut Part,
    total: Option<u64>,
    watch: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Failure> {
    let most = total.unwrap_or(LONGEST_UNKNOWN);
    let mut reader = response.into_body().into_with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; CHUNK];
    watch(part.length(), total);
    let (mut since, mut had) = (Instant::now(), part.length());
    loop {
        if since.elapsed() > patience {
            if part.length() < had + LEAST {
                return Err(Failure::again(format!("{} comes too slowly", wanted.file)));
            }
            (since, had) = (Instant::now(), part.length());
        }
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Err(Failure::again(Agent::trouble(url, &ureq::Error::from(error)))),
        };
        if part.length() + count as u64 > most {
            part.restart(None)?;
            return Err(Failure::again(format!("{} is longer than its {most} bytes", wanted.file)));
        }
        part.append(&buffer[..count])?;
        watch(part.length(), total);
    }
    match total.filter(|total| *total != part.length()) {
        Some(total) => Err(Failure::again(format!("{} ended at {} of {total} bytes", wanted.file, part.length()))),
        None => Ok(()),
    }
}

/// The first byte and the whole size that a `Content-Range` tells.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((start.parse().ok()?, total))
}

/// The response's `ETag`, where it is one that `If-Range` takes: a weak one does not tell bytes apart.
fn strong_validator(headers: &HeaderMap) -> Option<String> {
    let etag = header(headers, "etag")?.trim();
    (etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')).then(|| etag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for wrong in ["", "bytes", "bytes 5/10", "bytes x-9/10", "items 5-9/10", "bytes */10"] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_strong_etags_tell_bytes_apart() {
        let of = |etag: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("etag", etag.parse().unwrap());
            strong_validator(&headers)
        };
        assert_eq!(of("\"abc\""), Some("\"abc\"".into()));
        assert_eq!(of("W/\"abc\""), None);
        assert_eq!(of("abc"), None);
    }
}
