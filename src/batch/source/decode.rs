//! Decodes text in the encodings that programs write, to UTF-8 with lines that end with LF or CR LF.

use std::io::{BufRead, Read, Result};

/// A byte that UTF-8 never contains. It replaces invalid UTF-16, so that the line is refused.
const INVALID: u8 = 0xff;

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
}

impl Encoding {
    /// The encoding of a file with this beginning, and the length of its byte order mark.
    pub(super) fn of(head: &[u8]) -> (Self, usize) {
        match head {
            [0xef, 0xbb, 0xbf, ..] => (Self::Utf8, 3),
            [0xff, 0xfe, ..] => (Self::Utf16 { big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Self::Utf16 { big_endian: true }, 2),
            _ => (Self::without_mark(head), 0),
        }
    }

    /// UTF-16 is recognized by its Latin letters and spaces: one byte of each is zero, always the same one.
    fn without_mark(head: &[u8]) -> Self {
        let pairs = head.as_chunks::<2>().0;
        let zeros = |index: usize| pairs.iter().filter(|pair| pair[index] == 0).count();
        let big_endian = match (zeros(0), zeros(1)) {
            (0, zeros) if zeros > 0 && zeros * 4 >= pairs.len() => false,
            (zeros, 0) if zeros > 0 && zeros * 4 >= pairs.len() => true,
            _ => return Self::Utf8,
        };
        let is_control = |pair: &[u8; 2]| {
            let [zero, byte] = if big_endian { *pair } else { [pair[1], pair[0]] };
            zero == 0 && byte < b' ' && !byte.is_ascii_whitespace()
        };
        if pairs.iter().any(is_control) { Self::Utf8 } else { Self::Utf16 { big_endian } }
    }
}

/// Reads text as UTF-8. A CR without an LF, which old Macs and some spreadsheets write, becomes an LF.
pub(super) struct Decoder<R> {
    reader: R,
    encoding: Encoding,
    /// Bytes of the byte order mark that are not yet skipped
    mark: usize,
    decoded: Vec<u8>,
    /// The number of decoded bytes that were read
    read: usize,
    /// The first byte of an incomplete UTF-16 unit
    byte: Option<u8>,
    /// The first unit of a pair of surrogates
    surrogate: Option<u16>,
    /// Whether the last byte was a CR
    carriage_return: bool,
}

impl<R: BufRead> Decoder<R> {
    pub(super) fn new(reader: R, (encoding, mark): (Encoding, usize)) -> Self {
        let (decoded, read) = (Vec::new(), 0);
        Self { reader, encoding, mark, decoded, read, byte: None, surrogate: None, carriage_return: false }
    }

    /// Decodes the bytes that are available, or waits for some. Returns whether the reader has ended.
    fn decode(&mut self) -> Result<bool> {
        self.decoded.clear();
        self.read = 0;
        let bytes = self.reader.fill_buf()?.to_vec();
        self.reader.consume(bytes.len());
        if bytes.is_empty() {
            if self.byte.take().is_some() || self.surrogate.take().is_some() {
                self.push(INVALID);
            }
            if std::mem::take(&mut self.carriage_return) {
                self.decoded.push(b'\n');
            }
            return Ok(true);
        }
        for byte in bytes {
            if self.mark > 0 {
                self.mark -= 1;
                continue;
            }
            match (self.encoding, self.byte.take()) {
                (Encoding::Utf8, _) => self.push(byte),
                (Encoding::Utf16 { .. }, None) => self.byte = Some(byte),
                (Encoding::Utf16 { big_endian: true }, Some(first)) => self.unit(u16::from_be_bytes([first, byte])),
                (Encoding::Utf16 { big_endian: false }, Some(first)) => self.unit(u16::from_le_bytes([first, byte])),
            }
        }
        Ok(false)
    }

    fn unit(&mut self, unit: u16) {
        let earlier = self.surrogate.take();
        if (0xd800..0xdc00).contains(&unit) {
            if earlier.is_some() {
                self.push(INVALID);
            }
            self.surrogate = Some(unit);
            return;
        }
        for decoded in char::decode_utf16(earlier.into_iter().chain([unit])) {
            match decoded {
                Ok(character) => character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.push(byte)),
                Err(_) => self.push(INVALID),
            }
        }
    }

    fn push(&mut self, byte: u8) {
        if std::mem::take(&mut self.carriage_return) {
            if byte == b'\n' {
                self.decoded.push(b'\r');
            } else {
                self.decoded.push(b'\n');
            }
        }
        if byte == b'\r' {
            self.carriage_return = true;
        } else {
            self.decoded.push(byte);
        }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while self.read == self.decoded.len() {
            if self.decode()? && self.decoded.is_empty() {
                return Ok(0);
            }
        }
        let left = &self.decoded[self.read..];
        let length = left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.read += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decoded text, read a few bytes at a time.
    fn decoded(bytes: &[u8]) -> Vec<u8> {
        let mut whole = Vec::new();
        let reader = std::io::BufReader::with_capacity(3, bytes);
        Decoder::new(reader, Encoding::of(bytes)).read_to_end(&mut whole).unwrap();
        whole
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn every_encoding_is_the_same_text() {
        let text = "a red äpple 🍎\r\na pear\n";
        for mark in ["", "\u{feff}"] {
            let marked = format!("{mark}{text}");
            assert_eq!(decoded(marked.as_bytes()), text.as_bytes());
            assert_eq!(decoded(&utf16(&marked, u16::to_le_bytes)), text.as_bytes());
            assert_eq!(decoded(&utf16(&marked, u16::to_be_bytes)), text.as_bytes());
        }
        assert_eq!(decoded(b"a\rb\r\nc\r\rd\n\re\r"), b"a\nb\r\nc\n\nd\n\ne\n");
        assert_eq!(decoded(b""), b"");
    }

    #[test]
    fn what_is_no_utf_16_is_invalid() {
        // A lone high surrogate, two high surrogates before a low one, a lone low surrogate, and half a unit.
        let units: Vec<u8> = [0xfeff, 0xd83c, 0x61, 0xd83c, 0xd83c, 0xdf4e, 0xdf4e]
            .iter()
            .flat_map(|unit: &u16| unit.to_le_bytes())
            .collect();
        let found = decoded(&[&units[..], &[0x61]].concat());
        assert_eq!(found, [&[INVALID, b'a', INVALID][..], "🍎".as_bytes(), &[INVALID, INVALID]].concat());
        // Binary data is not detected as UTF-16.
        for bytes in [&[0; 16][..], b"\x01\0\x02\0", b"GIF89a\x01\0\x01\0", b"plain", &[]] {
            assert_eq!(Encoding::of(bytes).0, Encoding::Utf8, "{bytes:?}");
        }
    }
}
