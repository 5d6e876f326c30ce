//! Sheets: a line of names, then lines of values, which spreadsheets separate by commas, semicolons or tabs.

use std::io::BufRead;
use std::path::Path;

use serde_json::{Map, Value};

use super::super::entry::{Entry, is_known, unknown};
use super::super::lines::LONGEST_LINE;
use super::Entries;
use super::rows::Rows;
use crate::{Error, Result};

/// The separators of values that are tried.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The beginning of a line that declares the separator, as Excel writes and reads it.
const SEPARATOR: &str = "sep=";

/// The separator of a line that must be the header of a sheet: names without spaces, one of them `prompt`.
pub(super) fn separator_of_header(line: &str) -> Option<u8> {
    if let Some(separator) = declared(line) {
        return Some(separator);
    }
    let is_name = |name: &String| {
        name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'))
    };
    let is_header = |separator: &u8| {
        let names = names(line, *separator);
        names.iter().any(|name| name == "prompt") && names.iter().all(is_name)
    };
    SEPARATORS.into_iter().find(is_header)
}

/// The separator that a line such as `sep=;` declares.
fn declared(line: &str) -> Option<u8> {
    let line = line.trim_end_matches(['\r', '\n']);
    let (name, separator) = line.split_at_checked(SEPARATOR.len())?;
    match separator.as_bytes() {
        [separator] if name.eq_ignore_ascii_case(SEPARATOR) => Some(*separator),
        _ => None,
    }
}

/// The separator that splits a header into the most names of settings.
fn separator(header: &str, usual: u8) -> u8 {
    let known = |separator: u8| names(header, separator).iter().filter(|name| is_known(name)).count();
    SEPARATORS.into_iter().fold(usual, |best, other| if known(other) > known(best) { other } else { best })
}

/// The names in a header.
fn names(header: &str, separator: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).delimiter(separator).trim(csv::Trim::All);
    let record = reader.from_reader(header.as_bytes()).records().next().and_then(std::result::Result::ok);
    record.iter().flatten().map(str::to_lowercase).collect()
}

/// The entries of a sheet that begins with `head`. `usual` separates its values unless the header says otherwise.
///
/// # Errors
/// If the header cannot be used.
pub(super) fn sheet(mut reader: impl BufRead + Send + 'static, head: &str, usual: u8, path: &Path) -> Result<Entries> {
    let hint = "begin the file with a line of names, such as prompt,seed,output";
    let unreadable =
        |error: &dyn std::fmt::Display| Error::file(path, format!("the header cannot be read: {error}"), hint);
    // Lines above the header, all of which are in the head.
    let is_above = |line: &&str| line.trim().is_empty() || line.starts_with('#');
    let mut above = head.lines().take_while(is_above).count();
    let header = head.lines().nth(above).unwrap_or_default();
    let separator = match declared(header) {
        Some(separator) => {
            above += 1;
            separator
        }
        None => separator(header, usual),
    };
    for _ in 0..above {
        reader.skip_until(b'\n').map_err(|error| unreadable(&error))?;
    }
    let first_line = above + 1;
    let rows = Rows::new(reader, separator, first_line);
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.flexible(true).trim(csv::Trim::Headers).delimiter(separator).from_reader(rows);
    let header = reader.headers().map_err(|error| unreadable(&error))?;
    let names: Vec<String> = header.iter().map(str::to_lowercase).collect();
    // A column without a name is an index that other programs write.
    if let Some(name) = names.iter().find(|name| !name.is_empty() && !is_known(name)) {
        return Err(Error::file(path, format!("line {first_line}: {}", unknown(name)), hint));
    }
    if !names.iter().any(|name| name == "prompt") {
        return Err(Error::file(path, format!("line {first_line}: there is no column `prompt`"), hint));
    }
    let line_of = move |line: u64| usize::try_from(line).unwrap_or_default() + first_line - 1;
    let mut failed = false;
    let mut record = csv::ByteRecord::new();
    Ok(Box::new(std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let line = line_of(reader.position().line());
        let fields = match reader.read_byte_record(&mut record) {
            Ok(false) => return None,
            Ok(true) => fields(&names, &record),
            Err(error) => {
                failed = true;
                Err(format!("the rest of the file cannot be read: {error}"))
            }
        };
        let line = record.position().map_or(line, |position| line_of(position.line()));
        Some(Entry::of_fields(line, fields))
    })))
}

/// The values of a line, by name.
fn fields(names: &[String], record: &csv::ByteRecord) -> Result<Map<String, Value>, String> {
    if record.as_slice().len() > LONGEST_LINE {
        return Err(format!("the line is longer than {} KiB", LONGEST_LINE >> 10));
    }
    if record.len() > names.len() {
        return Err(format!("the line has {} values for {} names", record.len(), names.len()));
    }
    let mut fields = Map::new();
    for (name, value) in names.iter().zip(record).filter(|(name, _)| !name.is_empty()) {
        let text = std::str::from_utf8(value).map_err(|_| format!("`{name}` is not valid UTF-8"))?;
        if !text.trim().is_empty() {
            fields.insert(name.clone(), Value::String(text.trim().to_owned()));
        }
    }
    Ok(fields)
}
