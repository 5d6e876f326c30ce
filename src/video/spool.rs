//! Keeps pictures on the disk until they are needed again, so that no run is too long for the memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::files::nameless;
use crate::picture::Size;
use crate::{Error, Result};

/// Pictures of one size, each with a number, in a file without a name, which disappears when the program ends.
pub(super) struct Spool {
    /// The file that the pictures are for
    target: PathBuf,
    file: File,
    size: Size,
    numbers: Vec<u64>,
}

impl Spool {
    /// Creates a spool beside the file that its pictures are for, where there is room.
    pub(super) fn create(target: &Path, size: Size) -> Result<Self> {
        let file = nameless(target)?;
        Ok(Self { target: target.to_owned(), file, size, numbers: Vec::new() })
    }

    /// The number of pictures.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn push(&mut self, picture: &RgbImage, number: u64) -> Result<()> {
        let written = self.file.seek(SeekFrom::End(0)).and_then(|_| self.file.write_all(picture.as_raw()));
        written.map_err(|source| self.fault(source))?;
        self.numbers.push(number);
        Ok(())
    }

    /// Reads a picture and its number.
    pub(super) fn read(&mut self, index: usize) -> Result<(RgbImage, u64)> {
        let mut pixels = vec![0; 3 * self.size.width * self.size.height];
        let start = SeekFrom::Start(index as u64 * pixels.len() as u64);
        let read = self.file.seek(start).and_then(|_| self.file.read_exact(&mut pixels));
        read.map_err(|source| self.fault(source))?;
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let picture = RgbImage::from_raw(side(self.size.width), side(self.size.height), pixels);
        picture.map(|picture| (picture, self.numbers[index])).ok_or_else(|| Error::fault("the frames differ in size"))
    }

    fn fault(&self, source: std::io::Error) -> Error {
        Error::Write { path: self.target.clone(), source }
    }
}
