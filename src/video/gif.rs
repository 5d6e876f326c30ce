//! Animated GIFs: each frame contains only what changes. Delays are whole hundredths of a second, and their sum stays
//! exact.

use std::collections::HashSet;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use gif::{AnyExtension, DisposalMethod, Encoder, EncodingError, Frame, Repeat};
use image::RgbImage;

use super::palette::{Histogram, Palette, Perceived, distance, perceived};
use super::spool::Spool;
use crate::files::{Existing, PartialFile};
use crate::output::gif_comment::{COMMENT, ascii_json};
use crate::output::{Encoder as MovieEncoder, Help, Kind, Make, Product, Recipe};
use crate::picture::Size;
use crate::settings::{FrameRate, GifPalette, VideoSettings};
use crate::{Error, Result};

/// An animated GIF.
pub const GIF: Kind = Kind {
    name: "GIF",
    extension: "gif",
    others: &[],
    option: "gif",
    help: Some(Help {
        heading: "Moving pictures",
        short: "Also make an animated GIF of the iterations",
        more: "Without FILE, the GIF is named after the picture. `-o x.gif` makes a GIF and no PNG. In a batch \
               file, `none` disables it.",
    }),
    check: |settings| check_size(settings.upscaled_size()),
    make: Make::Movie(open),
};

/// The shortest delay that browsers respect, in hundredths of a second.
const SHORTEST: u64 = 2;
/// The number of colors in a table, including the transparent one that keeps the pixel below.
const COLORS: usize = 256;
/// The square of a color distance that nobody sees: a pixel this close to its new color is not changed.
const UNSEEN: f32 = 0.01 * 0.01;

fn open(product: &Product, size: Size, video: &VideoSettings) -> Result<Box<dyn MovieEncoder>> {
    Ok(Box::new(Gif::create(&product.path, product.existing, size, video.fps, video.gif_palette)?))
}

/// Checks that a GIF can have this size.
///
/// # Errors
/// If a side is longer than 65,535 pixels.
fn check_size(size: Size) -> Result<()> {
    sides(size).map(drop)
}

fn sides(size: Size) -> Result<(u16, u16)> {
    let side = |side: usize| u16::try_from(side).ok();
    side(size.width).zip(side(size.height)).ok_or_else(|| {
        let message = format!("a GIF has at most {0}x{0} pixels, but the picture has {size}", u16::MAX);
        Error::usage(message, "choose a smaller size")
    })
}

/// A GIF in the making.
struct Gif {
    /// The number of slots so far
    slots: u64,
    rate: FrameRate,
    /// The current picture, and when it began, in hundredths of a second
    now: Option<(RgbImage, u64)>,
    state: State,
}

enum State {
    /// Each frame has its own colors, and is written at once
    Streaming(Writer),
    /// Colors are chosen when all frames are known; until then the frames are kept on the disk
    Waiting { file: PartialFile, size: Size, histogram: Histogram, spool: Spool },
}

impl Gif {
    /// Opens a file for pictures of one size.
    ///
    /// # Errors
    /// If the size is too large, or the file cannot be written.
    fn create(path: &Path, existing: Existing, size: Size, rate: FrameRate, palette: GifPalette) -> Result<Self> {
        check_size(size)?;
        let file = PartialFile::create(path, existing)?;
        let state = match palette {
            GifPalette::Frame => State::Streaming(Writer::new(file, size, None)?),
            GifPalette::Global => {
                let spool = Spool::create(path, size)?;
                State::Waiting { file, size, histogram: Histogram::new(), spool }
            }
        };
        Ok(Self { slots: 0, rate, now: None, state })
    }

    /// When the next picture begins, in hundredths of a second.
    fn time(&self) -> u64 {
        let thousandths = u64::from(self.rate.thousandths());
        (2 * self.slots * 100_000 + thousandths) / (2 * thousandths)
    }

    fn write(&mut self, picture: &RgbImage, delay: u64) -> Result<()> {
        match &mut self.state {
            State::Streaming(writer) => writer.write(picture, delay),
            State::Waiting { histogram, spool, .. } => {
                histogram.add(picture.as_raw());
                spool.push(picture, delay)
            }
        }
    }
}

