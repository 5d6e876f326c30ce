//! SHA-256 of files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::models::files::unreadable;
use crate::{Error, Result};

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The SHA-256 of a file, in hexadecimal digits.
///
/// # Errors
/// Where the file cannot be read.
pub fn hash_file(path: &Path) -> Result<String> {
    hash_open_file(&File::open(path).map_err(|error| fault(path, &error))?, path)
}

/// The SHA-256 of a file that is open, from where it is; `path` is what errors call it.
///
/// # Errors
/// Where the file cannot be read.
pub fn hash_open_file(mut file: &File, path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(|error| fault(path, &error))? {
            0 => return Ok(to_hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

fn fault(path: &Path, error: &std::io::Error) -> Error {
    Error::file(path, unreadable(error), "make the file readable")
}
