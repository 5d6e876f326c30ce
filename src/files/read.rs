//! Opens files according to their kind, and reads no more of them than a bound.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// The largest small file, in bytes.
const SMALL: u64 = 64 << 10;

/// Why an existing file is not read.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("this is a folder")]
    Folder,
    #[error("this is not a regular file")]
    Irregular,
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Folder => ErrorKind::IsADirectory,
            Refusal::Irregular => ErrorKind::InvalidInput,
            Refusal::TooLarge(_) => ErrorKind::FileTooLarge,
        };
        Self::new(kind, refusal)
    }
}

/// Why this module refused a file; none for an error that the system reported.
pub(crate) fn reason(error: &Error) -> Option<String> {
    error.get_ref()?.downcast_ref::<Refusal>().map(ToString::to_string)
}

/// A file that is read once, from the beginning.
pub(crate) enum Source {
    /// Bytes on a disk
    Regular(File),
    /// Bytes from another program. The file is opened without waiting, so a read may have to be repeated
    Pipe(File),
    /// Bytes from a device
    Device,
}

/// Opens a regular file. A pipe is refused rather than waited for, and so is a device, which may have no end.
pub(crate) fn open_regular(path: &Path) -> Result<File> {
    // Checked before opening, which may have an effect on a device, and again afterwards, since the file may have
    // changed.
    check_regular(&std::fs::metadata(path)?)?;
    let file = open(path)?;
    check_regular(&file.metadata()?)?;
    Ok(file)
}

/// Opens anything that can be read, without waiting for a program at the other end of a pipe.
pub(crate) fn open_source(path: &Path) -> Result<Source> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return Ok(Source::Regular(file));
    }
    if metadata.is_dir() {
        return Err(Refusal::Folder.into());
    }
    Ok(if is_pipe(&metadata) { Source::Pipe(file) } else { Source::Device })
}

/// Reads a regular file of at most `most` bytes.
pub(crate) fn read_regular(path: &Path, most: u64) -> Result<Vec<u8>> {
    read_within(open_regular(path)?, most)
}

/// Reads at most `most` bytes from anything that can be read, waiting for the program at the other end of a pipe. Call
/// this only while a signal still ends the program.
pub(crate) fn read_source(path: &Path, most: u64) -> Result<Vec<u8>> {
    if std::fs::metadata(path)?.is_dir() {
        return Err(Refusal::Folder.into());
    }
    read_within(File::open(path)?, most)
}

/// Reads to the end, which must come within `most` bytes.
pub(crate) fn read_within(reader: impl Read, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Refusal::TooLarge(most).into()) } else { Ok(bytes) }
}

/// Whether a regular file begins with these bytes.
pub(crate) fn begins_with(path: &Path, bytes: &[u8]) -> bool {
    let mut found = vec![0; bytes.len()];
    let read = open_regular(path).and_then(|mut file| file.read_exact(&mut found));
    read.is_ok() && found == bytes
}

/// The text of a small file written by this program or one like it; none if there is no such file.
pub(crate) fn small_text(path: &Path) -> Option<String> {
    String::from_utf8(read_regular(path, SMALL).ok()?).ok()
}

fn check_regular(metadata: &Metadata) -> Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(if metadata.is_dir() { Refusal::Folder } else { Refusal::Irregular }.into())
}

#[cfg(unix)]
fn open(path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn is_pipe(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_within_the_bound_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("four");
        std::fs::write(&path, "1234").unwrap();
        assert_eq!(read_regular(&path, 4).unwrap(), b"1234");
        let why = |result: Result<Vec<u8>>| reason(&result.unwrap_err()).unwrap();
        assert_eq!(why(read_regular(&path, 3)), "the file is larger than 3 bytes");
        assert_eq!(why(read_regular(folder.path(), 3)), "this is a folder");
        assert_eq!(why(read_source(folder.path(), 3)), "this is a folder");
        assert!(reason(&read_regular(&folder.path().join("none"), 3).unwrap_err()).is_none());
        #[cfg(unix)]
        {
            assert_eq!(why(read_regular(Path::new("/dev/zero"), 3)), "this is not a regular file");
            assert_eq!(why(read_source(Path::new("/dev/zero"), 3)), "the file is larger than 3 bytes");
            assert_eq!(read_source(Path::new("/dev/null"), 3).unwrap(), b"");
        }
    }
}
