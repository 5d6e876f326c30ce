//! H.264 in an MP4 file that plays while it loads, because the description of the pictures comes first.

use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use image::RgbImage;
use shiguredo_mp4::boxes::{Co64Box, MoovBox, SampleEntry, StcoBox, UnknownBox};
use shiguredo_mp4::mux::{Mp4FileMuxer, Sample};
use shiguredo_mp4::{BoxSize, BoxType, Either, Encode, TrackKind};

use super::h264::{H264, Packet, check_size};
use super::yuv::coded;
use crate::files::{Existing, PartialFile};
use crate::output::mp4_tags::tags;
use crate::output::{Encoder, Help, Kind, Make, Product, Recipe};
use crate::picture::Size;
use crate::settings::{FrameRate, VideoSettings};
use crate::{Error, Result};

/// An MP4.
pub const MP4: Kind = Kind {
    name: "MP4",
    extension: "mp4",
    others: &[],
    option: "mp4",
    help: Some(Help {
        heading: "Moving pictures",
        short: "Also make an MP4 of the iterations",
        more: "Without FILE, the MP4 is named after the picture. `-o x.mp4` makes an MP4 and no PNG. In a batch \
               file, `none` disables it. MP4s are encoded as H.264 and play in browsers. If the width or height is odd, \
               the last column or row is duplicated.",
    }),
    check: |settings| check_size(settings.upscaled_size()),
    make: Make::Movie(open),
};

/// The duration of a picture, in units of the time scale.
const DURATION: u32 = 1000;
/// The number of bytes that are moved at a time to make room before the pictures.
const MOVED_AT_A_TIME: usize = 1 << 20;

fn open(product: &Product, size: Size, video: &VideoSettings) -> Result<Box<dyn Encoder>> {
    Ok(Box::new(Mp4::create(&product.path, product.existing, size, video.fps)?))
}

/// An MP4 in the making.
struct Mp4 {
    file: BufWriter<PartialFile>,
    encoder: H264,
    muxer: Mp4FileMuxer,
    timescale: NonZeroU32,
    size: Size,
    /// The offset of the next picture
    offset: u64,
}

impl Mp4 {
    /// Opens a file for pictures of one size.
    ///
    /// # Errors
    /// If the size is too large, or the file cannot be written.
    fn create(path: &Path, existing: Existing, size: Size, rate: FrameRate) -> Result<Self> {
        let encoder = H264::new(size, rate)?;
        let muxer = Mp4FileMuxer::new().map_err(|error| fault(&error))?;
        let timescale = NonZeroU32::new(rate.thousandths()).ok_or_else(|| fault(&"no frame rate"))?;
        let mut file = BufWriter::new(PartialFile::create(path, existing)?);
        let head = muxer.initial_boxes_bytes();
        file.write_all(head).map_err(|source| Error::Write { path: path.to_owned(), source })?;
        Ok(Self { file, encoder, timescale, size, offset: head.len() as u64, muxer })
    }

    /// The final path of the file.
    fn path(&self) -> &Path {
        self.file.get_ref().target()
    }

    fn write(&mut self, packet: Packet) -> Result<()> {
        self.file.write_all(&packet.data).map_err(|source| self.unwritten(source))?;
        let keyframe = packet.key.is_some();
        let sample_entry = packet.key.map(|mut entry| {
            entry.unknown_boxes = picture_boxes(self.size);
            SampleEntry::Avc1(entry)
        });
        let sample = Sample {
            track_kind: TrackKind::Video,
            sample_entry: if self.offset == self.muxer.initial_boxes_bytes().len() as u64 {
                sample_entry
            } else {
                None
            },
            keyframe,
            timescale: self.timescale,
            duration: DURATION,
            composition_time_offset: None,
            data_offset: self.offset,
            data_size: packet.data.len(),
        };
        self.muxer.append_sample(&sample).map_err(|error| fault(&error))?;
        self.offset += packet.data.len() as u64;
        Ok(())
    }

    fn unwritten(&self, source: std::io::Error) -> Error {
        Error::Write { path: self.path().to_owned(), source }
    }
}

impl Encoder for Mp4 {
    fn push(&mut self, picture: &RgbImage, slots: usize) -> Result<()> {
        let packet = self.encoder.encode(picture)?;
        self.write(packet)?;
        self.hold(slots.saturating_sub(1))
    }

    // Each slot has its own packet, as players expect at a constant rate.
    fn hold(&mut self, slots: usize) -> Result<()> {
        for _ in 0..slots {
            let packet = self.encoder.again()?;
            self.write(packet)?;
        }
        Ok(())
    }

