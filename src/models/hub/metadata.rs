//! The hub's metadata of a file, before it is downloaded.

use ureq::Body;
use ureq::http::Response;
use url::Url;

use super::agent::{Agent, Method, header, redirect};
use super::repository::{Repository, is_commit, is_inner_path, is_segment, is_sha256};
use super::retry::{Failure, retry};
use crate::{Error, Result};

/// Maximum number of redirects inside the hub, which has them for renamed repositories.
const MOST_MOVES: usize = 4;

/// The metadata of a file in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    /// Commit in which the file was looked up
    pub(super) commit: String,
    /// Name of the content in the cache
    pub(super) blob: String,
    /// Size in bytes, if the hub reports it
    pub(super) bytes: Option<u64>,
    /// SHA-256, if the hub reports it
    pub(super) sha256: Option<String>,
}

/// Asks the hub for the metadata of a file.
///
/// # Errors
/// If the hub cannot be reached, or does not provide the file.
pub(super) fn metadata(agent: &Agent, repository: &Repository, file: &str) -> Result<Metadata> {
    let url = file_url(agent, repository, file)?;
    retry(agent.stop(), || {
        let response = agent.send(Method::Head, &url, &[], Some(agent.answer()))?;
        let (response, url) = moved(agent, url.clone(), response)?;
        // A redirect to the storage of the bytes already has all the metadata.
        let response = if response.status().is_redirection() {
            response
        } else {
            agent.check(response, &url, Some(repository), file)?
        };
        read(agent, repository, file, &response)
    })
}

/// The address of a repository's file on the hub.
pub(super) fn file_url(agent: &Agent, repository: &Repository, file: &str) -> Result<Url> {
    if !is_inner_path(file) {
        return Err(Error::usage(
            format!("{file:?} is not a valid path in a repository"),
            "name a file inside the repository",
        ));
    }
    let names = repository.id.split('/').chain(["resolve", &repository.revision]);
    agent.hub_url(names.chain(file.split('/')))
}

/// Follows redirects within the hub that have no metadata of the file.
fn moved(agent: &Agent, mut url: Url, mut response: Response<Body>) -> Result<(Response<Body>, Url), Failure> {
    for _ in 0..MOST_MOVES {
        let has_metadata = ["x-linked-etag", "x-repo-commit"].iter().any(|name| response.headers().contains_key(*name));
        match redirect(&url, &response)? {
            Some(next) if !has_metadata && next.origin() == url.origin() => {
                response = agent.send(Method::Head, &next, &[], Some(agent.answer()))?;
                url = next;
            }
            _ => break,
        }
    }
    Ok((response, url))
}

fn read(agent: &Agent, repository: &Repository, file: &str, response: &Response<Body>) -> Result<Metadata, Failure> {
    let headers = response.headers();
    let hub = agent.hub();
    let silent = |what: &str| {
        let hint = "check HF_ENDPOINT: it must point to a hub such as huggingface.co or one of its mirrors";
        Failure::Never(Error::network(format!("{hub} does not report {what} of {file} in {repository}"), hint))
    };
    let commit = header(headers, "x-repo-commit").or(repository.is_pinned().then_some(&repository.revision));
    let commit = commit.filter(|commit| is_commit(commit)).ok_or_else(|| silent("the commit"))?;
    if repository.is_pinned() && commit != repository.revision {
        let message =
            format!("{hub} returned {file} of the commit {commit}, but {} was requested", repository.revision);
        return Err(Failure::Never(Error::network(message, "check HF_ENDPOINT: a mirror may have other revisions")));
    }
    let linked = header(headers, "x-linked-etag");
    let etag = linked.or_else(|| header(headers, "etag")).map(plain_etag).filter(|etag| !etag.is_empty());
    let etag = etag.ok_or_else(|| silent("an ETag"))?;
    let encoded = header(headers, "content-encoding").is_some_and(|encoding| encoding != "identity");
    let own_size = header(headers, "content-length").filter(|_| !response.status().is_redirection() && !encoded);
    let bytes = header(headers, "x-linked-size").or(own_size).and_then(|bytes| bytes.parse().ok());
    Ok(Metadata {
        commit: commit.to_owned(),
        blob: blob_name(etag),
        bytes,
        sha256: is_sha256(etag).then(|| etag.to_owned()),
    })
}

/// An `ETag` without quotes and the weak prefix, as in other clients of the hub.
fn plain_etag(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}

/// The name in the cache of content with an `ETag`; one that cannot be a file name is hashed.
fn blob_name(etag: &str) -> String {
    if is_segment(etag) {
        return etag.to_owned();
    }
    let digits = crate::files::to_hex(&<sha2::Sha256 as sha2::Digest>::digest(etag));
    format!("etag-{}", &digits[..40])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_become_names() {
        assert_eq!(plain_etag("W/\"abc\""), "abc");
        assert_eq!(plain_etag("\"abc\""), "abc");
        assert_eq!(blob_name("abc-1"), "abc-1");
        for wild in ["../../x", "a/b", "a b", ".hidden"] {
            assert!(is_segment(&blob_name(wild)) && blob_name(wild) != wild, "{wild}");
        }
    }
}