impl MovieEncoder for Gif {
    fn push(&mut self, picture: &RgbImage, slots: usize) -> Result<()> {
        let time = self.time();
        self.slots += slots as u64;
        match &mut self.now {
            // The same picture again is shown for longer.
            Some((now, _)) if now == picture => return Ok(()),
            // The current picture would be too short to be seen.
            Some((now, since)) if time - *since < SHORTEST => {
                now.clone_from(picture);
                return Ok(());
            }
            _ => {}
        }
        match self.now.replace((picture.clone(), time)) {
            Some((before, since)) => self.write(&before, time - since),
            None => Ok(()),
        }
    }

    fn hold(&mut self, slots: usize) -> Result<()> {
        self.slots += slots as u64;
        Ok(())
    }

    fn finish(mut self: Box<Self>, recipe: Option<&Recipe>) -> Result<PathBuf> {
        let end = self.time();
        if let Some((last, since)) = self.now.take() {
            self.write(&last, end.saturating_sub(since).max(SHORTEST))?;
        }
        let writer = match self.state {
            State::Streaming(writer) => writer,
            State::Waiting { file, size, histogram, mut spool } => {
                let mut writer = Writer::new(file, size, Some(histogram.palette(COLORS - 1)?))?;
                for index in 0..spool.len() {
                    let (picture, delay) = spool.read(index)?;
                    writer.write(&picture, delay)?;
                }
                writer
            }
        };
        writer.finish(recipe)
    }
}

/// Writes the frames of a GIF.
struct Writer {
    path: PathBuf,
    encoder: Encoder<BufWriter<PartialFile>>,
    width: usize,
    /// The colors of all frames; none if each frame has its own
    palette: Option<Palette>,
    /// The pixels as shown so far; empty before the first frame
    canvas: Vec<Perceived>,
}

impl Writer {
    fn new(file: PartialFile, size: Size, palette: Option<Palette>) -> Result<Self> {
        let (width, height) = sides(size)?;
        let path = file.target().to_owned();
        let table = palette.as_ref().map_or_else(Vec::new, |palette| table(palette, true));
        let encoder = Encoder::new(BufWriter::new(file), width, height, &table);
        let mut encoder = encoder.map_err(|error| fault(error, &path))?;
        encoder.set_repeat(Repeat::Infinite).map_err(|error| fault(error, &path))?;
        Ok(Self { path, encoder, width: size.width, palette, canvas: Vec::new() })
    }

    /// Writes a picture that is shown for `delay` hundredths of a second.
    fn write(&mut self, picture: &RgbImage, delay: u64) -> Result<()> {
        let pixels = perceived(picture.as_raw());
        let is_first = self.canvas.is_empty();
        // A picture with few colors keeps exactly these.
        let unseen = if has_few_colors(picture) { 0.0 } else { UNSEEN };
        let changed: Vec<Perceived> = if is_first {
            pixels.clone()
        } else {
            let pairs = pixels.iter().zip(&self.canvas);
            pairs.filter(|(pixel, seen)| distance(**pixel, **seen) > unseen).map(|(pixel, _)| *pixel).collect()
        };
        if changed.is_empty() {
            return self.show(Frame::default(), delay);
        }
        // The first frame has nothing to keep, so it needs no transparent color.
        let own = match self.palette {
            Some(_) => None,
            None => Some(Palette::of_pixels(&changed, COLORS - usize::from(!is_first))?),
        };
        let Some(palette) = own.as_ref().or(self.palette.as_ref()) else { return Ok(()) };
        let keep = u8::try_from(palette.colors.len()).ok();
        let mut indices = Vec::with_capacity(pixels.len());
        if is_first {
            indices.extend(pixels.iter().map(|pixel| palette.nearest(*pixel)));
            self.canvas = indices.iter().map(|index| palette.colors[usize::from(*index)]).collect();
        } else {
            let keep = keep.ok_or_else(|| Error::fault("a GIF's frame has too many colors"))?;
            for (pixel, seen) in pixels.iter().zip(&mut self.canvas) {
                let far = distance(*pixel, *seen);
                let nearest = if far > unseen { palette.nearest(*pixel) } else { keep };
                // The pixel below may be closer than any color of the palette.
                let index = match palette.colors.get(usize::from(nearest)) {
                    Some(color) if distance(*pixel, *color) < far => nearest,
                    _ => keep,
                };
                if index != keep {
                    *seen = palette.colors[usize::from(index)];
                }
                indices.push(index);
            }
        }
        let mut frame = match keep.filter(|_| !is_first) {
            Some(keep) => cut(&indices, self.width, keep),
            None => Frame { width: side(self.width), height: side(indices.len() / self.width), ..Frame::default() },
        };
        if is_first {
            frame.buffer = indices.into();
        } else {
            frame.transparent = keep;
        }
        frame.palette = own.map(|palette| table(&palette, !is_first));
        self.show(frame, delay)
    }

