//! Downloads the bytes of one file, across broken connections.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::Body;
use ureq::http::{HeaderMap, Response, StatusCode};
use url::Url;

use super::agent::{Agent, header, trouble};
use super::cache::check_room;
use super::part::Part;
use super::repository::Repository;
use super::retry::{Failure, retry};
use crate::files::hash_file;
use crate::{Error, Result};

/// What is known about a file before it is downloaded.
pub(super) struct Wanted<'a> {
    /// Address of the file
    pub(super) url: &'a Url,
    /// Repository of the file; none for a file that is not on a hub
    pub(super) repository: Option<&'a Repository>,
    /// Name of the file, for messages
    pub(super) file: &'a str,
    /// Size in bytes, if known
    pub(super) bytes: Option<u64>,
    /// SHA-256, if known
    pub(super) sha256: Option<&'a str>,
}

/// Maximum size of a file whose size is unknown, in bytes.
const LONGEST_UNKNOWN: u64 = 256 << 20;
/// An attempt that brings fewer bytes makes no progress, and a time in which fewer come counts as silence.
const LEAST: u64 = 64 << 10;
/// Bytes read at a time.
const CHUNK: usize = 1 << 18;

/// Downloads a file to the path `whole`, resuming a partial download, and reports to `watch` how many bytes are here
/// and how many there will be. Returns the SHA-256. Nothing is at `whole` until the file is complete and correct.
///
/// # Errors
/// If the server does not provide the file, the file is not the expected one, or it cannot be written.
pub(super) fn transfer(
    agent: &Agent,
    wanted: &Wanted,
    whole: &Path,
    watch: &mut dyn FnMut(u64, Option<u64>),
) -> Result<String> {
    loop {
        let mut part = Part::open(whole)?;
        if wanted.sha256.is_none() {
            // Without a digest, damage to an earlier run's part would go unnoticed.
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
            // The part of an earlier attempt may be damaged: start over.
            Some(_) if begun > 0 => part.discard(),
            Some(expected) => {
                part.discard();
                return Err(Error::network(
                    format!("{}: SHA-256 mismatch: expected {expected}, got {digest}", wanted.file),
                    "the hub or the network may be altering files: try again, or use another network",
                ));
            }
        }
    }
}

/// Makes one request for the missing bytes.
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
    // Without a validator, only a digest reveals that the rest is from a different file.
    let validator = part.validator();
    if have > 0 && (validator.is_some() || wanted.sha256.is_some()) {
        headers.push(("range", format!("bytes={have}-")));
        headers.extend(validator.map(|validator| ("if-range", validator)));
    }
    let (response, url) = agent.follow(wanted.url, &headers, None)?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && have > 0 {
        part.restart(None)?;
        return Err(Failure::again(format!("the server could not resume {}", wanted.file)));
    }
    let response = agent.check(response, &url, wanted.repository, wanted.file)?;
    let total = expected_total(wanted, &response, part)?;
    check_room(part.path(), total.unwrap_or(0).saturating_sub(part.length()))?;
    receive(wanted, (&url, agent.answer()), response, part, total, watch)
}

/// Decides whether a response continues the part or starts over, and returns the file's size.
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
            return Err(Failure::again(format!("the server sent the wrong part of {}", wanted.file)));
        }
        return Ok(wanted.bytes.or(range.and_then(|(_, total)| total)));
    }
    part.restart(strong_validator(headers).filter(|_| !encoded).as_deref())?;
    let length = header(headers, "content-length").filter(|_| !encoded).and_then(|length| length.parse().ok());
    match (wanted.bytes, length) {
        (Some(wanted_bytes), Some(length)) if wanted_bytes != length => {
            Err(Failure::again(format!("{} has {length} bytes instead of {wanted_bytes}", wanted.file)))
        }
        (wanted_bytes, length) => Ok(wanted_bytes.or(length)),
    }
}

/// Appends a response's body to the part. Gives up if almost nothing comes within `patience`.
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
                return Err(Failure::again(format!("the download of {} is too slow", wanted.file)));
            }
            (since, had) = (Instant::now(), part.length());
        }
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Err(Failure::again(trouble(url, &ureq::Error::from(error)))),
        };
        if part.length() + count as u64 > most {
            part.restart(None)?;
            return Err(Failure::again(format!("{} is longer than {most} bytes", wanted.file)));
        }
        part.append(&buffer[..count])?;
        watch(part.length(), total);
    }
    match total.filter(|total| *total != part.length()) {
        Some(total) => Err(Failure::again(format!(
            "the download of {} ended after {} of {total} bytes",
            wanted.file,
            part.length()
        ))),
        None => Ok(()),
    }
}

/// The first byte and the total size in a `Content-Range`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((start.parse().ok()?, total))
}

/// The response's `ETag`, if it is strong: `If-Range` takes no weak one, which does not identify the bytes.
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
