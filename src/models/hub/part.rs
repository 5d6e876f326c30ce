//! The part of a file that is downloaded so far. It survives the end of the program.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::cache::create_folder_of;
use crate::files::{Existing, small_text, write_whole};
use crate::{Error, Result};

/// Extension for a partially downloaded content.
const PART: &str = "text2art-part";
/// Extension for the server's validator of the content that the part belongs to.
const VALIDATOR: &str = "text2art-etag";

/// A part, open for appending.
pub(super) struct Part {
    path: PathBuf,
    validator: PathBuf,
    file: File,
    length: u64,
}

impl Part {
    /// Opens the part of the file `whole`, or creates an empty one.
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

    /// Bytes received so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The server's validator of the file; none if the server gave no strong one.
    pub(super) fn validator(&self) -> Option<String> {
        small_text(&self.validator).filter(|validator| !validator.is_empty())
    }

    /// Empties the part, for a file with the server's `validator`.
    pub(super) fn restart(&mut self, validator: Option<&str>) -> Result<()> {
        self.file.set_len(0).map_err(|error| Error::cache(&self.path, &error))?;
        self.length = 0;
        match write_whole(&self.validator, validator.unwrap_or_default().as_bytes(), Existing::Replace) {
            Err(Error::Write { path, source }) => Err(Error::cache(path, &source)),
            written => written,
        }
    }

    /// Appends received bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| Error::cache(&self.path, &error))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Renames the complete part to the whole file, after all of it is on the disk.
    pub(super) fn finish(self, whole: &Path) -> Result<()> {
        let fault = |error| Error::cache(whole, &error);
        self.file.sync_all().map_err(fault)?;
        std::fs::rename(&self.path, whole).map_err(fault)?;
        let _ = std::fs::remove_file(&self.validator);
        Ok(())
    }

    /// Removes a useless part.
    pub(super) fn discard(self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(&self.validator);
    }
}

/// Number of bytes of a file received by any program that downloads it.
pub(super) fn length_of_part(whole: &Path) -> u64 {
    [PART, "incomplete"]
        .iter()
        .filter_map(|extension| beside(whole, extension).metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

/// Number of bytes of a file received that this program can resume from.
pub(super) fn length_here(whole: &Path) -> u64 {
    beside(whole, PART).metadata().map_or(0, |metadata| metadata.len())
}

/// The name of the content that a part's file name belongs to; a content's own name is unchanged.
pub(super) fn name_of_whole(name: &str) -> &str {
    [PART, VALIDATOR].iter().find_map(|extension| name.strip_suffix(extension)?.strip_suffix('.')).unwrap_or(name)
}

/// Whether a file is the remainder of an unfinished download.
pub(super) fn is_left_over(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == PART || extension == VALIDATOR)
}

fn beside(whole: &Path, extension: &str) -> PathBuf {
    let mut name = whole.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    whole.with_file_name(name)
}
