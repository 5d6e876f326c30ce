//! Uploading files piece by piece.

use object_store::{MultipartUpload, PutPayload};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::Stored;
use super::fault::{fault, fault_of_file};
use crate::error::Result;
use crate::files::to_hex;

/// The bytes that are read or written at a time. S3 takes no parts of less than 5 MiB, but for the last one.
pub(super) const AT_A_TIME: usize = 8 << 20;

/// Uploads a file piece by piece, or not at all.
pub(super) async fn whole(
    upload: &mut dyn MultipartUpload,
    first: Vec<u8>,
    source: &mut tokio::io::Take<File>,
    key: &str,
    name: &str,
) -> Result<Stored> {
    let stored = pieces(upload, first, source, key, name).await;
    if stored.is_err() {
        // What stays is collected later.
        let _ = upload.abort().await;
    }
    stored
}

/// What a file would be stored as, after its first piece was read.
pub(super) async fn digest(first: Vec<u8>, source: &mut tokio::io::Take<File>) -> std::io::Result<Stored> {
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, first);
    while !piece.is_empty() {
        hash.update(&piece);
        bytes += piece.len() as u64;
        piece = next(source).await?;
    }
    Ok(Stored { bytes, sha256: to_hex(&hash.finalize()) })
}

/// Uploads a file piece by piece, after its first piece was read.
async fn pieces(
    upload: &mut dyn MultipartUpload,
    first: Vec<u8>,
    source: &mut tokio::io::Take<File>,
    key: &str,
    name: &str,
) -> Result<Stored> {
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, first);
    while !piece.is_empty() {
        hash.update(&piece);
        bytes += piece.len() as u64;
        upload.put_part(PutPayload::from(piece)).await.map_err(|error| fault(key, &error))?;
        piece = next(source).await.map_err(|error| fault_of_file(name, &error))?;
    }
    upload.complete().await.map_err(|error| fault(key, &error))?;
    Ok(Stored { bytes, sha256: to_hex(&hash.finalize()) })
}

/// The next bytes of a file, as many as go at a time; fewer at its end.
pub(super) async fn next(source: &mut tokio::io::Take<File>) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    source.take(AT_A_TIME as u64).read_to_end(&mut piece).await?;
    Ok(piece)
}
