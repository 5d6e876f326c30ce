//! A file that grows under a temporary name during a run, and gets its own name when it is complete.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::link::{end_of_links, take_over_mode};
use super::lock::lock;
use super::name::{check_length, too_long};
use super::write::{folder_of, free_beside};
use super::{Existing, check_folder};
use crate::{Error, Result};

/// The suffix of the name of a file that is not complete yet.
const SUFFIX: &str = ".text2art-part";
/// How often opening is tried again if another run has just renamed its part.
const TRIES: usize = 100;

/// A file that is being written. Its part lies beside it, under a name derived from the file's, so that the next run
/// finds what a killed one left. If this value is dropped before the file is complete, the part is removed.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    part: TempPath,
    target: PathBuf,
    /// The path that the target's links lead to
    place: PathBuf,
    existing: Existing,
}

impl PartialFile {
    /// Opens the part of a file. A part left by a killed run is removed.
    ///
    /// # Errors
    /// If the folder is missing or not writable, or another run is writing the same file.
    pub fn create(target: &Path, existing: Existing) -> Result<Self> {
        Self::check_name(target)?;
        check_folder(target)?;
        let fault = |source| Error::Write { path: target.to_owned(), source };
        let place = end_of_links(target).map_err(fault)?;
        let opened = open_part(&place).map_err(fault)?;
        let (file, part) = opened.ok_or_else(|| {
            Error::file(target, "another run is writing this file", "wait until it is done, or choose another name")
        })?;
        if existing == Existing::Replace {
            take_over_mode(&file, &place).map_err(fault)?;
        }
        Ok(Self { file, part, target: target.to_owned(), place, existing })
    }

    /// Checks that the file's name leaves room for the name of its part.
    ///
    /// # Errors
    /// If the name is too long.
    pub fn check_name(target: &Path) -> Result<()> {
        check_length(&part_of(target)).map_err(|_| too_long(target))
    }

    /// The final path of the file.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Lets nobody but its owner read the file, whatever a file that it replaces allows.
    ///
    /// # Errors
    /// If the permissions cannot be changed.
    #[cfg(feature = "server")]
    pub(crate) fn only_for_owner(&self) -> Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let permissions = std::fs::Permissions::from_mode(0o600);
            let changed = self.file.set_permissions(permissions);
            changed.map_err(|source| Error::Write { path: self.target.clone(), source })?;
        }
        Ok(())
    }

    /// Gives the file its name once all of it is on the disk, and returns its path. If another program has taken the
    /// name in the meantime, the file takes the next free name beside it.
    ///
    /// # Errors
    /// If the disk is full or the folder no longer exists.
    pub fn finish(self) -> Result<PathBuf> {
        let Self { file, mut part, target, place, existing } = self;
        let fault = |source| Error::Write { path: target.clone(), source };
        file.sync_all().map_err(fault)?;
        if existing == Existing::Replace {
            part.persist(&place).map_err(|error| fault(error.error))?;
            return Ok(target);
        }
        for path in free_beside(&place) {
            match part.persist_noclobber(&path) {
                Ok(()) if path == place => return Ok(target),
                Ok(()) => return Ok(path),
                Err(error) if error.error.kind() == ErrorKind::AlreadyExists => part = error.path,
                Err(error) => return Err(fault(error.error)),
            }
        }
        Err(fault(ErrorKind::AlreadyExists.into()))
    }
}

/// The path of a file's part.
fn part_of(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(SUFFIX);
    folder_of(target).join(name)
}

/// Opens the part of a file, empty, and locks it. What a killed run left of it is removed. None if another run holds
/// it.
pub(super) fn open_part(target: &Path) -> std::io::Result<Option<(File, TempPath)>> {
    let path = part_of(target);
    for _ in 0..TRIES {
        // A link leads to a file that is not ours.
        if path.is_symlink() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
        if !lock(&file)? {
            return Ok(None);
        }
        // Its last writer may have renamed it between the two calls.
        if is_at(&file, &path) {
            file.set_len(0)?;
            return TempPath::try_from_path(&path).map(|part| Some((file, part)));
        }
    }
    Err(ErrorKind::ResourceBusy.into())
}

/// Whether the open file is the one at this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: std::io::Result<std::fs::Metadata>| metadata.ok().map(|it| (it.dev(), it.ino()));
    place(file.metadata()).is_some_and(|opened| place(std::fs::metadata(path)) == Some(opened))
}

/// Whether the open file is the one at this path. Here, an open file keeps its name.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Read for PartialFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for PartialFile {
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_becomes_the_file_or_vanishes() {
        let folder = tempfile::tempdir().unwrap();
        let names = || {
            let entries = std::fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let path = folder.path().join("a.gif");
        let part = folder.path().join(".a.gif.text2art-part");
        // A part left by a killed run.
        std::fs::write(&part, "much of an old one").unwrap();
        let mut file = PartialFile::create(&path, Existing::Keep).unwrap();
        assert!(PartialFile::create(&path, Existing::Keep).unwrap_err().to_string().contains("another run"));
        file.write_all(b"new").unwrap();
        assert_eq!(names(), [".a.gif.text2art-part"]);
        assert_eq!(file.finish().unwrap(), path);
        assert_eq!((names(), std::fs::read(&path).unwrap()), (vec!["a.gif".into()], b"new".to_vec()));
        drop(PartialFile::create(&path, Existing::Replace).unwrap());
        assert_eq!(names(), ["a.gif"]);
        // A name that was taken in the meantime.
        assert_eq!(
            PartialFile::create(&path, Existing::Keep).unwrap().finish().unwrap(),
            path.with_file_name("a-2.gif")
        );
        assert!(PartialFile::create(&folder.path().join("none/a.gif"), Existing::Keep).unwrap_err().is_usage());
    }
}
