//! TOML: a `[[picture]]` table for each picture, or the settings of one picture.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::super::entry::Entry;
use super::{Entries, LARGEST};
use crate::files::unreadable;
use crate::{Error, Result};

/// The name of the tables.
const PICTURES: &str = "picture";

#[derive(serde::Deserialize)]
struct Pictures {
    #[serde(default)]
    picture: Option<Vec<toml::Spanned<toml::Table>>>,
}

/// The entries of a TOML file.
///
/// # Errors
/// If the file is not valid TOML, or has no picture.
pub(super) fn tables(reader: impl Read, path: &Path) -> Result<Entries> {
    let hint = "write [[picture]] above the settings of each picture";
    let fault = |problem: String| Error::file(path, problem, hint);
    let mut bytes = Vec::new();
    reader.take(LARGEST).read_to_end(&mut bytes).map_err(|error| fault(unreadable(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| fault("the file is not valid UTF-8".into()))?;
    let line_of = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let wrong = |error: toml::de::Error| {
        fault(format!("line {}: {}", error.span().map_or(1, |span| line_of(span.start)), error.message()))
    };
    let mut all: toml::Table = toml::from_str(&text).map_err(wrong)?;
    all.remove(PICTURES);
    let Pictures { picture } = toml::from_str(&text).map_err(wrong)?;
    let common = fields(all);
    let Some(pictures) = picture else {
        // This is what `text2art info` prints for a picture.
        if common.contains_key("prompt") {
            return Ok(Box::new(std::iter::once(Entry::of_fields(1, Ok(common)))));
        }
        return Err(fault("the file has neither [[picture]] nor `prompt`".into()));
    };
    let entry = |table: toml::Spanned<toml::Table>| {
        let line = line_of(table.span().start);
        let mut own = common.clone();
        own.extend(fields(table.into_inner()));
        Entry::of_fields(line, Ok(own))
    };
    let entries: Vec<Entry> = pictures.into_iter().map(entry).collect();
    Ok(Box::new(entries.into_iter()))
}

/// Converts TOML values to JSON.
fn fields(table: toml::Table) -> Map<String, Value> {
    fn json(value: toml::Value) -> Value {
        match value {
            toml::Value::String(text) => Value::String(text),
            toml::Value::Integer(number) => number.into(),
            // JSON has no infinity and no NaN; these become strings.
            toml::Value::Float(number) => {
                serde_json::Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
            }
            toml::Value::Boolean(value) => Value::Bool(value),
            toml::Value::Datetime(moment) => Value::String(moment.to_string()),
            toml::Value::Array(values) => Value::Array(values.into_iter().map(json).collect()),
            toml::Value::Table(table) => Value::Object(fields(table)),
        }
    }
    table.into_iter().map(|(name, value)| (name, json(value))).collect()
}