    /// Writes a frame with its delay. A delay that is too long for one frame is split.
    fn show(&mut self, mut frame: Frame, mut delay: u64) -> Result<()> {
        frame.dispose = DisposalMethod::Keep;
        loop {
            if frame.buffer.is_empty() {
                // A transparent pixel, which changes nothing.
                let palette = self.palette.is_none().then(|| vec![0; 6]);
                let keep = self.palette.as_ref().map_or(1, |palette| side(palette.colors.len()));
                let transparent = u8::try_from(keep).ok();
                let buffer = vec![transparent.unwrap_or_default()].into();
                frame = Frame { width: 1, height: 1, buffer, palette, transparent, ..frame };
            }
            // The rest must not be shorter than the shortest delay.
            let part = if delay > u16::MAX.into() { delay.min(u64::from(u16::MAX) - SHORTEST) } else { delay };
            frame.delay = u16::try_from(part).unwrap_or(u16::MAX);
            self.encoder.write_frame(&frame).map_err(|error| fault(error, &self.path))?;
            delay -= part;
            if delay == 0 {
                return Ok(());
            }
            frame = Frame { dispose: DisposalMethod::Keep, ..Frame::default() };
        }
    }

    fn finish(mut self, recipe: Option<&Recipe>) -> Result<PathBuf> {
        if let Some(recipe) = recipe {
            let comment = ascii_json(&recipe.to_json()?);
            let written = self.encoder.write_raw_extension(AnyExtension(COMMENT), &[comment.as_bytes()]);
            written.map_err(|error| fault(error, &self.path))?;
        }
        let file = self.encoder.into_inner().map_err(|error| fault(error, &self.path))?;
        let path = self.path;
        file.into_inner().map_err(|error| Error::Write { path, source: error.into_error() })?.finish()
    }
}

/// Whether a table has room for all colors of a picture.
fn has_few_colors(picture: &RgbImage) -> bool {
    let mut colors = HashSet::new();
    picture.pixels().all(|pixel| {
        colors.insert(pixel.0);
        colors.len() < COLORS
    })
}

/// The bytes of a color table, with a transparent color if `keeps`.
fn table(palette: &Palette, keeps: bool) -> Vec<u8> {
    let place: &[u8] = if keeps { &[0; 3] } else { &[] };
    [&palette.bytes, place].concat()
}

/// The smallest rectangle that contains all changes.
fn cut(indices: &[u8], width: usize, keep: u8) -> Frame<'static> {
    let changes = |row: &[u8]| row.iter().any(|index| *index != keep);
    let rows = || indices.chunks_exact(width);
    let Some(top) = rows().position(changes) else { return Frame::default() };
    let bottom = rows().rposition(changes).unwrap_or(top);
    let (mut left, mut right) = (width, 0);
    for row in rows().skip(top).take(bottom + 1 - top) {
        let is_change = |index: &u8| *index != keep;
        left = left.min(row.iter().position(is_change).unwrap_or(left));
        right = right.max(row.iter().rposition(is_change).unwrap_or(right));
    }
    let buffer = rows().skip(top).take(bottom + 1 - top).flat_map(|row| &row[left..=right]).copied().collect();
    let (width, height) = (side(right + 1 - left), side(bottom + 1 - top));
    Frame { left: side(left), top: side(top), width, height, buffer, ..Frame::default() }
}

/// A side or an index that was checked to fit.
fn side(pixels: usize) -> u16 {
    u16::try_from(pixels).unwrap_or(u16::MAX)
}

fn fault(error: EncodingError, path: &Path) -> Error {
    match error {
        EncodingError::Io(source) => Error::Write { path: path.to_owned(), source },
        error => Error::fault(format!("cannot write a GIF: {error}")),
    }
}
