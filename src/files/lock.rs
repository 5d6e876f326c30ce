//! Locks of open files, which end with the process that holds them.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;

/// Locks an open file; false if another process holds the lock. On a file system without locks, this is always true, so two
/// processes that use the same file do not notice each other.
///
/// # Errors
/// If the system fails.
pub(crate) fn lock(file: &File) -> std::io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
