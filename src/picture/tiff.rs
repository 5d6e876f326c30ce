//! TIFF files that the image library cannot read, or that are too large to be decoded at once: they are read band by
//! band.

use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::ops::Range;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError, TiffUnsupportedError};

use super::notes::{Notes, Profile};
use super::profile::Ink;

/// The longest value of a directory that is read, in bytes: offsets or a profile.
const LONGEST_VALUE: usize = 16 << 20;
/// Photometric interpretations (TIFF 6.0, section 8).
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;

/// A TIFF whose directory was read.
pub(super) struct Tiff<R: BufRead + Seek> {
    decoder: Decoder<Patched<R>>,
    /// Columns and rows
    pub(super) size: (u32, u32),
    color: Color,
    /// Size of a strip or a tile
    chunk: (u32, u32),
    planes: u32,
    pub(super) notes: Notes,
    /// Whether it is a preview in a camera's raw file
    pub(super) raw: bool,
}

/// The meaning of a pixel's samples.
enum Color {
    /// Gray, with or without alpha as the second of several samples
    Gray {
        samples: usize,
        alpha: bool,
    },
    Rgb {
        samples: usize,
    },
    Cmyk {
        samples: usize,
    },
    Luma,
    Palette(Vec<[u16; 3]>),
}

impl Color {
    fn samples(&self) -> usize {
        match self {
            Self::Gray { samples, .. } | Self::Rgb { samples } | Self::Cmyk { samples } => *samples,
            Self::Luma => 3,
            Self::Palette(_) => 1,
        }
    }
}

