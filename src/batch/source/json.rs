//! JSON: objects or strings in an array, or one after the other, in any layout.

use std::io::{BufRead, ErrorKind};

use serde_json::{Map, Value};

use super::super::entry::Entry;
use super::super::lines::LONGEST_LINE;

/// The longest value outside an array, in bytes: the value may contain a list.
const LONGEST_DOCUMENT: usize = 4 << 20;
/// Keys under which other programs keep a list of pictures.
const LISTS: [&str; 2] = ["prompts", "pictures"];

/// The entries of a JSON file, each as soon as it is read.
pub(super) fn entries(reader: impl BufRead + Send + 'static) -> impl Iterator<Item = Entry> + Send {
    let mut values = Values::new(reader);
    let read = std::iter::from_fn(move || {
        let (line, text) = values.next()?;
        let value = text.and_then(|text| {
            serde_json::from_slice::<Value>(&text).map_err(|error| {
                // After an invalid value, the next value cannot be found.
                values.ended = true;
                format!("this is not valid JSON: {}", problem(&error))
            })
        });
        Some((line, value))
    });
    read.flat_map(|(line, value)| match value {
        Ok(value) => of_value(line, value),
        Err(problem) => vec![Entry::wrong(line, problem)],
    })
}

/// The text of a JSON error, without the line and column, which count from the beginning of the value.
pub(super) fn problem(error: &serde_json::Error) -> String {
    let wrong = error.to_string();
    wrong.split(" at line").next().unwrap_or(&wrong).to_owned()
}

/// The entries of a value: a string is a prompt, an object has settings or a list.
fn of_value(line: usize, value: Value) -> Vec<Entry> {
    let mut object = match value {
        Value::Object(object) => object,
        Value::String(text) => return vec![Entry::of_text(line, text.trim())],
        other => return vec![Entry::wrong(line, not_a_picture(&other))],
    };
    let list = LISTS.iter().find_map(|name| match object.get_mut(*name) {
        Some(Value::Array(list)) => Some((*name, std::mem::take(list))),
        _ => None,
    });
    let Some((name, list)) = list else { return vec![Entry::of_fields(line, Ok(object))] };
    object.remove(name);
    list.into_iter()
        .zip(1..)
        .map(|(element, number): (_, usize)| {
            let with_common = |own: Map<String, Value>| {
                let mut fields = object.clone();
                fields.extend(own);
                Entry::of_fields(line, Ok(fields))
            };
            let mut entry = match element {
                Value::Object(own) => with_common(own),
                Value::String(text) if object.is_empty() => Entry::of_text(line, text.trim()),
                Value::String(text) => with_common(Map::from_iter([("prompt".to_owned(), Value::String(text))])),
                other => Entry::wrong(line, not_a_picture(&other)),
            };
            entry.asked = entry.asked.map_err(|problem| format!("`{name}` number {number}: {problem}"));
            entry
        })
        .collect()
}

fn not_a_picture(value: &Value) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    format!("this is {found}, not an object with a `prompt`, or a string")
}

/// Splits a file into the texts of its values, only by brackets and quotation marks.
struct Values<R> {
    reader: R,
    /// The current line, from 1
    line: usize,
    /// Whether the reader is inside an array
    is_array: bool,
    /// Whether a comma or the end of the array must come next
    follows: bool,
    ended: bool,
}

impl<R: BufRead> Values<R> {
    fn new(reader: R) -> Self {
        Self { reader, line: 1, is_array: false, follows: false, ended: false }
    }

    /// The next byte, without consuming it; none at the end.
    fn peek(&mut self) -> Result<Option<u8>, String> {
        loop {
            match self.reader.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Err(format!("the rest of the file cannot be read: {error}"));
                }
            }
        }
    }

    fn take(&mut self, byte: u8) {
        self.line += usize::from(byte == b'\n');
        self.reader.consume(1);
    }

    /// Skips to the beginning of the next value; none at the end.
    fn find(&mut self) -> Result<Option<u8>, String> {
        while let Some(byte) = self.peek()? {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b'[' if !self.is_array => self.is_array = true,
                b']' if self.is_array => (self.is_array, self.follows) = (false, false),
                b',' if self.follows => self.follows = false,
                _ if self.follows => return Err("a comma is missing before this value".into()),
                _ => return Ok(Some(byte)),
            }
            self.take(byte);
        }
        if self.is_array { Err("the array is incomplete: `]` is missing".into()) } else { Ok(None) }
    }

    /// Reads the text of the value that begins here.
    fn value(&mut self, first: u8) -> Result<Vec<u8>, String> {
        let longest = if self.is_array { LONGEST_LINE } else { LONGEST_DOCUMENT };
        let is_nested = matches!(first, b'{' | b'[');
        let (mut text, mut length, mut depth): (_, usize, usize) = (Vec::new(), 0, 0);
        let (mut in_string, mut is_escaped) = (false, false);
        loop {
            let Some(byte) = self.peek()? else {
                if is_nested || in_string {
                    self.ended = true;
                    return Err("the value is incomplete".into());
                }
                break;
            };
            if !is_nested && !in_string && (byte.is_ascii_whitespace() || matches!(byte, b',' | b']')) {
                break;
            }
            self.take(byte);
            length += 1;
            if length <= longest {
                text.push(byte);
            }
            if in_string {
                in_string = is_escaped || byte != b'"';
                is_escaped = !is_escaped && byte == b'\\';
            } else {
                match byte {
                    b'"' => in_string = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            if !in_string && depth == 0 && (is_nested || first == b'"') {
                break;
            }
        }
        self.follows = self.is_array;
        if length > longest { Err(format!("the value is longer than {} KiB", longest >> 10)) } else { Ok(text) }
    }
}

impl<R: BufRead> Iterator for Values<R> {
    /// The first line of a value, and its text or what is wrong with it
    type Item = (usize, Result<Vec<u8>, String>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.find() {
            Ok(None) => None,
            Ok(Some(first)) => {
                let line = self.line;
                Some((line, self.value(first)))
            }
            Err(problem) => {
                self.ended = true;
                Some((self.line, Err(problem)))
            }
        }
    }
}
