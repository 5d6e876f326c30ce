//! What a file says about its pixels: EXIF, XMP and a color profile, as JPEG, PNG and WebP store them.

use std::io::{self, BufRead, Read, Seek};

use flate2::read::ZlibDecoder;

/// The longest note that is read, in bytes, compressed or not.
const LONGEST: usize = 4 << 20;

/// How a picture's numbers represent colors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// An ICC profile
    Icc(Vec<u8>),
    /// Primaries and transfer function, as ITU-T H.273 numbers them
    Coded(u8, u8),
}

/// What a file says about its pixels.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The turn, as EXIF numbers turns, if the format itself stores one
    pub(super) turn: Option<u32>,
    /// A TIFF directory, with or without `Exif\0\0` before it
    pub(super) exif: Option<Vec<u8>>,
    /// XML
    pub(super) xmp: Option<Vec<u8>>,
    pub(super) profile: Option<Profile>,
}

/// A JPEG's frame header.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) components: u8,
    /// Horizontal and vertical sampling of each component
    sampling: Vec<(u8, u8)>,
    pub(super) progressive: bool,
}

impl Frame {
    /// Samples of all components.
    pub(super) fn samples(&self) -> u64 {
        let most = |side: fn(&(u8, u8)) -> u8| u64::from(self.sampling.iter().map(side).max().unwrap_or(1).max(1));
        let shares: u64 = self.sampling.iter().map(|(across, down)| u64::from(*across) * u64::from(*down)).sum();
        let pixels = u64::from(self.width) * u64::from(self.height);
        pixels * shares / (most(|(across, _)| *across) * most(|(_, down)| *down))
    }
}

/// A PNG's header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes of a decoded pixel, with palettes and less than 8 bits expanded
    pub(super) pixel: u64,
    pub(super) gray: bool,
    pub(super) interlaced: bool,
}

fn bytes<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// `length` bytes, or fewer if the file ends.
fn block(file: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut block = Vec::new();
    file.take(length as u64).read_to_end(&mut block)?;
    Ok(block)
}

/// The frame header and the notes of a JPEG, up to its first scan (ITU-T T.81, B.1 and B.2).
pub(super) fn of_jpeg(file: &mut (impl BufRead + Seek)) -> io::Result<(Option<Frame>, Notes)> {
    let (mut notes, mut frame, mut parts) = (Notes::default(), None, Vec::new());
    file.seek_relative(2)?;
    while let Ok([byte]) = bytes::<1>(file) {
        if byte != 0xff {
            continue;
        }
        let mut marker = 0xff;
        while marker == 0xff {
            let Ok([next]) = bytes::<1>(file) else { break };
            marker = next;
        }
        // Markers without a segment.
        if matches!(marker, 0x00 | 0x01 | 0xd0..=0xd8) {
            continue;
        }
        let (Ok(length), false) = (bytes(file).map(u16::from_be_bytes), matches!(marker, 0xd9 | 0xda)) else { break };
        let segment = block(file, usize::from(length.saturating_sub(2)))?;
        match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf if frame.is_none() => {
                frame = frame_of(marker, &segment);
            }
            0xe1 => {
                if let Some(exif) = segment.strip_prefix(b"Exif\0\0") {
                    // A long note spans several segments.
                    let whole = notes.exif.get_or_insert_default();
                    if whole.len() + exif.len() <= LONGEST {
                        whole.extend_from_slice(exif);
                    }
                } else if let Some(xmp) = segment.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                    notes.xmp = Some(xmp.to_vec());
                }
            }
            0xe2 => {
                if let Some([number, count, data @ ..]) = segment.strip_prefix(b"ICC_PROFILE\0")
                    && parts.len() < usize::from(u8::MAX)
                {
                    parts.push((*number, usize::from(*count), data.to_vec()));
                }
            }
            _ => {}
        }
    }
    parts.sort_by_key(|(number, _, _)| *number);
    if parts.first().is_some_and(|(_, count, _)| *count == parts.len()) {
        notes.profile = Some(Profile::Icc(parts.into_iter().flat_map(|(_, _, data)| data).collect()));
    }
    Ok((frame, notes))
}

fn frame_of(marker: u8, segment: &[u8]) -> Option<Frame> {
    let [_, h1, h0, w1, w0, count, components @ ..] = segment else { return None };
    let (components, _) = components.as_chunks::<3>();
    let sampling = components.iter().take(usize::from(*count)).map(|[_, sampling, _]| (sampling >> 4, sampling & 15));
    Some(Frame {
        width: u16::from_be_bytes([*w1, *w0]),
        height: u16::from_be_bytes([*h1, *h0]),
        components: *count,
        sampling: sampling.collect(),
        progressive: matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce),
    })
}

