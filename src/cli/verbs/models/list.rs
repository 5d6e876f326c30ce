//! `text2art models list`: the models known by name.

use serde::Serialize;

use super::stdout;
use crate::Result;
use crate::models::Finder;
use crate::models::hub::{Origin, Request, megabytes};
use crate::models::manifest::{Entry, FilePart, Manifest};

/// Arguments of `models list`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// A model of the list and its state on this machine.
#[derive(Serialize)]
pub(in crate::cli) struct Line<'a> {
    name: &'a str,
    role: &'static str,
    title: &'a str,
    repository: Option<&'a str>,
    revision: Option<&'a str>,
    format: &'a str,
    licence: &'a str,
    note: Option<&'a str>,
    /// Size of the weights in bytes, if known
    bytes: Option<u64>,
    /// Approximate size of the weights in bytes, if the exact size is unknown
    about_bytes: Option<u64>,
    /// Whether the revision is a commit
    pinned: bool,
    /// SHA-256 of the weights, if published or seen
    sha256: Option<String>,
    /// `published`, or `seen` for the digest of the first download
    sha256_from: Option<&'static str>,
    /// Whether all files are downloaded
    here: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, finder: &Finder) -> anyhow::Result<()> {
    let entries = Manifest::get()?.models().iter();
    let lines = entries.map(|entry| line(entry, finder)).collect::<Result<Vec<_>>>()?;
    if arguments.json {
        return stdout::print_json(&lines);
    }
    for line in &lines {
        let size = match (line.bytes, line.about_bytes) {
            (Some(bytes), _) => megabytes(bytes),
            (None, Some(about)) => format!("~{}", megabytes(about)),
            (None, None) => "?".into(),
        };
        let here = if line.here { "here" } else { "-" };
        let pinned = if line.pinned { "pinned" } else { "unpinned" };
        let Line { name, role, format, licence, title, .. } = line;
        stdout::print_line(&format!(
            "{name:22} {role:9} {here:5} {size:>9}  {format:12} {pinned:9} {title} ({licence})"
        ))?;
    }
    Ok(())
}

/// The details of a model.
pub(in crate::cli) fn line<'a>(entry: &'a Entry, finder: &Finder) -> Result<Line<'a>> {
    let requests = finder.requests(entry)?;
    let weights = &requests[0];
    let path = finder.at_hand(weights)?;
    let (sha256, sha256_from) = match (&weights.sha256, &path) {
        (Some(published), _) => (Some(published.clone()), Some("published")),
        (None, Some(path)) => {
            let seen = finder.hub()?.expected_digest(weights, path);
            let from = seen.as_ref().map(|_| "seen");
            (seen, from)
        }
        (None, None) => (None, None),
    };
    let file = entry.file(FilePart::Weights);
    let on_disk = path.as_ref().and_then(|path| path.metadata().ok()).map(|metadata| metadata.len());
    Ok(Line {
        name: &entry.name,
        role: entry.role.option(),
        title: &entry.title,
        repository: entry.repository.as_deref(),
        revision: entry.repository.as_ref().map(|_| entry.revision()),
        format: &entry.format,
        licence: &entry.licence,
        note: entry.note.as_deref(),
        bytes: file.and_then(|file| file.bytes).or(on_disk),
        about_bytes: file.and_then(|file| file.about),
        pinned: is_pinned(weights),
        sha256,
        sha256_from,
        here: finder.is_here(entry)?,
    })
}

/// Whether a request can only be met by one exact file.
fn is_pinned(request: &Request) -> bool {
    let commit = match &request.origin {
        Origin::Repository(repository) => repository.is_pinned(),
        Origin::Page { .. } => false,
    };
    commit || request.sha256.is_some()
}
