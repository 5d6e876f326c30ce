//! A picture file whose header was read: its size, the memory that reading it takes, and reading it.

use std::collections::TryReserveError;
use std::fmt::Display;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits, RgbImage};

use super::canvas::Canvas;
use super::kind::{HEAD, Kind, Other, RAW, kind_of};
use super::notes::{self, Notes, Profile};
use super::profile::{Ink, ToSrgb};
use super::rows::Layout;
use super::tiff::Tiff;
use super::turn::{lies, turn_of};
use super::{Bounds, jpeg, png, room};
use crate::files::{open_regular, unreadable, unreadable_file};
use crate::machine::in_words;
use crate::{Error, Result};

/// The longest side that is read, in pixels: the longest that a JPEG can have.
const LONGEST_SIDE: u32 = 65_535;
/// The most pixels that are read.
const MOST_PIXELS: u64 = 1 << 30;
/// Pictures with more pixels are made smaller while they are decoded. This is more than is ever drawn.
const LARGE: u64 = 64 << 20;
/// The most pixels of a large picture that was made smaller.
const SHRUNK: u64 = 32 << 20;
/// Memory of a decoder for tables and for everything in a file but pixels, in bytes.
const TABLES: u64 = 4 << 20;

const HINT: &str = "give a picture as PNG, JPEG, WebP, GIF, BMP or TIFF";

/// Columns and rows.
type Sides = (u32, u32);

fn pixels((width, height): Sides) -> u64 {
    u64::from(width) * u64::from(height)
}

/// How a picture is decoded.
enum Way {
    /// A PNG: row by row, if its rows are in order
    Png,
    /// At once, by the image library, in this format
    Whole(ImageFormat),
    /// A JPEG whose inks are kept apart, or that is made smaller
    Jpeg,
    /// A TIFF, band by band
    Tiff(Box<Tiff<BufReader<File>>>),
}

/// A picture file whose header was read.
pub(super) struct Source<'a> {
    path: &'a Path,
    way: Way,
    /// As stored in the file
    size: Sides,
    /// As its rows arrive
    decoded: Sides,
    /// One pixel is kept of each square with this side
    factor: u32,
    turn: Orientation,
    ink: Ink,
    profile: Option<Profile>,
    /// Memory of decoding besides the result, in bytes
    decoding: u64,
}

impl<'a> Source<'a> {
    /// Reads a picture file's header.
    ///
    /// # Errors
    /// If there is no such file, it is not a picture that can be read, or its header is damaged.
    pub(super) fn open(path: &'a Path) -> Result<Self> {
        let (mut file, kind) = start(path)?;
        let unreadable = |error: std::io::Error| Error::file(path, unreadable(&error), HINT);
        match kind {
            Kind::Png => {
                let (header, notes) = notes::of_png(&mut file).map_err(unreadable)?;
                let header = header.ok_or_else(|| undecodable(path, "it has no header"))?;
                let size = (header.width, header.height);
                let ink = if header.gray { Ink::Gray } else { Ink::Rgb };
                let whole = if header.interlaced { pixels(size).saturating_mul(header.pixel) } else { 0 };
                Self::new(path, Way::Png, (size, size), whole, notes, ink)
            }
            Kind::Jpeg => {
                let length = file.get_ref().metadata().map_err(unreadable)?.len();
                let (frame, notes) = notes::of_jpeg(&mut file).map_err(unreadable)?;
                let frame = frame.ok_or_else(|| undecodable(path, "it has no frame"))?;
                Self::of_jpeg(path, &frame, notes, length)
            }
            Kind::WebP => {
                let notes = notes::of_webp(&mut file).map_err(unreadable)?;
                // Brightness and color, or colors with alpha, once more.
                Self::of_whole(path, ImageFormat::WebP, notes, 4, Ink::Rgb)
            }
            Kind::Gif => Self::of_whole(path, ImageFormat::Gif, Notes::default(), 1, Ink::Rgb),
            Kind::Bmp => Self::of_whole(path, ImageFormat::Bmp, Notes::default(), 0, Ink::Rgb),
            Kind::Tiff => Self::of_tiff(path, file),
        }
    }

