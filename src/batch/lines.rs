//! The lines of a file, as they arrive. An error in one line does not affect the others.

use std::io::{BufRead, Read};

/// The longest line that is read, in bytes.
pub const LONGEST_LINE: usize = 100 << 10;

/// Lines with their numbers, from 1.
pub struct Lines<R> {
    reader: R,
    number: usize,
    /// Whether reading has failed
    failed: bool,
}

impl<R: BufRead> Lines<R> {
    /// The lines of a reader.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0, failed: false }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    /// The number of a line, and its text without the line ending, or what is wrong with the line
    type Item = (usize, Result<String, String>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let mut line = Vec::new();
        // Read one byte more, to notice a line that is too long.
        let most = LONGEST_LINE as u64 + 2;
        match self.reader.by_ref().take(most).read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => {
                (self.number, self.failed) = (self.number + 1, true);
                return Some((self.number, Err(format!("the rest of the file cannot be read: {error}"))));
            }
        }
        self.number += 1;
        let whole = line.ends_with(b"\n");
        let mut text = line.strip_suffix(b"\n").unwrap_or(&line);
        text = text.strip_suffix(b"\r").unwrap_or(text);
        if self.number == 1 {
            text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        }
        if text.len() > LONGEST_LINE {
            if !whole {
                self.skip_line();
            }
            return Some((self.number, Err(format!("the line is longer than {} KiB", LONGEST_LINE >> 10))));
        }
        let text = std::str::from_utf8(text).map(str::to_owned);
        Some((
            self.number,
            text.map_err(|error| format!("the line is not valid UTF-8 at byte {}", error.valid_up_to() + 1)),
        ))
    }
}

impl<R: BufRead> Lines<R> {
    /// Skips the rest of a line.
    fn skip_line(&mut self) {
        while let Ok(buffer) = self.reader.fill_buf() {
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let passed = end.map_or(buffer.len(), |end| end + 1);
            self.reader.consume(passed);
            if end.is_some() || passed == 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_no_reason_to_lose_the_others() {
        let mut file = b"\xef\xbb\xbfone\r\ntwo \xff\n\n".to_vec();
        file.extend(vec![b'x'; 1 << 20]);
        file.extend(b"\nlast".iter());
        let lines: Vec<_> = Lines::new(file.as_slice()).collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0], (1, Ok("one".into())));
        assert_eq!(lines[1], (2, Err("the line is not valid UTF-8 at byte 5".into())));
        assert_eq!(lines[2], (3, Ok(String::new())));
        assert_eq!(lines[3], (4, Err("the line is longer than 100 KiB".into())));
        assert_eq!(lines[4], (5, Ok("last".into())));
        let longest = "y".repeat(LONGEST_LINE);
        let lines: Vec<_> = Lines::new(format!("{longest}\r\n{longest}z").as_bytes().to_vec().as_slice()).collect();
        assert_eq!(lines[0], (1, Ok(longest)));
        assert!(lines[1].1.is_err() && lines.len() == 2);
    }
}