impl<R: BufRead + Seek> Tiff<R> {
    /// Reads the directory of the first picture.
    pub(super) fn open(mut file: R) -> Result<Self, TiffError> {
        let place = photometric(&mut file)?;
        let palette = place.is_some_and(|(_, value)| value == PALETTE);
        file.rewind()?;
        let patch = place.filter(|_| palette).map(|(place, _)| place);
        let mut limits = Limits::unlimited();
        limits.ifd_value_size = LONGEST_VALUE;
        let mut decoder = Decoder::new(Patched::new(file, patch))?.with_limits(limits);
        let size = decoder.dimensions()?;
        let alpha = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?.unwrap_or_default();
        let color = match (decoder.colortype()?, palette) {
            (ColorType::Gray(_), true) => Color::Palette(color_map(&mut decoder)?),
            (_, true) => return Err(TiffUnsupportedError::UnknownInterpretation.into()),
            (ColorType::Gray(_), _) => Color::Gray { samples: 1, alpha: false },
            (ColorType::GrayA(_), _) => Color::Gray { samples: 2, alpha: true },
            (ColorType::Multiband { num_samples, .. }, _) => {
                Color::Gray { samples: num_samples.into(), alpha: matches!(alpha.first(), Some(1 | 2)) }
            }
            (ColorType::RGB(_), _) => Color::Rgb { samples: 3 },
            (ColorType::RGBA(_), _) => Color::Rgb { samples: 4 },
            (ColorType::CMYK(_), _) => Color::Cmyk { samples: 4 },
            (ColorType::CMYKA(_), _) => Color::Cmyk { samples: 5 },
            (ColorType::YCbCr(8), _) => Color::Luma,
            (other, _) => return Err(TiffUnsupportedError::UnsupportedColorType(other).into()),
        };
        let planar = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration)? == Some(2);
        let planes = if planar { u32::try_from(color.samples()).unwrap_or(1) } else { 1 };
        let reduced = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType)?.is_some_and(|kind| kind & 1 == 1);
        let raw = decoder.find_tag(Tag::Unknown(DNG_VERSION))?.is_some()
            || (reduced && decoder.find_tag(Tag::Unknown(SUB_DIRECTORIES))?.is_some());
        let turn = decoder.find_tag_unsigned(Tag::Orientation).ok().flatten();
        let mut bytes = |tag| decoder.get_tag_u8_vec(tag).ok();
        let (xmp, profile) = (bytes(Tag::Unknown(XMP)), bytes(Tag::IccProfile).map(Profile::Icc));
        let notes = Notes { turn, exif: None, xmp, profile };
        let chunk = decoder.chunk_dimensions();
        Ok(Self { decoder, size, color, chunk, planes, notes, raw })
    }

    /// The meaning of its numbers.
    pub(super) fn ink(&self) -> Ink {
        match self.color {
            Color::Gray { .. } => Ink::Gray,
            Color::Cmyk { .. } => Ink::Cmyk,
            Color::Rgb { .. } | Color::Luma | Color::Palette(_) => Ink::Rgb,
        }
    }

    /// Whether the image library can read it: no palette, and no inks in separate planes.
    pub(super) fn may_be_whole(&self) -> bool {
        match self.color {
            Color::Palette(_) | Color::Luma => false,
            Color::Cmyk { .. } => self.planes == 1,
            Color::Gray { .. } | Color::Rgb { .. } => true,
        }
    }

    /// Memory of decoding one band, in bytes: a strip, or all tiles of a row.
    pub(super) fn band_memory(&mut self) -> Result<u64, TiffError> {
        let (width, height) = (u64::from(self.size.0), u64::from(self.chunk.1.min(self.size.1)));
        let sample = u64::from(self.decoder.colortype()?.bit_depth()).div_ceil(8);
        // Decompressed data is copied once.
        Ok((2 * sample * width * self.color.samples() as u64).saturating_mul(height))
    }

    /// Passes the picture's rows to `take`, from the top.
    ///
    /// # Errors
    /// If the file is damaged, or in a form that cannot be read.
    pub(super) fn rows(mut self, take: &mut dyn FnMut(&mut [[u16; 4]])) -> Result<(), TiffError> {
        let most = self.brightest()?;
        let mut row = vec![[0; 4]; self.size.0 as usize];
        for band in 0..self.size.1.div_ceil(self.chunk.1) {
            let chunks = self.band(band)?;
            let rows = self.chunk.1.min(self.size.1 - band * self.chunk.1) as usize;
            for y in 0..rows {
                for (columns, pixels) in chunks.iter().zip(row.chunks_mut(self.chunk.0 as usize)) {
                    for (pixel, x) in pixels.iter_mut().zip(0..) {
                        *pixel = self.color.pixel(&|sample| columns.value(x, y, sample, most));
                    }
                }
                take(&mut row);
            }
        }
        Ok(())
    }

    /// The chunks of a band, from the left.
    fn band(&mut self, band: u32) -> Result<Vec<Chunk>, TiffError> {
        let across = self.size.0.div_ceil(self.chunk.0);
        let in_plane = across.saturating_mul(self.size.1.div_ceil(self.chunk.1));
        let bits = self.decoder.colortype()?.bit_depth();
        let samples = if self.planes > 1 { 1 } else { self.color.samples() };
        let indexed = matches!(self.color, Color::Palette(_));
        let mut chunks = Vec::new();
        for column in 0..across {
            let first = band * across + column;
            let width = self.decoder.chunk_data_dimensions(first).0 as usize;
            let read = |plane| self.decoder.read_chunk(first + plane * in_plane);
            let planes = (0..self.planes).map(read).collect::<Result<_, _>>()?;
            chunks.push(Chunk { planes, width, samples, bits, indexed });
        }
        Ok(chunks)
    }

    /// The value of white. Measured values are gray numbers of any size; those in the range of bytes or words keep
    /// their meaning.
    fn brightest(&mut self) -> Result<f64, TiffError> {
        let measured =
            self.decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat)?.is_some_and(|all| all.contains(&3));
        if !measured || !matches!(self.color, Color::Gray { .. }) {
            return Ok(1.0);
        }
        let mut most: f64 = 0.0;
        for band in 0..self.size.1.div_ceil(self.chunk.1) {
            for chunk in self.band(band)? {
                most = chunk.planes.first().map_or(most, |plane| most.max(largest(plane)));
            }
        }
        Ok([1.0, 255.0, 65_535.0].into_iter().find(|white| most <= *white).unwrap_or(most))
    }
}

