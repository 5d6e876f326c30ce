//! Where a link leads, and the permissions that a replaced file passes on.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use super::write::folder_of;

/// The most links that are followed: the limit of Linux.
const MOST_LINKS: usize = 40;

/// The path itself, or the path that links of that name lead to, even if nothing exists there.
pub(crate) fn end_of_links(path: &Path) -> Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..=MOST_LINKS {
        match std::fs::read_link(&place) {
            Ok(next) => place = folder_of(&place).join(next),
            // It is not a link, or nothing is there.
            Err(_) => return Ok(place),
        }
    }
    Err(Error::other("too many links, possibly in a circle"))
}

/// Gives a file the permissions of the file that it will replace, if there is one.
pub(super) fn take_over_mode(file: &File, replaced: &Path) -> Result<()> {
    let metadata = match std::fs::metadata(replaced) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Err(Error::new(ErrorKind::InvalidInput, "the existing file is not a regular file")),
        Err(_) => return Ok(()),
    };
    // A file system without permissions is no reason to lose the file.
    let _ = file.set_permissions(metadata.permissions());
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_their_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        symlink("second", path("first")).unwrap();
        symlink(path("third"), path("second")).unwrap();
        assert_eq!(end_of_links(&path("first")).unwrap(), path("third"));
        std::fs::write(path("third"), "").unwrap();
        assert_eq!(end_of_links(&path("first")).unwrap(), path("third"));
        assert_eq!(end_of_links(&path("none")).unwrap(), path("none"));
        symlink("circle", path("circle")).unwrap();
        assert!(end_of_links(&path("circle")).unwrap_err().to_string().contains("circle"));
    }
}
