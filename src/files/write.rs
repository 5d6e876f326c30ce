//! Writes files completely or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::link::{end_of_links, take_over_mode};
use super::name::{behind_stem, check_length};
use super::partial::open_part;
use crate::{Error, Result};

/// The name of a file that is only asked about.
const PROBE: &str = ".text2art-probe";

/// What to do with a file that already exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Replace it
    Replace,
    /// Keep it, and fail
    Keep,
}

/// Writes a file under a temporary name beside its own, and renames it once all of it is on the disk. A temporary file
/// that a killed run left is overwritten. If the path is a link, the file that it leads to is written. A replaced file
/// passes its permissions on.
///
/// # Errors
/// If the folder is missing or not writable, the disk is full, the file exists and must be kept, or it exists and is
/// not a regular file.
pub fn write_whole(path: &Path, content: &[u8], existing: Existing) -> Result<()> {
    let fault = |source: std::io::Error| Error::Write { path: path.to_owned(), source };
    let place = end_of_links(path).map_err(fault)?;
    let (mut file, part) = match open_part(&place) {
        Ok(Some(part)) => part,
        // Another run is writing the same file, or the name is too long for a suffix: any other name will do.
        Ok(None) | Err(_) => temporary(&folder_of(&place)).map_err(fault)?.into_parts(),
    };
    if existing == Existing::Replace {
        take_over_mode(&file, &place).map_err(fault)?;
    }
    file.write_all(content).and_then(|()| file.sync_all()).map_err(fault)?;
    let kept = match existing {
        Existing::Replace => part.persist(&place),
        Existing::Keep => part.persist_noclobber(&place),
    };
    kept.map_err(|error| fault(error.error))
}

/// Writes a file as [`write_whole`] does, but takes the next free name beside it if another program has taken its name.
/// Returns the path of the file.
///
/// # Errors
/// As for [`write_whole`].
pub fn write_beside(path: &Path, content: &[u8], existing: Existing) -> Result<PathBuf> {
    for free in free_beside(path) {
        match write_whole(&free, content, existing) {
            Err(Error::Write { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            written => return written.map(|()| free),
        }
    }
    Err(Error::Write { path: path.to_owned(), source: std::io::ErrorKind::AlreadyExists.into() })
}

/// Writes a file that only the user may read, as [`write_whole`] does, with its folder.
///
/// # Errors
/// If the folder cannot be made, or the file cannot be written.
#[cfg(feature = "server")]
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let fault = |source: std::io::Error| Error::Write { path: path.to_owned(), source };
    let folder = folder_of(path);
    std::fs::create_dir_all(&folder).map_err(fault)?;
    // Its mode is 600 from the beginning.
    let mut file = NamedTempFile::with_prefix_in(".text2art-", &folder).map_err(fault)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).map_err(fault)?;
    file.persist(path).map_err(|error| fault(error.error))?;
    Ok(())
}

/// Creates a folder, and those above it, for its owner alone. A folder that exists stays as it is.
///
/// # Errors
/// If a folder cannot be created.
#[cfg(feature = "server")]
pub(crate) fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Checks that a file of this name can be written: that its folder exists and takes new files.
///
/// # Errors
/// If the folder is missing, or no file can be created in it.
pub fn check_folder(path: &Path) -> Result<()> {
    let place = end_of_links(path).map_err(|error| {
        Error::file(path, format!("the link cannot be followed: {error}"), "remove the link, or choose another name")
    })?;
    check_length(&place)?;
    let folder = folder_of(&place);
    tempfile::tempfile_in(&folder).map(drop).map_err(|source| {
        let problem = match source.kind() {
            std::io::ErrorKind::NotFound => "folder not found".to_owned(),
            std::io::ErrorKind::NotADirectory => "this is not a folder".to_owned(),
            _ => format!("the folder cannot be written to: {source}"),
        };
        let missing = source.kind() == std::io::ErrorKind::NotFound;
        if place != path {
            let problem = format!("the link leads to {}: {problem}", place.display());
            let hint = if missing { "create that folder first, or remove the link" } else { "remove the link" };
            return Error::file(path, problem, hint);
        }
        let hint = match source.kind() {
            std::io::ErrorKind::NotFound => "create the folder first, or choose another one",
            std::io::ErrorKind::PermissionDenied => "choose a folder you may write to, or change its permissions",
            _ => "choose another folder",
        };
        Error::file(folder, problem, hint)
    })
}

