//! Uploading files piece by piece.

use object_store::{MultipartUpload, PutPayload};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::Stored;
use super::fault::{fault, fault_of_file};
use crate::error::Result;
use crate::files::to_hex;

/// The bytes that are read or written at a time. S3 accepts no parts smaller than 5 MiB, except the last.
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
        // Leftovers are collected later.
        let _ = upload.abort().await;
    }
    stored
}

/// How a file is stored, after its first piece was read.
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

/// The next piece of a file; it is shorter at the end.
pub(super) async fn next(source: &mut tokio::io::Take<File>) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    source.take(AT_A_TIME as u64).read_to_end(&mut piece).await?;
    Ok(piece)
}
