//! SHA-256 of files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{open_regular, unreadable};
use crate::{Error, Result};

/// Bytes as lowercase hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The SHA-256 of a regular file, in hexadecimal digits.
///
/// # Errors
/// If the file cannot be read, or grows while it is read.
pub fn hash_file(path: &Path) -> Result<String> {
    hash_open_file(&open_regular(path).map_err(|error| fault(path, &error))?, path)
}

/// The SHA-256 of a regular file of at most `most` bytes, in hexadecimal digits.
///
/// # Errors
/// If the file cannot be read, or is larger.
pub(crate) fn hash_file_within(path: &Path, most: u64) -> Result<String> {
    let file = open_regular(path).map_err(|error| fault(path, &error))?;
    if file.metadata().map_err(|error| fault(path, &error))?.len() > most {
        return Err(Error::file(path, format!("the file is larger than {most} bytes"), "give a smaller file"));
    }
    hash_open_file(&file, path)
}

/// The SHA-256 of the content of several files, one after the other. For a single file it is the SHA-256 of that file.
///
/// # Errors
/// If a file cannot be read.
pub fn hash_files(paths: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for path in paths {
        feed(&mut hash, &open_regular(path).map_err(|error| fault(path, &error))?, path)?;
    }
    Ok(to_hex(&hash.finalize()))
}

/// The SHA-256 of the content of several open files, each read from its current position. The paths are for errors.
///
/// # Errors
/// If a file cannot be read.
pub fn hash_open_files(files: &[(File, PathBuf)]) -> Result<String> {
    let mut hash = Sha256::new();
    files.iter().try_for_each(|(file, path)| feed(&mut hash, file, path))?;
    Ok(to_hex(&hash.finalize()))
}

/// The SHA-256 of an open file, read from its current position. The path is for errors.
///
/// # Errors
/// If the file cannot be read, or grows while it is read.
pub fn hash_open_file(file: &File, path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    feed(&mut hash, file, path)?;
    Ok(to_hex(&hash.finalize()))
}

fn feed(hash: &mut Sha256, mut file: &File, path: &Path) -> Result<()> {
    let mut left = file.metadata().map_err(|error| fault(path, &error))?.len();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(|error| fault(path, &error))? {
            0 => return Ok(()),
            count => {
                hash.update(&buffer[..count]);
                let grown = || Error::file(path, "the file grows while it is read", "wait until the file is complete");
                left = left.checked_sub(count as u64).ok_or_else(grown)?;
            }
        }
    }
}

fn fault(path: &Path, error: &std::io::Error) -> Error {
    Error::file(path, unreadable(error), "give a regular file that you can read")
}