impl Color {
    /// The color of a pixel with these samples.
    fn pixel(&self, sample: &dyn Fn(usize) -> u16) -> [u16; 4] {
        match self {
            Self::Gray { alpha, .. } => {
                let gray = sample(0);
                [gray, gray, gray, if *alpha { sample(1) } else { u16::MAX }]
            }
            Self::Rgb { samples: 3 } => [sample(0), sample(1), sample(2), u16::MAX],
            Self::Rgb { .. } | Self::Cmyk { .. } => [sample(0), sample(1), sample(2), sample(3)],
            Self::Luma => of_luma([sample(0), sample(1), sample(2)].map(|value| f64::from(value) / 257.0)),
            Self::Palette(colors) => {
                let [red, green, blue] = colors.get(usize::from(sample(0))).copied().unwrap_or_default();
                [red, green, blue, u16::MAX]
            }
        }
    }
}

/// The color of a brightness and two differences (ITU-R BT.601, full range), from 0 to 255 each.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn of_luma([luma, blue, red]: [f64; 3]) -> [u16; 4] {
    let (blue, red) = (blue - 128.0, red - 128.0);
    let channels = [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue];
    let [red, green, blue] = channels.map(|value| value.clamp(0.0, 255.0).round() as u16 * 257);
    [red, green, blue, u16::MAX]
}

/// A strip or a tile.
struct Chunk {
    /// One plane for all samples, or one for each
    planes: Vec<DecodingResult>,
    /// Its columns in the picture
    width: usize,
    /// Number of samples in each plane
    samples: usize,
    bits: u8,
    /// Whether samples are indices, not amounts
    indexed: bool,
}

impl Chunk {
    fn value(&self, x: usize, y: usize, sample: usize, most: f64) -> u16 {
        let (plane, sample) = if self.samples == 1 { (sample, 0) } else { (0, sample) };
        let Some(plane) = self.planes.get(plane) else { return 0 };
        let at = (y * self.width + x) * self.samples + sample;
        match plane {
            DecodingResult::U8(bytes) if self.bits < 8 => {
                // Each row begins with a new byte.
                let bits = usize::from(self.bits);
                let start = y * (self.width * self.samples * bits).div_ceil(8) * 8 + (x * self.samples + sample) * bits;
                let byte = bytes.get(start / 8).copied().unwrap_or_default();
                let (mask, shift) = ((1_u16 << bits) - 1, 8_usize.saturating_sub(start % 8 + bits));
                let value = u16::from(byte) >> shift & mask;
                if self.indexed {
                    value
                } else {
                    u16::try_from(u32::from(value) * 65_535 / u32::from(mask)).unwrap_or(0)
                }
            }
            DecodingResult::U8(values) if self.indexed => values.get(at).copied().unwrap_or_default().into(),
            plane => amount(plane, at, most),
        }
    }
}

/// A sample as an amount: the high bits of a whole number, or the share of `most` of another number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn amount(plane: &DecodingResult, at: usize, most: f64) -> u16 {
    let share = |value: f64| (value / most * 65_535.0).clamp(0.0, 65_535.0).round() as u16;
    let value = match plane {
        DecodingResult::U8(values) => values.get(at).map(|value| u16::from(*value) * 257),
        DecodingResult::U16(values) => values.get(at).copied(),
        DecodingResult::U32(values) => values.get(at).map(|value| (value >> 16) as u16),
        DecodingResult::U64(values) => values.get(at).map(|value| (value >> 48) as u16),
        DecodingResult::I8(values) => values.get(at).map(|value| (*value).max(0) as u16 * 516),
        DecodingResult::I16(values) => values.get(at).map(|value| (*value).max(0) as u16 * 2),
        DecodingResult::I32(values) => values.get(at).map(|value| ((*value).max(0) >> 15) as u16),
        DecodingResult::I64(values) => values.get(at).map(|value| ((*value).max(0) >> 47) as u16),
        DecodingResult::F16(values) => values.get(at).map(|value| share(f64::from(*value))),
        DecodingResult::F32(values) => values.get(at).map(|value| share(f64::from(*value))),
        DecodingResult::F64(values) => values.get(at).map(|value| share(*value)),
    };
    value.unwrap_or_default()
}

