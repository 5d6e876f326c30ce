//! The part of a file that has come so far. It outlives the program.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::cache::create_folder_of;
use crate::files::{Existing, small_text, write_whole};
use crate::{Error, Result};

/// Behind the name of a content of which a part is here.
const PART: &str = "text2art-part";
/// Behind the name of a content: how the server called what the part is of.
const VALIDATOR: &str = "text2art-etag";

/// A part, open for writing behind its end.
pub(super) struct Part {
    path: PathBuf,
    validator: PathBuf,
    file: File,
    length: u64,
}

impl Part {
    /// Opens what there is of the file `whole`, or begins it.
    pub(super) fn open(whole: &Path) -> Result<Self> {
        let path = beside(whole, PART);
        create_folder_of(&path)?;
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let length = |file: &File| file.metadata().map(|metadata| metadata.len());
        let (file, length) = opened
            .and_then(|file| length(&file).map(|length| (file, length)))
            .map_err(|error| Error::cache(&path, &error))?;
        Ok(Self { path, validator: beside(whole, VALIDATOR), file, length })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that are here.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How the server called the file the part is of; none where it had no lasting name.
    pub(super) fn validator(&self) -> Option<String> {
        small_text(&self.validator).filter(|validator| !validator.is_empty())
    }

    /// Forgets what came, for a file that the server calls `validator`.
    pub(super) fn restart(&mut self, validator: Option<&str>) -> Result<()> {
        self.file.set_len(0).map_err(|error| Error::cache(&self.path, &error))?;
        self.length = 0;
        match write_whole(&self.validator, validator.unwrap_or_default().as_bytes(), Existing::Replace) {
            Err(Error::Write { path, source }) => Err(Error::cache(path, &source)),
            written => written,
        }
    }

    /// Adds what came.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| Error::cache(&self.path, &error))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Makes the part the whole file, when all of it is on the disk.
    pub(super) fn finish(self, whole: &Path) -> Result<()> {
        let fault = |error| Error::cache(whole, &error);
        self.file.sync_all().map_err(fault)?;
        std::fs::rename(&self.path, whole).map_err(fault)?;
        let _ = std::fs::remove_file(&self.validator);
        Ok(())
    }

    /// Removes it: what came is no use.
    pub(super) fn discard(self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(&self.validator);
    }
}

/// How much of a file has come, whoever fetches it.
pub(super) fn length_of_part(whole: &Path) -> u64 {
    [PART, "incomplete"]
        .iter()
        .filter_map(|extension| beside(whole, extension).metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

/// How much of a file has come that this program goes on with.
pub(super) fn length_here(whole: &Path) -> u64 {
    beside(whole, PART).metadata().map_or(0, |metadata| metadata.len())
}

/// The name of the content that a part's file name stands for; a content's own is itself.
pub(super) fn name_of_whole(name: &str) -> &str {
    [PART, VALIDATOR].iter().find_map(|extension| name.strip_suffix(extension)?.strip_suffix('.')).unwrap_or(name)
}

/// Whether a file is what a download that did not end left.
pub(super) fn is_left_over(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == PART || extension == VALIDATOR)
}

fn beside(whole: &Path, extension: &str) -> PathBuf {
    let mut name = whole.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    whole.with_file_name(name)
}
