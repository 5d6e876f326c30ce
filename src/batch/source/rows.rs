//! Limits the rows of a sheet: without a limit, a quotation mark that is never closed makes the rest of the file one
//! row.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

/// The longest row, in bytes.
const LONGEST: usize = 1 << 20;

/// The position in a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the beginning of a value
    Start,
    /// In a value without quotation marks, or after its closing quotation mark
    Plain,
    /// In a value between quotation marks
    Quoted,
    /// After a quotation mark that closes the value, or is the first of an escaped pair
    Quote,
}

/// Reads a sheet. A row that is too long is cut off, or is an error if a quotation mark is open.
pub(super) struct Rows<R> {
    reader: R,
    row: Row,
}

/// The state of reading a sheet.
struct Row {
    separator: u8,
    at: At,
    /// The length of the row so far, in bytes
    length: usize,
    /// The current line, from 1
    line: usize,
    /// The line of the last opening quotation mark
    opened: usize,
}

impl<R: BufRead> Rows<R> {
    /// Reads the rows of a reader that begins in line `line`, from 1, and whose values are separated by `separator`.
    pub(super) fn new(reader: R, separator: u8, line: usize) -> Self {
        Self { reader, row: Row { separator, at: At::Start, length: 0, line, opened: line } }
    }
}

impl Row {
    /// Takes one byte. Returns whether the byte is kept.
    fn step(&mut self, byte: u8) -> Result<bool> {
        let is_end = matches!(byte, b'\n' | b'\r');
        self.at = match (self.at, byte) {
            (At::Start, b'"') => {
                self.opened = self.line;
                At::Quoted
            }
            (At::Quoted, b'"') => At::Quote,
            (At::Quote, b'"') | (At::Quoted, _) => At::Quoted,
            _ if is_end || byte == self.separator => At::Start,
            _ => At::Plain,
        };
        self.line += usize::from(byte == b'\n');
        if is_end && self.at == At::Start {
            self.length = 0;
            return Ok(true);
        }
        self.length += 1;
        if self.length > LONGEST && self.at == At::Quoted {
            let (opened, most) = (self.opened, LONGEST >> 20);
            let problem = format!("the quotation mark in line {opened} is not closed within {most} MiB");
            return Err(Error::new(ErrorKind::InvalidData, problem));
        }
        Ok(self.length <= LONGEST)
    }
}

impl<R: BufRead> Read for Rows<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let bytes = self.reader.fill_buf()?;
            let taken = bytes.len().min(buffer.len());
            if taken == 0 {
                return Ok(0);
            }
            let mut kept = 0;
            for byte in &bytes[..taken] {
                if self.row.step(*byte)? {
                    buffer[kept] = *byte;
                    kept += 1;
                }
            }
            self.reader.consume(taken);
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Rows::new(text.as_bytes(), b',', 1).read_to_end(&mut bytes).map(|_| bytes)
    }

    #[test]
    fn only_what_is_too_long_is_cut_off_or_refused() {
        let long = "x".repeat(LONGEST / 2);
        let quoted = format!("a,b\n\"{long}\n\"\"{}\",1\r\n5\" x,\"\"\n\"c\"\n", &long[..long.len() - 20]);
        assert!(read(&quoted).unwrap() == quoted.as_bytes());
        let many = "a,\"b\"\n".repeat(LONGEST / 4);
        assert!(read(&many).unwrap() == many.as_bytes());
        let plain = read(&format!("a,b\n{long}{long}{long}\nlast\n")).unwrap();
        assert!(plain.len() == 4 + LONGEST + 6 && plain.ends_with(b"x\nlast\n"));
        let error = read(&format!("a,b\n1,\"two\nlines\",\"three\n{long}{long}\n{long}")).unwrap_err();
        assert!(error.to_string().contains("in line 3 is not closed within 1 MiB"), "{error}");
    }
}
