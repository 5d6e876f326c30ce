//! Looks at the beginning of a reader without consuming it.

use std::io::{BufRead, Chain, Cursor, ErrorKind, Read, Result};

/// The longest beginning, in bytes.
const MOST: usize = 8 << 10;

/// A reader whose beginning was read and put back.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// The beginning of a reader, and a reader of the whole. Reading stops as soon as `is_enough` returns true, so that a
/// pipe is not held up.
pub(super) fn beginning<R: BufRead>(mut reader: R, is_enough: impl Fn(&[u8]) -> bool) -> Result<(Vec<u8>, Whole<R>)> {
    let mut head = Vec::new();
    while head.len() < MOST && !is_enough(&head) {
        let found = match reader.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            found => found?,
        };
        if found.is_empty() {
            break;
        }
        head.extend_from_slice(found);
        let length = found.len();
        reader.consume(length);
    }
    Ok((head.clone(), Cursor::new(head).chain(reader)))
}

/// Whether the beginning contains this many complete lines with content.
pub(super) fn has_lines(head: &[u8], wanted: usize) -> bool {
    let whole = head.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    content(&String::from_utf8_lossy(&head[..whole])).count() >= wanted
}

/// The lines that are neither empty nor comments.
pub(super) fn content(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r']).filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}
