//! Slots: places in the folder of a worker, each held by a lock, for one job at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::error::{Error, Result};
use crate::queue::Claim;

/// The most slots of all workers that share a folder.
const MOST: usize = 1024;

/// A place for a job. Nobody else uses it until this value is dropped and its last child has ended.
pub(super) struct Slot {
    number: usize,
    folder: PathBuf,
    lock: File,
}

impl Slot {
    /// Takes the first free slot, and removes what a killed worker left in it.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, or has no free slot.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
        for number in 0..MOST {
            if let Some(slot) = Self::of(folder, number)? {
                slot.clear()?;
                return Ok(slot);
            }
        }
        Err(Error::file(folder, "all slots of the folder are taken", "end another worker, or choose another folder"))
    }

    /// Removes what killed workers left in slots that nobody uses now.
    pub(super) fn sweep(folder: &Path) {
        for number in (0..MOST).take_while(|number| lock_of(folder, *number).exists()) {
            // What stays is removed by whoever takes the slot.
            if let Ok(Some(slot)) = Self::of(folder, number) {
                let _ = slot.clear();
            }
        }
    }

    /// The slot of a number; `None` if another worker has it, or its last child still lives.
    fn of(folder: &Path, number: usize) -> Result<Option<Self>> {
        let path = lock_of(folder, number);
        let lock = OpenOptions::new().create(true).read(true).append(true).open(&path);
        let lock = lock.map_err(|error| unusable(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { number, folder: folder.join(format!("slot-{number}")), lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
        }
    }

    /// Its number, from 0. No other slot of the folder has the same at the same time.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// A new folder for the files of a claim.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    pub(super) fn job(&self, claim: &Claim) -> Result<PathBuf> {
        self.clear()?;
        let folder = self.folder.join(format!("{}-{}", claim.job, claim.number));
        std::fs::create_dir_all(&folder).map_err(|error| unusable(&folder, &error))?;
        Ok(folder)
    }

    /// Removes the files of the last claim.
    ///
    /// # Errors
    ///
    /// If they cannot be removed.
    pub(super) fn clear(&self) -> Result<()> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(unusable(&self.folder, &error)),
            _ => Ok(()),
        }
    }

    /// The standard output of a child. It is the file of the lock, so that the slot stays taken as long as the child
    /// lives, even if this worker is killed. The child prints nothing but the names of its files.
    pub(super) fn output(&self) -> Stdio {
        #[cfg(unix)]
        if let Ok(held) = self.lock.set_len(0).and_then(|()| self.lock.try_clone()) {
            return held.into();
        }
        let _ = &self.lock;
        Stdio::null()
    }
}

fn lock_of(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("slot-{number}.lock"))
}

/// The error of a file or folder that this worker needs.
pub(super) fn unusable(path: &Path, error: &std::io::Error) -> Error {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space on the disk of the worker",
        _ => "make the folder of the worker readable and writable, or choose another one",
    };
    Error::network(format!("the worker cannot use {}: {error}", path.display()), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_one_holder_and_begins_empty() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("slot-0/job-1/picture.png");
        std::fs::create_dir_all(left.parent().unwrap()).unwrap();
        std::fs::write(&left, "left by a killed worker").unwrap();
        let first = Slot::take(folder.path()).unwrap();
        assert!(!left.exists());
        let second = Slot::take(folder.path()).unwrap();
        assert!(first.folder.ends_with("slot-0") && second.folder.ends_with("slot-1"));
        std::fs::create_dir(&second.folder).unwrap();
        Slot::sweep(folder.path());
        assert!(second.folder.exists());
        drop((first, second));
        Slot::sweep(folder.path());
        assert!(!folder.path().join("slot-1").exists());
        assert!(Slot::take(folder.path()).unwrap().folder.ends_with("slot-0"));
    }

    #[cfg(unix)]
    #[test]
    fn a_child_holds_the_slot_of_its_worker() {
        let folder = tempfile::tempdir().unwrap();
        let slot = Slot::take(folder.path()).unwrap();
        let child = std::process::Command::new("cat").stdin(Stdio::piped()).stdout(slot.output()).spawn();
        let mut child = child.unwrap();
        drop(slot);
        assert!(Slot::take(folder.path()).unwrap().folder.ends_with("slot-1"));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(Slot::take(folder.path()).unwrap().folder.ends_with("slot-0"));
    }
}