/// The header and the notes of a PNG, including notes after the picture's data (PNG Specification, third edition, 11).
pub(super) fn of_png(file: &mut (impl BufRead + Seek)) -> io::Result<(Option<Header>, Notes)> {
    let (mut notes, mut header, mut raw) = (Notes::default(), None, None);
    let (mut transparent, mut coded) = (false, None);
    file.seek_relative(8)?;
    while let Ok([l3, l2, l1, l0, name @ ..]) = bytes::<8>(file) {
        let length = u32::from_be_bytes([l3, l2, l1, l0]);
        let noted = matches!(&name, b"IHDR" | b"eXIf" | b"iCCP" | b"cICP" | b"tEXt" | b"zTXt" | b"iTXt");
        let (read, skipped) = if noted && length as usize <= LONGEST { (length as usize, 0) } else { (0, length) };
        let data = block(file, read)?;
        file.seek_relative(i64::from(skipped) + 4)?;
        match &name {
            b"IHDR" => header = header_of(&data),
            b"tRNS" => transparent = true,
            b"eXIf" if read > 0 => notes.exif = Some(data),
            b"iCCP" => notes.profile = named(&data).and_then(|(_, rest)| inflate(rest.get(1..)?)).map(Profile::Icc),
            b"cICP" => coded = data.get(..2).map(|codes| Profile::Coded(codes[0], codes[1])),
            b"tEXt" | b"zTXt" | b"iTXt" => match text_of(name, &data) {
                Some((b"Raw profile type exif" | b"Raw profile type APP1", text)) => raw = hexadecimal(&text).or(raw),
                Some((b"XML:com.adobe.xmp", text)) => notes.xmp = Some(text),
                _ => {}
            },
            b"IEND" => break,
            _ => {}
        }
    }
    notes.exif = notes.exif.or(raw);
    notes.profile = coded.or(notes.profile);
    let header = header.map(|(header, channels, depth)| {
        let alpha = if transparent { channels % 2 } else { 0 };
        Header { pixel: (channels + alpha) * depth, ..header }
    });
    Ok((header, notes))
}

/// The header, and the channels and the bytes per channel of a pixel without a transparency chunk.
fn header_of(data: &[u8]) -> Option<(Header, u64, u64)> {
    let [w3, w2, w1, w0, h3, h2, h1, h0, depth, color, _, _, interlace] = *data.first_chunk::<13>()?;
    let channels = match color {
        0 => 1,
        4 => 2,
        6 => 4,
        _ => 3,
    };
    let header = Header {
        width: u32::from_be_bytes([w3, w2, w1, w0]),
        height: u32::from_be_bytes([h3, h2, h1, h0]),
        pixel: 0,
        gray: channels < 3,
        interlaced: interlace != 0,
    };
    Some((header, channels, if depth == 16 { 2 } else { 1 }))
}

/// Splits at the first zero byte.
fn named(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = data.iter().position(|byte| *byte == 0)?;
    Some((&data[..end], &data[end + 1..]))
}

/// The keyword and the text of a text chunk.
fn text_of(name: [u8; 4], data: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let (keyword, rest) = named(data)?;
    if !keyword.starts_with(b"Raw profile type ") && keyword != b"XML:com.adobe.xmp" {
        return None;
    }
    let text = match &name {
        b"tEXt" => rest.to_vec(),
        b"zTXt" => inflate(rest.get(1..)?)?,
        _ => {
            let [compressed, _, rest @ ..] = rest else { return None };
            let (_, translated) = named(rest)?;
            let (_, text) = named(translated)?;
            if *compressed == 1 { inflate(text)? } else { text.to_vec() }
        }
    };
    Some((keyword, text))
}

/// Decompresses a note; none if it is damaged, or longer than notes may be.
fn inflate(data: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    ZlibDecoder::new(data).take(LONGEST as u64 + 1).read_to_end(&mut plain).ok()?;
    (plain.len() <= LONGEST).then_some(plain)
}

/// The bytes that `ImageMagick` writes as hexadecimal digits after a name and a length, each on its own line.
fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.splitn(4, |byte| *byte == b'\n').nth(3)?;
    let digits: Vec<u8> = digits.iter().filter_map(|digit| char::from(*digit).to_digit(16)?.try_into().ok()).collect();
    let (pairs, _) = digits.as_chunks::<2>();
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// The notes of a WebP file whose header says that it has them (RFC 9649, 2.7).
pub(super) fn of_webp(file: &mut (impl BufRead + Seek)) -> io::Result<Notes> {
    let (mut notes, mut flags) = (Notes::default(), 0);
    file.seek_relative(12)?;
    while let Ok([n0, n1, n2, n3, length @ ..]) = bytes::<8>(file) {
        let length = u32::from_le_bytes(length);
        let name = [n0, n1, n2, n3];
        let noted = matches!(&name, b"VP8X" | b"EXIF" | b"XMP " | b"ICCP");
        let (read, skipped) = if noted && length as usize <= LONGEST { (length as usize, 0) } else { (0, length) };
        let data = block(file, read)?;
        // Chunks begin at even offsets.
        file.seek_relative(i64::from(skipped) + i64::from(length % 2))?;
        match &name {
            b"VP8X" => flags = data.first().copied().unwrap_or(0),
            b"EXIF" if flags & 0x08 != 0 => notes.exif = Some(data),
            b"XMP " if flags & 0x04 != 0 => notes.xmp = Some(data),
            b"ICCP" if flags & 0x20 != 0 => notes.profile = Some(Profile::Icc(data)),
            _ => {}
        }
    }
    Ok(notes)
}
