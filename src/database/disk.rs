//! Where a file of `SQLite` may be: its locks do not work on disks of other machines.

use std::path::Path;

use crate::error::{Error, Result};

/// Refuses a file on a disk of another machine, as far as the system tells.
pub(super) fn check_disk(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if is_remote(folder) {
        return Err(Error::file(
            path,
            "SQLite cannot be used on a network drive, where its locks do not work",
            "choose a folder on a disk of this machine, or use PostgreSQL",
        ));
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_remote(folder: &Path) -> bool {
    // What cannot be asked is found when the file is opened.
    rustix::fs::statfs(folder).is_ok_and(|disk| is_remote_kind(u64::try_from(disk.f_type).unwrap_or(0)))
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_: &Path) -> bool {
    false
}

/// The numbers of NFS, SMB, CIFS, SMB 2, AFS, Ceph and 9P, from `linux/magic.h`.
#[cfg(target_os = "linux")]
fn is_remote_kind(number: u64) -> bool {
    // On some machines the number is signed and has 32 bits.
    let remote = [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x5346_414F, 0x00C3_6400, 0x0102_1997];
    remote.contains(&(number & 0xFFFF_FFFF))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_drives_are_known_by_their_numbers() {
        assert!(is_remote_kind(0x6969) && is_remote_kind(0xFFFF_FFFF_FF53_4D42));
        assert!(!is_remote_kind(0xEF53) && !is_remote_kind(0x0102_1994));
        let folder = tempfile::tempdir().unwrap();
        check_disk(&folder.path().join("queue.db")).unwrap();
        check_disk(Path::new("queue.db")).unwrap();
    }
}