    fn of_jpeg(path: &'a Path, frame: &notes::Frame, notes: Notes, length: u64) -> Result<Self> {
        let size = (u32::from(frame.width), u32::from(frame.height));
        // A progressive JPEG keeps its coefficients, two bytes each, until its last scan.
        let waiting = if frame.progressive { frame.samples().saturating_mul(2) } else { 0 };
        let inks = frame.components == 4 && notes.profile.is_some();
        if pixels(size) <= LARGE && !inks {
            let (ink, decoded) = if frame.components == 1 { (Ink::Gray, 1) } else { (Ink::Rgb, 3) };
            let apart = if ink == Ink::Gray || notes.profile.is_some() { decoded * pixels(size) } else { 0 };
            let decoding = length.saturating_add(waiting).saturating_add(apart);
            return Self::new(path, Way::Whole(ImageFormat::Jpeg), (size, size), decoding, notes, ink);
        }
        let most = if pixels(size) > LARGE { SHRUNK } else { LARGE };
        let part = |divisor: u32| (size.0.div_ceil(divisor), size.1.div_ceil(divisor));
        let decoded = [1, 2, 4].map(part).into_iter().find(|part| pixels(*part) <= most).unwrap_or_else(|| part(8));
        let ink = match frame.components {
            1 => Ink::Gray,
            4 => Ink::Cmyk,
            _ => Ink::Rgb,
        };
        // Once in planes, and once together.
        let planes = 2 * u64::from(frame.components) * pixels(decoded);
        Self::new(path, Way::Jpeg, (size, decoded), waiting.saturating_add(planes), notes, ink)
    }

    fn of_tiff(path: &'a Path, file: BufReader<File>) -> Result<Self> {
        let mut tiff = Tiff::open(file).map_err(|error| undecodable(path, error))?;
        if tiff.raw {
            return Err(other(path, RAW));
        }
        let (size, notes) = (tiff.size, std::mem::take(&mut tiff.notes));
        let inks = tiff.ink() == Ink::Cmyk && notes.profile.is_some();
        if pixels(size) <= LARGE && !inks && tiff.may_be_whole() && decoder(path, ImageFormat::Tiff).is_ok() {
            let ink = if tiff.ink() == Ink::Gray { Ink::Gray } else { Ink::Rgb };
            // The library copies it once.
            return Self::of_whole(path, ImageFormat::Tiff, notes, 4, ink);
        }
        let (ink, band) = (tiff.ink(), tiff.band_memory().map_err(|error| undecodable(path, error))?);
        Self::new(path, Way::Tiff(Box::new(tiff)), (size, size), band, notes, ink)
    }

    /// A picture that the image library decodes with `own` additional bytes per pixel.
    fn of_whole(path: &'a Path, format: ImageFormat, notes: Notes, own: u64, ink: Ink) -> Result<Self> {
        let decoder = decoder(path, format).map_err(|error| failed(path, error))?;
        let size = decoder.dimensions();
        let decoding = decoder.total_bytes().saturating_add(own * pixels(size));
        Self::new(path, Way::Whole(format), (size, size), decoding, notes, ink)
    }

    fn new(
        path: &'a Path,
        way: Way,
        (size, decoded): (Sides, Sides),
        decoding: u64,
        notes: Notes,
        ink: Ink,
    ) -> Result<Self> {
        let (width, height) = size;
        if width == 0 || height == 0 {
            return Err(undecodable(path, "it has no pixels"));
        }
        if width.max(height) > LONGEST_SIDE || pixels(size) > MOST_PIXELS {
            return Err(too_many_pixels(path, size, LONGEST_SIDE, MOST_PIXELS));
        }
        let kept = |factor: u32| pixels((decoded.0.div_ceil(factor), decoded.1.div_ceil(factor)));
        let shrunk = || (2..=LONGEST_SIDE).find(|factor| kept(*factor) <= SHRUNK).unwrap_or(u32::MAX);
        let factor = if pixels(decoded) > LARGE { shrunk() } else { 1 };
        let turn = turn_of(&notes);
        Ok(Self { path, way, size, decoded, factor, turn, ink, profile: notes.profile, decoding })
    }

