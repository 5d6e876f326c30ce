//! A file that grows under another name while a run goes on, and gets its own when it is whole.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::link::{end_of_links, take_over_mode};
use super::name::{check_length, too_long};
use super::write::{folder_of, free_beside};
use super::{Existing, check_folder};
use crate::{Error, Result};

/// Behind the name of a file that is not whole yet.
const SUFFIX: &str = ".text2art-part";
/// How often a part that others just gave its name is looked for again.
const TRIES: usize = 100;

/// A file in the making. Its part stands beside it under a name that follows from the file's, so that the
/// next run finds what a killed one left. Dropped before it is whole, the part is removed.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    part: TempPath,
    target: PathBuf,
    /// Where the target's links lead
    place: PathBuf,
    existing: Existing,
}

impl PartialFile {
    /// Opens the part of a file; what a run that died left of it is removed.
    ///
    /// # Errors
    /// Where the folder is missing or may not be written, or another run writes the same file now.
    pub fn create(target: &Path, existing: Existing) -> Result<Self> {
        Self::check_name(target)?;
        check_folder(target)?;
        let fault = |source| Error::Write { path: target.to_owned(), source };
        let place = end_of_links(target).map_err(fault)?;
        let opened = open_part(&place).map_err(fault)?;
        let (file, part) = opened.ok_or_else(|| {
            Error::file(target, "another run is writing this file", "wait for it, or choose another name")
        })?;
        if existing == Existing::Replace {
            take_over_mode(&file, &place).map_err(fault)?;
        }
        Ok(Self { file, part, target: target.to_owned(), place, existing })
    }

    /// Whether the file's name leaves room for that of its part.
    ///
    /// # Errors
    /// If it does not.
    pub fn check_name(target: &Path) -> Result<()> {
        check_length(&part_of(target)).map_err(|_| too_long(target))
    }

    /// What the file will be called.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the file its name when all of it is on the disk, and returns that. A name that another
    /// program took in the meantime is not worth losing it: the next free one beside it is taken.
    ///
    /// # Errors
    /// Where the disk is full or the folder is gone.
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

/// The part of a file.
fn part_of(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(SUFFIX);
    folder_of(target).join(name)
}

/// Opens the part of a file, empty, and holds it alone; what a run that died left of it is gone. None where another run
/// holds it now.
pub(super) fn open_part(target: &Path) -> std::io::Result<Option<(File, TempPath)>> {
    let path = part_of(target);
    for _ in 0..TRIES {
        // A link leads to what is not ours.
        if path.is_symlink() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // A disk without locks: two runs of one name are not noticed there.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Its last writer may have finished between the two.
        if is_at(&file, &path) {
            file.set_len(0)?;
            return TempPath::try_from_path(&path).map(|part| Some((file, part)));
        }
    }
    Err(ErrorKind::ResourceBusy.into())
}

/// Whether this is the file of that name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: std::io::Result<std::fs::Metadata>| metadata.ok().map(|it| (it.dev(), it.ino()));
    place(file.metadata()).is_some_and(|opened| place(std::fs::metadata(path)) == Some(opened))
}

/// Whether this is the file of that name: an open file keeps its name there.
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
        // What a killed run left.
        std::fs::write(&part, "much of an old one").unwrap();
        let mut file = PartialFile::create(&path, Existing::Keep).unwrap();
        assert!(PartialFile::create(&path, Existing::Keep).unwrap_err().to_string().contains("another run"));
        file.write_all(b"new").unwrap();
        assert_eq!(names(), [".a.gif.text2art-part"]);
        assert_eq!(file.finish().unwrap(), path);
        assert_eq!((names(), std::fs::read(&path).unwrap()), (vec!["a.gif".into()], b"new".to_vec()));
        drop(PartialFile::create(&path, Existing::Replace).unwrap());
        assert_eq!(names(), ["a.gif"]);
        // A name that was taken meanwhile.
        assert_eq!(
            PartialFile::create(&path, Existing::Keep).unwrap().finish().unwrap(),
            path.with_file_name("a-2.gif")
        );
        assert!(PartialFile::create(&folder.path().join("none/a.gif"), Existing::Keep).unwrap_err().is_usage());
    }
}
