//! The bytes of a checkpoint: a safetensors file whose metadata has a head in JSON, and the SHA-256 of the whole file,
//! computed with zeros in the place of the digest.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Metadata, TensorView};
use sha2::{Digest, Sha256};

use crate::files::{checkpoint_of, open_regular, to_hex, unreadable_file};
use crate::text::question;
use crate::{Error, Result};

/// The key of the head in the metadata.
const HEAD: &str = "text2art checkpoint";
/// The text before the digest in the file's header; unescaped, it occurs nowhere else.
const BEFORE_DIGEST: &[u8] = b"\"sha256\":\"";
/// The number of hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;
/// The size of the length that a safetensors file begins with, in bytes.
const LENGTH: usize = size_of::<u64>();
/// The longest header that is read, in bytes.
const LONGEST_HEADER: u64 = 16 << 20;
/// The largest file that is read, in bytes: several times that of the largest pictures with every optimizer.
const LARGEST: u64 = 4 << 30;

const HINT: &str = "give a checkpoint that ‹checkpoint-every› wrote";
/// What to do about a damaged checkpoint.
pub(super) const DAMAGED: &str = "restore the file, or draw the picture again";

/// The bytes of a file with this head and these tensors, by name.
///
/// # Errors
/// If they do not fit a file.
pub(super) fn whole(head: String, tensors: Vec<(&str, TensorView)>) -> Result<Vec<u8>> {
    let metadata = HashMap::from([(HEAD.to_owned(), head), ("sha256".to_owned(), "0".repeat(DIGITS))]);
    let mut file = safetensors::serialize(tensors, Some(metadata)).map_err(fault)?;
    let place = digest_place(&file).ok_or_else(|| fault("the header has no digest"))?;
    let digest = to_hex(&Sha256::digest(&file));
    file[place].copy_from_slice(digest.as_bytes());
    Ok(file)
}

pub(super) fn fault(error: impl std::fmt::Display) -> Error {
    Error::fault(format!("cannot encode the checkpoint: {error}"))
}

/// The place of the digest in the file.
fn digest_place(file: &[u8]) -> Option<std::ops::Range<usize>> {
    let length = usize::try_from(u64::from_le_bytes(*file.first_chunk()?)).ok()?;
    let header = file.get(LENGTH..LENGTH.checked_add(length)?)?;
    let before = header.windows(BEFORE_DIGEST.len()).position(|window| window == BEFORE_DIGEST)?;
    let start = LENGTH + before + BEFORE_DIGEST.len();
    (start + DIGITS <= LENGTH + length).then_some(start..start + DIGITS)
}

/// The bytes of the file, after the digest is verified.
pub(super) fn read_whole(path: &Path) -> Result<Vec<u8>> {
    let fault = |error: &std::io::Error| unreadable_file(path, error, HINT);
    let other = || {
        let checkpoint = checkpoint_of(path);
        let near = checkpoint.is_file().then(|| question(&[checkpoint.display().to_string()])).flatten();
        Error::file(path, "this is not a text2art checkpoint", near.unwrap_or_else(|| HINT.to_owned()))
    };
    let short = |bytes: usize| Error::file(path, format!("the checkpoint is cut short after {bytes} bytes"), DAMAGED);
    if path.is_dir() {
        return Err(other());
    }
    let mut opened = open_regular(path).map_err(|error| fault(&error))?;
    let mut file = Vec::new();
    // A file that is not a checkpoint is not read to its end.
    opened.by_ref().take(LENGTH as u64 + 1).read_to_end(&mut file).map_err(|error| fault(&error))?;
    let Some(length) = file.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
        return Err(short(file.len()));
    };
    if length > LONGEST_HEADER || file.get(LENGTH).is_some_and(|first| *first != b'{') {
        return Err(other());
    }
    opened.by_ref().take(length.saturating_sub(1)).read_to_end(&mut file).map_err(|error| fault(&error))?;
    if opened.metadata().is_ok_and(|metadata| metadata.len() > LARGEST) {
        return Err(Error::file(path, format!("the file is larger than {LARGEST} bytes"), HINT));
    }
    let data = LENGTH.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    if file.len() < data {
        return Err(short(file.len()));
    }
    let header = &file[LENGTH..];
    if !header.windows(HEAD.len()).any(|window| window == HEAD.as_bytes()) {
        return Err(other());
    }
    let damaged = || Error::file(path, "the checkpoint is damaged: its checksum does not match", DAMAGED);
    let metadata: Metadata = serde_json::from_slice(header).map_err(|_| damaged())?;
    let whole = data.checked_add(metadata.data_len()).ok_or_else(damaged)?;
    opened.take(metadata.data_len() as u64 + 1).read_to_end(&mut file).map_err(|error| fault(&error))?;
    if file.len() < whole {
        return Err(short(file.len()));
    }
    let place = digest_place(&file).ok_or_else(damaged)?;
    let digest = file[place.clone()].to_vec();
    let mut hash = Sha256::new();
    hash.update(&file[..place.start]);
    hash.update([b'0'; DIGITS]);
    hash.update(&file[place.end..]);
    if to_hex(&hash.finalize()).as_bytes() == digest { Ok(file) } else { Err(damaged()) }
}

/// The JSON of the head.
pub(super) fn head_of(file: &[u8]) -> Option<String> {
    let (_, metadata) = SafeTensors::read_metadata(file).ok()?;
    metadata.metadata().as_ref()?.get(HEAD).cloned()
}