    /// Columns and rows as the picture is read: turned, and made smaller if it is large.
    pub(super) fn read_size(&self) -> Sides {
        let (width, height) = (self.decoded.0.div_ceil(self.factor), self.decoded.1.div_ceil(self.factor));
        if lies(self.turn) { (height, width) } else { (width, height) }
    }

    /// About how many bytes reading takes at its peak.
    pub(super) fn memory(&self) -> u64 {
        let read = 3 * pixels(self.read_size());
        let turned = if lies(self.turn) { read } else { 0 };
        let rows = 32 * u64::from(self.decoded.0);
        self.decoding.saturating_add(read).max(read + turned).saturating_add(TABLES + rows)
    }

    /// About how many bytes reading with alpha takes at its peak.
    pub(super) fn layered_memory(&self) -> u64 {
        // The alphas, apart and together with the colors.
        self.memory().saturating_add(5 * pixels(self.size))
    }

    /// The name of the format of the file.
    pub(super) fn format(&self) -> &'static str {
        match self.way {
            Way::Png => "png",
            Way::Jpeg | Way::Whole(ImageFormat::Jpeg) => "jpeg",
            Way::Tiff(_) => "tiff",
            Way::Whole(format) => format.extensions_str().first().copied().unwrap_or("picture"),
        }
    }

    /// Refuses a picture beyond these bounds.
    ///
    /// # Errors
    /// If the picture is too large, or takes too much memory.
    pub(super) fn check_bounds(&self, bounds: Bounds) -> Result<()> {
        let (width, height) = self.size;
        if width.max(height) > bounds.side || pixels(self.size) > bounds.pixels {
            return Err(too_many_pixels(self.path, self.size, bounds.side, bounds.pixels));
        }
        if self.memory() > bounds.memory {
            let needed = in_words(self.memory());
            let limit = in_words(bounds.memory);
            let problem =
                format!("reading {width}x{height} pixels takes about {needed} of memory; the limit is {limit}");
            return Err(Error::file(self.path, problem, "make the picture smaller first, or convert it to PNG"));
        }
        Ok(())
    }

    /// Refuses a picture that takes more memory than there is room for.
    ///
    /// # Errors
    /// If the picture takes too much memory.
    pub(super) fn check(&self) -> Result<()> {
        self.check_memory(self.memory())
    }

    fn check_memory(&self, needed: u64) -> Result<()> {
        let (width, height) = self.size;
        room::check(needed, &format!("{width}x{height} pixels"))
            .map_err(|problem| Error::file(self.path, problem, "make the picture smaller first, or convert it to PNG"))
    }

    /// Decodes the picture: in sRGB, over white, turned.
    ///
    /// # Errors
    /// If the picture takes too much memory, or is damaged.
    pub(super) fn read(self) -> Result<RgbImage> {
        self.check()?;
        Ok(self.decode(false)?.into_rgb8())
    }

    /// Decodes the picture as [`Source::read`] does, but at its own size, and with alpha if something is transparent.
    ///
    /// # Errors
    /// If the picture is too large or takes too much memory, or is damaged.
    pub(super) fn read_layered(self) -> Result<DynamicImage> {
        self.check_layered()?;
        self.decode(true)
    }

    /// Refuses a picture that [`Source::read_layered`] cannot read.
    ///
    /// # Errors
    /// If the picture is too large, or takes too much memory.
    pub(super) fn check_layered(&self) -> Result<()> {
        if pixels(self.size) > LARGE {
            return Err(too_many_pixels(self.path, self.size, LONGEST_SIDE, LARGE));
        }
        self.check_memory(self.layered_memory())
    }

    fn decode(self, layered: bool) -> Result<DynamicImage> {
        let Self { path, size: (width, height), decoded, factor, turn, ink, profile, .. } = self;
        let profile = ToSrgb::new(profile.as_ref(), ink);
        let no_memory = |_: TryReserveError| {
            let problem = format!("there is not enough memory to read {width}x{height} pixels");
            Error::file(path, problem, "make the picture smaller first, or close other programs")
        };
        let sides = (decoded.0 as usize, decoded.1 as usize);
        let canvas = |profile| {
            let canvas = Canvas::new(sides, factor as usize, profile).map_err(no_memory)?;
            if layered { canvas.layered().map_err(no_memory) } else { Ok(canvas) }
        };
        let picture = match self.way {
            Way::Png => {
                let mut canvas = canvas(profile)?;
                png::rows(start(path)?.0, &mut canvas).map_err(|error| undecodable(path, error))?;
                canvas.finish_layered()
            }
            Way::Jpeg => {
                let mut canvas = canvas(profile)?;
                jpeg::rows(start(path)?.0, decoded, &mut canvas).map_err(|error| undecodable(path, error))?;
                canvas.finish_layered()
            }
            Way::Tiff(tiff) => {
                let mut canvas = canvas(profile)?;
                tiff.rows(&mut |row| canvas.push(row)).map_err(|error| undecodable(path, error))?;
                canvas.finish_layered()
            }
            Way::Whole(format) => {
                let decoder = decoder(path, format).map_err(|error| failed(path, error))?;
                let color = decoder.color_type();
                let length = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
                let mut bytes = Vec::new();
                bytes.try_reserve_exact(length).map_err(no_memory)?;
                bytes.resize(length, 0);
                decoder.read_image(&mut bytes).map_err(|error| failed(path, error))?;
                if color == image::ColorType::Rgb8 && factor == 1 && profile.is_none() {
                    RgbImage::from_raw(width, height, bytes).map(DynamicImage::from)
                } else {
                    let mut canvas = canvas(profile)?;
                    let layout = Layout::of(color);
                    let mut row = vec![[0; 4]; width as usize];
                    for bytes in bytes.chunks_exact(layout.pixel() * row.len()) {
                        layout.widen(bytes, &mut row);
                        canvas.push(&mut row);
                    }
                    canvas.finish_layered()
                }
            }
        };
        let mut picture = picture.ok_or_else(|| undecodable(path, "rows are missing"))?;
        picture.apply_orientation(turn);
        Ok(picture)
    }
}

