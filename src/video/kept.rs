//! The frames of a run, in a file beside its checkpoint. A resumed run makes its movies from these frames, starting at
//! the first.
//!
//! The file only grows. After [`MAGIC`], each frame has its number of slots, the length of its data, both as 32-bit
//! little-endian numbers, and its compressed difference from the frame before. A checkpoint records the length of the
//! file and its digest; anything that a killed run wrote after that is cut off.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use image::RgbImage;
use sha2::{Digest, Sha256};

use crate::files::{begins_with, open_regular, remove_if_present, to_hex, unreadable};
use crate::output::KeptFrames;
use crate::picture::Size;
use crate::{Error, Result};

/// The beginning of the file.
const MAGIC: [u8; 16] = *b"text2art frames\n";
/// The largest file, in bytes: if a run needs more, its movies start over when the run is resumed.
const LARGEST: u64 = 64 << 30;
/// The number of bytes that are read at a time.
const READ_AT_A_TIME: usize = 1 << 20;
/// The number of bytes before the data of a frame.
const HEAD: usize = 8;
const HINT: &str = "restore the file, or resume without the earlier frames";

/// A file of frames of one size.
pub(super) struct FrameFile {
    path: PathBuf,
    file: File,
    size: Size,
    /// The digest of all bytes so far
    hash: Sha256,
    bytes: u64,
    frames: usize,
    /// The bytes of the last frame; zeros before the first
    before: Vec<u8>,
}

impl FrameFile {
    /// Creates a file. The file of an earlier run is replaced.
    ///
    /// # Errors
    /// If the file cannot be written, or another program's file has the name.
    pub(super) fn create(path: &Path, size: Size) -> Result<Self> {
        remove_kept_frames(path)?;
        let fault = |source| Error::Write { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path).map_err(fault)?;
        let before = vec![0; 3 * size.width * size.height];
        let mut frames = Self { path: path.to_owned(), file, size, hash: Sha256::new(), bytes: 0, frames: 0, before };
        frames.write(&MAGIC)?;
        Ok(frames)
    }

    /// Continues the file of an earlier part of the run, up to the length in its checkpoint. If the path changes, the
    /// file is copied.
    ///
    /// # Errors
    /// If the file is missing, is damaged, belongs to another run, or cannot be written.
    pub(super) fn reopen(path: &Path, earlier: &Path, kept: &KeptFrames, size: Size) -> Result<Self> {
        let hash = check(earlier, kept)?;
        let fault = |source| Error::Write { path: path.to_owned(), source };
        let mut frames = if path == earlier {
            let file = OpenOptions::new().read(true).write(true).open(path).map_err(fault)?;
            let before = vec![0; 3 * size.width * size.height];
            Self { path: path.to_owned(), file, size, hash: Sha256::new(), bytes: 0, frames: 0, before }
        } else {
            // Open the earlier file first: both names may mean one file, which `create` removes.
            let earlier = open_regular(earlier).map_err(|error| Error::file(earlier, unreadable(&error), HINT))?;
            let mut frames = Self::create(path, size)?;
            let copied = frames.file.rewind();
            copied.and_then(|()| std::io::copy(&mut earlier.take(kept.bytes), &mut frames.file)).map_err(fault)?;
            frames
        };
        frames.file.set_len(kept.bytes).map_err(fault)?;
        (frames.hash, frames.bytes, frames.frames) = (hash, kept.bytes, kept.frames);
        Ok(frames)
    }