/// The largest value that is not a whole number, or 0.
fn largest(plane: &DecodingResult) -> f64 {
    match plane {
        DecodingResult::F16(values) => values.iter().map(|value| f64::from(*value)).fold(0.0, f64::max),
        DecodingResult::F32(values) => values.iter().map(|value| f64::from(*value)).fold(0.0, f64::max),
        DecodingResult::F64(values) => values.iter().copied().fold(0.0, f64::max),
        _ => 0.0,
    }
}

/// The colors of a palette's indices: all reds, all greens, all blues (TIFF 6.0, section 5).
fn color_map<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<Vec<[u16; 3]>, TiffError> {
    let map = decoder.get_tag_u16_vec(Tag::ColorMap)?;
    // Some programs write bytes; others write words, or bytes with zeros after them.
    let bytes = map.iter().all(|value| *value < 256);
    let channel = |value: u16| if bytes { value * 257 } else { (value >> 8) * 257 };
    let count = map.len() / 3;
    Ok((0..count).map(|index| [0, 1, 2].map(|part| channel(map[part * count + index]))).collect())
}

/// Where the photometric interpretation is in the first directory, in which byte order, and its value.
fn photometric(file: &mut (impl Read + Seek)) -> io::Result<Option<(Patch, u16)>> {
    let mut head = [0; 16];
    file.read_exact(&mut head[..8])?;
    let little = head[0] == b'I';
    let big = if little { head[2] } else { head[3] } == 43;
    let number = |bytes: &[u8]| {
        let digits = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if little { bytes.iter().rev().fold(0, digits) } else { bytes.iter().fold(0, digits) }
    };
    let (count_length, entry_length) = if big { (8, 20) } else { (2, 12) };
    let directory = if big {
        file.read_exact(&mut head[8..])?;
        number(&head[8..])
    } else {
        number(&head[4..8])
    };
    file.seek(SeekFrom::Start(directory))?;
    file.read_exact(&mut head[..count_length])?;
    let count = number(&head[..count_length]).min(u64::from(u16::MAX));
    let mut entry = [0; 20];
    for index in 0..count {
        let entry = &mut entry[..entry_length];
        if file.read_exact(entry).is_err() {
            break;
        }
        if number(&entry[..2]) == u64::from(PHOTOMETRIC) {
            let value = if big { 12 } else { 8 };
            let before = count_length as u64 + index * entry_length as u64 + value as u64;
            let place = directory.saturating_add(before);
            let found = u16::try_from(number(&entry[value..value + 2])).unwrap_or_default();
            return Ok(Some((Patch { place, little }, found)));
        }
    }
    Ok(None)
}

/// Tags without a name in the library.
const PHOTOMETRIC: u16 = 262;
const SUB_DIRECTORIES: u16 = 330;
const XMP: u16 = 700;
const DNG_VERSION: u16 = 50_706;

/// Where a file's photometric interpretation is.
#[derive(Clone, Copy)]
struct Patch {
    place: u64,
    little: bool,
}

/// A file that claims that its indices are gray. The library cannot read palettes, but it reads indices as it reads
/// gray.
struct Patched<R> {
    file: R,
    position: u64,
    /// Where the two bytes are, and what is read instead of them
    patch: Option<(Range<u64>, [u8; 2])>,
}

impl<R: Read + Seek> Patched<R> {
    fn new(file: R, patch: Option<Patch>) -> Self {
        let patch = patch.map(|Patch { place, little }| {
            let value = if little { BLACK_IS_ZERO.to_le_bytes() } else { BLACK_IS_ZERO.to_be_bytes() };
            (place..place.saturating_add(2), value)
        });
        Self { file, position: 0, patch }
    }
}

impl<R: Read> Read for Patched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Some((place, value)) = &self.patch {
            for (at, byte) in place.clone().zip(value) {
                let index = at.checked_sub(self.position).and_then(|index| usize::try_from(index).ok());
                if let Some(read) = index.filter(|index| *index < count).and_then(|index| buffer.get_mut(index)) {
                    *read = *byte;
                }
            }
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl<R: Seek> Seek for Patched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.file.seek(to)?;
        Ok(self.position)
    }
}