/// Checks that a file of this name can be written, as [`check_folder`] does, once [`create_folder_of`] has created the
/// folders that are missing.
///
/// # Errors
/// If they cannot be created, or no file can be created in them.
pub fn check_new_folder(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    if folder.symlink_metadata().is_ok() {
        return check_folder(path);
    }
    let is_there = |above: &&Path| above.as_os_str().is_empty() || above.symlink_metadata().is_ok();
    let there = folder.ancestors().find(is_there).unwrap_or(Path::new(""));
    // Whether a name is too long is known only where there is a folder for it.
    let missing = path.strip_prefix(there).unwrap_or(path);
    missing.components().try_for_each(|name| check_length(&there.join(name)))?;
    check_folder(&there.join(PROBE))
}

/// Creates the folders of a file that are missing.
///
/// # Errors
/// If they cannot be created.
pub fn create_folder_of(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(&folder).map_err(|source| Error::Write { path: folder, source })
}

/// Removes a file. That there is none is not an error.
pub(crate) fn remove_if_present(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A file without a name on the disk of the target. It vanishes when it is closed.
pub(crate) fn nameless(target: &Path) -> Result<std::fs::File> {
    let file = end_of_links(target).and_then(|place| tempfile::tempfile_in(folder_of(&place)));
    file.map_err(|source| Error::Write { path: target.to_owned(), source })
}

/// The path, then the path with -2, -3 and so on after its stem.
pub(crate) fn free_beside(path: &Path) -> impl Iterator<Item = PathBuf> {
    let path = path.to_owned();
    let numbered = |path: PathBuf| (2..10_000).map(move |number| behind_stem(&path, &format!("-{number}")));
    std::iter::once(path.clone()).chain(numbered(path))
}

pub(super) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".text2art-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The user's umask takes bits away from this, as for any new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::PartialFile;

    #[test]
    fn files_are_whole_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        write_whole(&path, b"one", Existing::Keep).unwrap();
        assert!(write_whole(&path, b"two", Existing::Keep).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write_whole(&path, b"two", Existing::Replace).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        check_folder(&path).unwrap();
        // A file left by a killed run is gone, and one that a run is still writing is not touched.
        let part = folder.path().join(".a.png.text2art-part");
        std::fs::write(&part, "much of an old one").unwrap();
        write_whole(&path, b"three", Existing::Replace).unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), part.exists()), (b"three".to_vec(), false));
        let mut running = PartialFile::create(&path, Existing::Replace).unwrap();
        running.write_all(b"four").unwrap();
        write_whole(&path, b"five", Existing::Replace).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"five");
        running.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"four");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        // A link in its place is not followed.
        #[cfg(unix)]
        {
            let mine = folder.path().join("mine");
            std::fs::write(&mine, "mine").unwrap();
            std::os::unix::fs::symlink(&mine, &part).unwrap();
            write_whole(&path, b"six", Existing::Replace).unwrap();
            assert_eq!((std::fs::read(&path).unwrap(), std::fs::read(&mine).unwrap()), (b"six".into(), b"mine".into()));
        }
        let new = folder.path().join("one/two/a.png");
        check_new_folder(&new).unwrap();
        assert!(!folder.path().join("one").exists());
        create_folder_of(&new).unwrap();
        check_folder(&new).unwrap();
        for wrong in [folder.path().join("a.png/two/a.png"), folder.path().join(format!("{}/a.png", "x".repeat(300)))] {
            assert!(check_new_folder(&wrong).unwrap_err().is_usage(), "{}", wrong.display());
        }
        std::fs::remove_dir_all(folder.path().join("one")).unwrap();
        let lost = folder.path().join("none/a.png");
        assert!(write_whole(&lost, b"", Existing::Keep).is_err());
        assert!(check_folder(&lost).unwrap_err().is_usage());
    }
}