/// Opens a file that should be a picture, and determines its kind by its content, since names can be wrong.
fn start(path: &Path) -> Result<(BufReader<File>, Kind)> {
    let broken = |problem: String| Error::file(path, problem, HINT);
    // A file without an end is not opened, since opening alone may take forever.
    let metadata = std::fs::metadata(path).map_err(|error| unreadable_file(path, &error, HINT))?;
    if !metadata.is_file() {
        return Err(broken("this is not a regular file".into()));
    }
    if metadata.len() == 0 {
        return Err(broken("the file is empty".into()));
    }
    let mut file = open_regular(path).map(BufReader::new).map_err(|error| broken(unreadable(&error)))?;
    let mut head = Vec::new();
    let looked = file.by_ref().take(HEAD as u64).read_to_end(&mut head).and_then(|_| file.rewind());
    looked.map_err(|error| broken(unreadable(&error)))?;
    match kind_of(&head) {
        Ok(kind) => Ok((file, kind)),
        Err(Some(named)) => Err(other(path, named)),
        Err(None) => Err(broken("not an image".into())),
    }
}

/// The image library's decoder of a file.
fn decoder(path: &Path, format: ImageFormat) -> ImageResult<impl ImageDecoder> {
    let mut reader = ImageReader::with_format(BufReader::new(open_regular(path)?), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    // The memory for the whole picture is checked before it is decoded.
    limits.max_alloc = None;
    reader.limits(limits);
    reader.into_decoder()
}

fn other(path: &Path, Other { name, hint }: Other) -> Error {
    Error::file(path, format!("this is {name}, which text2art cannot read"), hint)
}

fn too_many_pixels(path: &Path, (width, height): Sides, side: u32, most: u64) -> Error {
    let hint = format!("give a smaller picture: at most {side} pixels per side and {most} in all");
    Error::file(path, format!("{width}x{height} pixels are too many"), hint)
}

fn undecodable(path: &Path, error: impl Display) -> Error {
    Error::file(path, format!("the picture cannot be decoded: {error}"), HINT)
}

fn failed(path: &Path, error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => Error::file(path, "the picture is too large to be decoded", "give a smaller picture"),
        error => undecodable(path, error),
    }
}