    // The description of the pictures is written before the pictures.
    fn finish(mut self: Box<Self>, recipe: Option<&Recipe>) -> Result<PathBuf> {
        let recipe = recipe.map(|recipe| Ok::<_, Error>((recipe.in_words()?, recipe.to_json()?))).transpose()?;
        let tags = tags(crate::PROGRAM, recipe.as_ref().map(|(words, json)| (words.as_str(), json.as_str())));
        let boxes = self.muxer.finalize().map_err(|error| fault(&error))?;
        let pairs: Vec<_> = boxes.offset_and_bytes_pairs().map(|(offset, bytes)| (offset, bytes.to_vec())).collect();
        let (Some((_, head)), Some((begin, pictures_head))) = (pairs.first(), pairs.last()) else {
            return Err(fault(&"no head"));
        };
        let kind = &head[..u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize];
        let mut moov = MoovBox::clone(boxes.moov_box());
        moov.unknown_boxes.push(unknown(*b"udta", tags));
        // The length of `moov` is now known, and the pictures move behind it.
        let length = moov.encode_to_vec().map_err(|error| fault(&error))?.len();
        let moved = (kind.len() + length) as u64 - begin;
        move_chunks(&mut moov, moved)?;
        let moov = moov.encode_to_vec().map_err(|error| fault(&error))?;
        let head = [kind, &moov, pictures_head].concat();
        let (pictures, path) = (begin + pictures_head.len() as u64..self.offset, self.path().to_owned());
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error);
        let written = file.and_then(|mut file| {
            move_up(&mut file, pictures, moved)?;
            file.rewind()?;
            file.write_all(&head)?;
            Ok(file)
        });
        written.map_err(|source| Error::Write { path, source })?.finish()
    }
}

/// Adds `moved` to the offsets of the pictures in the tables.
fn move_chunks(moov: &mut MoovBox, moved: u64) -> Result<()> {
    for track in &mut moov.trak_boxes {
        match &mut track.mdia_box.minf_box.stbl_box.stco_or_co64_box {
            Either::A(StcoBox { chunk_offsets }) => {
                for offset in chunk_offsets {
                    let there = u32::try_from(u64::from(*offset) + moved);
                    *offset = there.map_err(|error| fault(&error))?;
                }
            }
            Either::B(Co64Box { chunk_offsets }) => chunk_offsets.iter_mut().for_each(|offset| *offset += moved),
        }
    }
    Ok(())
}

/// Moves a part of a file toward its end.
fn move_up(file: &mut (impl Read + Write + Seek), part: std::ops::Range<u64>, by: u64) -> std::io::Result<()> {
    let mut buffer = vec![0; MOVED_AT_A_TIME];
    let mut end = part.end;
    while end > part.start {
        let start = part.start.max(end.saturating_sub(MOVED_AT_A_TIME as u64));
        let bytes = &mut buffer[..usize::try_from(end - start).unwrap_or(MOVED_AT_A_TIME)];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(bytes)?;
        file.seek(SeekFrom::Start(start + by))?;
        file.write_all(bytes)?;
        end = start;
    }
    Ok(())
}

fn unknown(kind: [u8; 4], payload: Vec<u8>) -> UnknownBox {
    let box_type = BoxType::Normal(kind);
    UnknownBox { box_type, box_size: BoxSize::with_payload_size(box_type, payload.len() as u64), payload }
}

/// Boxes that describe every picture: its colors, and its visible part.
fn picture_boxes(size: Size) -> Vec<UnknownBox> {
    // ISO 23091-2: primaries, transfer and matrix of BT.709, limited range.
    let mut boxes = vec![unknown(*b"colr", [b"nclx".as_slice(), &[0, 1, 0, 1, 0, 1, 0]].concat())];
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let (width, height) = (side(size.width), side(size.height));
    let (columns, rows) = (side(coded(width)), side(coded(height)));
    if (columns, rows) != (width, height) {
        // ISO 14496-12, 12.1.4: the sides, and the offsets of the center, each as a fraction.
        let moved = (width.wrapping_sub(columns), height.wrapping_sub(rows));
        let fractions = [width, 1, height, 1, moved.0, 2, moved.1, 2].map(u32::to_be_bytes);
        boxes.push(unknown(*b"clap", fractions.concat()));
    }
    boxes
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::fault(format!("cannot write an MP4: {error}"))
}