    /// Passes on the frames so far, each with its number of slots. After that, new frames can be added.
    ///
    /// # Errors
    /// If a frame cannot be read.
    pub(super) fn replay(&mut self, mut each: impl FnMut(&RgbImage, usize)) -> Result<()> {
        let fault = |error: &std::io::Error| Error::file(&self.path, unreadable(error), HINT);
        let damaged = || Error::file(&self.path, "the file of frames is damaged", HINT);
        self.file.seek(SeekFrom::Start(MAGIC.len() as u64)).map_err(|error| fault(&error))?;
        self.before.fill(0);
        let mut reader = BufReader::with_capacity(READ_AT_A_TIME, (&self.file).take(self.bytes));
        let (mut compressed, mut difference) = (Vec::new(), Vec::new());
        for _ in 0..self.frames {
            let mut head = [0; HEAD];
            reader.read_exact(&mut head).map_err(|_| damaged())?;
            let [slots, length] =
                [0, 4].map(|at| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
            let length = usize::try_from(length).ok().filter(|length| *length <= most_bytes(self.before.len()));
            compressed.resize(length.ok_or_else(damaged)?, 0);
            reader.read_exact(&mut compressed).map_err(|_| damaged())?;
            difference.clear();
            let decoder = DeflateDecoder::new(compressed.as_slice());
            let read = decoder.take(self.before.len() as u64 + 1).read_to_end(&mut difference);
            if read.map_err(|_| damaged())? != self.before.len() {
                return Err(damaged());
            }
            self.before.iter_mut().zip(&difference).for_each(|(byte, more)| *byte = byte.wrapping_add(*more));
            let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
            let picture = RgbImage::from_raw(side(self.size.width), side(self.size.height), self.before.clone());
            each(&picture.ok_or_else(damaged)?, usize::try_from(slots).unwrap_or(usize::MAX));
        }
        drop(reader);
        self.file.seek(SeekFrom::Start(self.bytes)).map(drop).map_err(|error| fault(&error))
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// If the disk is full.
    pub(super) fn push(&mut self, picture: &RgbImage, slots: usize) -> Result<()> {
        let pixels = picture.as_raw();
        let difference: Vec<u8> = pixels.iter().zip(&self.before).map(|(now, then)| now.wrapping_sub(*then)).collect();
        let mut record = vec![0; HEAD];
        let mut encoder = DeflateEncoder::new(&mut record, Compression::fast());
        let compressed = encoder.write_all(&difference).and_then(|()| encoder.finish().map(drop));
        compressed.map_err(|error| Error::fault(format!("cannot compress a frame: {error}")))?;
        let numbers = [slots, record.len() - HEAD].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        record[..HEAD].copy_from_slice(&numbers.map(u32::to_le_bytes).concat());
        self.write(&record)?;
        self.frames += 1;
        self.before.copy_from_slice(pixels);
        Ok(())
    }

    /// Flushes the file to the disk, and returns its extent.
    ///
    /// # Errors
    /// If the disk is full.
    pub(super) fn kept(&self) -> Result<KeptFrames> {
        self.file.sync_data().map_err(|source| self.unwritten(source))?;
        let sha256 = to_hex(&self.hash.clone().finalize());
        Ok(KeptFrames { frames: self.frames, bytes: self.bytes, sha256 })
    }

    /// Removes the file.
    pub(super) fn remove(self) {
        let Self { path, file, .. } = self;
        drop(file);
        // The file is useless, but does no harm if it stays.
        let _ = std::fs::remove_file(path);
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.bytes + bytes.len() as u64 > LARGEST {
            return Err(self.unwritten(ErrorKind::FileTooLarge.into()));
        }
        self.file.write_all(bytes).map_err(|source| self.unwritten(source))?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn unwritten(&self, source: std::io::Error) -> Error {
        Error::Write { path: self.path.clone(), source }
    }
}

/// Removes a file of frames, if it exists. Any other file with the name is kept.
///
/// # Errors
/// If the file cannot be removed.
pub fn remove_kept_frames(path: &Path) -> Result<()> {
    let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    if !is_file || !begins_with(path, &MAGIC) {
        return Ok(());
    }
    remove_if_present(path).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Checks that the frames before a checkpoint can be used.
///
/// # Errors
/// If the file is missing, is damaged, or belongs to another run.
pub fn check_kept_frames(path: &Path, kept: &KeptFrames) -> Result<()> {
    check(path, kept).map(drop)
}

/// Checks that a file begins as its checkpoint says, and returns the state of the digest after that part.
fn check(path: &Path, kept: &KeptFrames) -> Result<Sha256> {
    let fault = |error: &std::io::Error| Error::file(path, unreadable(error), HINT);
    let mut file = open_regular(path).map_err(|error| fault(&error))?.take(kept.bytes.min(LARGEST));
    let (mut hash, mut buffer, mut length, mut is_own) = (Sha256::new(), vec![0; READ_AT_A_TIME], 0, false);
    loop {
        match file.read(&mut buffer).map_err(|error| fault(&error))? {
            0 => break,
            count => {
                is_own |= length == 0 && buffer[..count].starts_with(&MAGIC);
                hash.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
    if length < kept.bytes {
        return Err(Error::file(path, format!("the file of frames is cut short after {length} bytes"), HINT));
    }
    if !is_own || to_hex(&hash.clone().finalize()) != kept.sha256 {
        return Err(Error::file(path, "the file of frames is damaged, or belongs to another checkpoint", HINT));
    }
    Ok(hash)
}

/// The most bytes that compression makes of so many: incompressible data is stored in blocks with headers.
fn most_bytes(bytes: usize) -> usize {
    bytes + bytes / 64 + 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(seed: u8) -> RgbImage {
        RgbImage::from_fn(5, 3, |x, y| image::Rgb([seed, seed.wrapping_mul(u8::try_from(x * 7 + y).unwrap()), 9]))
    }

    fn size() -> Size {
        Size { width: 5, height: 3 }
    }

    fn replayed(file: &mut FrameFile) -> Vec<(RgbImage, usize)> {
        let mut frames = Vec::new();
        file.replay(|picture, slots| frames.push((picture.clone(), slots))).unwrap();
        frames
    }

    #[test]
    fn frames_come_back_as_far_as_the_checkpoint_knows() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("p.png.t2a-frames"), folder.path().join("q.png.t2a-frames"));
        let mut file = FrameFile::create(&path, size()).unwrap();
        for seed in 0..3 {
            file.push(&frame(seed), usize::from(seed) + 1).unwrap();
        }
        let kept = file.kept().unwrap();
        file.push(&frame(77), 1).unwrap();
        drop(file);
        let three: Vec<_> = (0..3).map(|seed| (frame(seed), usize::from(seed) + 1)).collect();
        // Under another name the frames are copied, and the first file stays.
        let mut copy = FrameFile::reopen(&other, &path, &kept, size()).unwrap();
        assert_eq!(replayed(&mut copy), three);
        let mut again = FrameFile::reopen(&path, &path, &kept, size()).unwrap();
        assert_eq!(replayed(&mut again), three);
        for file in [&mut copy, &mut again] {
            file.push(&frame(3), 4).unwrap();
            assert_eq!(replayed(file)[3], (frame(3), 4));
        }
        assert_eq!(copy.kept().unwrap(), again.kept().unwrap());
        let kept = again.kept().unwrap();
        assert_eq!((kept.frames, kept.bytes), (4, std::fs::metadata(&path).unwrap().len()));
    }

    #[test]
    fn what_is_damaged_or_not_its_own_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames");
        let reopen =
            |kept: &KeptFrames| FrameFile::reopen(&path, &path, kept, size()).map(drop).unwrap_err().to_string();
        let mut file = FrameFile::create(&path, size()).unwrap();
        file.push(&frame(1), 1).unwrap();
        let kept = file.kept().unwrap();
        let whole = std::fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            assert!(reopen(&kept).contains("damaged"), "byte {place}");
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(reopen(&kept).contains("cut short"));
        std::fs::remove_file(&path).unwrap();
        assert!(reopen(&kept).contains("file not found"));
        // The file of another program is kept.
        std::fs::write(&path, "my notes, which are long enough").unwrap();
        remove_kept_frames(&path).unwrap();
        assert!(FrameFile::create(&path, size()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"my notes, which are long enough");
    }
}
