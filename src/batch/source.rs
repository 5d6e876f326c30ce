//! Batch files in their forms.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::entry::{Asked, Entry, is_known, of_fields, of_text, unknown};
use super::lines::{LONGEST_LINE, Lines};
use crate::files::{Source, Stream, open_source, read_within};
use crate::models::files::unreadable;
use crate::session::Stop;
use crate::{Error, Result};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// The form of a batch file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A prompt a line, options behind ` -- `; also JSON objects
    Text,
    /// A header of settings' names, then their values
    Csv,
    /// A JSON object a line
    Jsonl,
    /// A `[[picture]]` for each; what stands above is for all
    Toml,
}

crate::settings::text::named_values!(Form, "form", {
    Text => "txt",
    Csv => "csv",
    Jsonl => "jsonl",
    Toml => "toml",
});

impl Form {
    /// The form of a file by its extension; text where that is none of a form's.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).as_deref() {
            Some("csv") => Self::Csv,
            Some("jsonl" | "ndjson") => Self::Jsonl,
            Some("toml") => Self::Toml,
            _ => Self::Text,
        }
    }
}

/// Entries as they are read.
pub type Entries = Box<dyn Iterator<Item = Entry> + Send>;

/// The entries of a file, which is read at once: what is written to it meanwhile does not count. Those of a pipe are read as
/// they come, until `stop`.
///
/// # Errors
/// Where the file cannot be read, or as [`read`].
pub fn open(path: &Path, form: Form, stop: &Stop) -> Result<Entries> {
    let hint = "name a file with a prompt a line, or - for standard input";
    let fault = |problem: String| Error::file(path, problem, hint);
    let stop = stop.clone();
    match open_source(path).map_err(|error| fault(unreadable(&error)))? {
        Source::Regular(file) => {
            let bytes = read_within(file, LARGEST).map_err(|error| fault(unreadable(&error)))?;
            read(Cursor::new(bytes), form, path)
        }
        Source::Pipe(file) => read(Stream::new(file, move || stop.is_requested()), form, path),
        Source::Device => Err(fault("this is a device, not a file".into())),
    }
}

/// The entries of standard input, each as soon as it can be read, until `stop`.
///
/// # Errors
/// As for [`read`].
pub fn read_standard_input(form: Form, stop: &Stop) -> Result<Entries> {
    let (path, stop) = (Path::new("-"), stop.clone());
    let stream = Stream::of_standard_input(move || stop.is_requested());
    let unreadable = |error| Error::file(path, unreadable(&error), "name a file");
    read(stream.map_err(unreadable)?, form, path)
}

/// The entries of a reader, each as soon as it can be read. `path` stands in what is said of the whole of it.
///
/// # Errors
/// Where it cannot be read as a whole: TOML with a fault, CSV without a usable header.
pub fn read(reader: impl Read + Send + 'static, form: Form, path: &Path) -> Result<Entries> {
    let reader = BufReader::new(reader);
    match form {
        Form::Text => Ok(Box::new(Lines::new(reader).filter_map(|(line, text)| text_line(line, text)))),
        Form::Jsonl => Ok(Box::new(Lines::new(reader).filter_map(|(line, text)| json_line(line, text)))),
        Form::Csv => csv_lines(reader, path),
        Form::Toml => toml_tables(reader, path),
    }
}

/// A line of text; none where it is empty or a comment.
fn text_line(line: usize, text: Result<String, String>) -> Option<Entry> {
    let trimmed = match &text {
        Ok(text) => text.trim(),
        Err(_) => return Some(Entry { line, asked: text.map(|_| Vec::new()) }),
    };
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return None;
    }
    // What other programs write into a pipe.
    if trimmed.starts_with("{\"") {
        return json_line(line, text);
    }
    Some(Entry { line, asked: of_text(trimmed) })
}

/// A JSON object; none where the line is empty.
fn json_line(line: usize, text: Result<String, String>) -> Option<Entry> {
    if text.as_ref().is_ok_and(|text| text.trim().is_empty()) {
        return None;
    }
    let object = |text: String| {
        serde_json::from_str(&text).map_err(|error| {
            let wrong = error.to_string();
            format!("this is no JSON object: {}", wrong.split(" at line").next().unwrap_or(&wrong))
        })
    };
    Some(Entry { line, asked: text.and_then(object).and_then(of_fields) })
}

fn csv_lines(reader: impl Read + Send + 'static, path: &Path) -> Result<Entries> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::Headers).from_reader(reader);
    let hint = "begin the file with a line of names, such as prompt,seed,output";
    let header =
        reader.headers().map_err(|error| Error::file(path, format!("the header cannot be read: {error}"), hint))?;
    let names: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        return Err(Error::file(path, format!("line 1: {}", unknown(name)), hint));
    }
    if !names.iter().any(|name| name == "prompt") {
        return Err(Error::file(path, "line 1: there is no column `prompt`", hint));
    }
    let mut failed = false;
    let mut record = csv::ByteRecord::new();
    Ok(Box::new(std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let line = usize::try_from(reader.position().line()).unwrap_or_default();
        let asked = match reader.read_byte_record(&mut record) {
            Ok(false) => return None,
            Ok(true) => csv_record(&names, &record),
            Err(error) => {
                failed = true;
                Err(format!("the file cannot be read on: {error}"))
            }
        };
        let line = record.position().map_or(line, |position| usize::try_from(position.line()).unwrap_or(line));
        Some(Entry { line, asked })
    })))
}

fn csv_record(names: &[String], record: &csv::ByteRecord) -> Result<Vec<Asked>, String> {
    if record.as_slice().len() > LONGEST_LINE {
        return Err(format!("the line is longer than {} KiB", LONGEST_LINE >> 10));
    }
    if record.len() > names.len() {
        return Err(format!("the line has {} values for {} names", record.len(), names.len()));
    }
    let mut fields = Map::new();
    for (name, value) in names.iter().zip(record) {
        let text = std::str::from_utf8(value).map_err(|_| format!("`{name}` is no UTF-8 text"))?;
        if !text.trim().is_empty() {
            fields.insert(name.clone(), Value::String(text.trim().to_owned()));
        }
    }
    of_fields(fields)
}

fn toml_tables(mut reader: impl BufRead, path: &Path) -> Result<Entries> {
    let hint = "write [[picture]] above the settings of each";
    let fault = |problem: String| Error::file(path, problem, hint);
    let mut bytes = Vec::new();
    reader.by_ref().take(LARGEST).read_to_end(&mut bytes).map_err(|error| fault(unreadable(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| fault("the file is not UTF-8 text".into()))?;
    let line_of = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let wrong = |error: toml::de::Error| {
        fault(format!("line {}: {}", error.span().map_or(1, |span| line_of(span.start)), error.message()))
    };
    let mut all: toml::Table = toml::from_str(&text).map_err(wrong)?;
    all.remove(PICTURES);
    let Pictures { picture } = toml::from_str(&text).map_err(wrong)?;
    let common = toml_fields(all);
    let entries: Vec<Entry> = picture
        .into_iter()
        .map(|table| {
            let line = line_of(table.span().start);
            let mut fields = common.clone();
            fields.extend(toml_fields(table.into_inner()));
            Entry { line, asked: of_fields(fields) }
        })
        .collect();
    Ok(Box::new(entries.into_iter()))
}

/// The name of the tables in a TOML file.
const PICTURES: &str = "picture";

#[derive(serde::Deserialize)]
struct Pictures {
    #[serde(default)]
    picture: Vec<toml::Spanned<toml::Table>>,
}

/// TOML's values as JSON's.
fn toml_fields(table: toml::Table) -> Map<String, Value> {
    fn json(value: toml::Value) -> Value {
        match value {
            toml::Value::String(text) => Value::String(text),
            toml::Value::Integer(number) => number.into(),
            // Numbers that JSON has not are told by their text.
            toml::Value::Float(number) => {
                serde_json::Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
            }
            toml::Value::Boolean(value) => Value::Bool(value),
            toml::Value::Datetime(moment) => Value::String(moment.to_string()),
            toml::Value::Array(values) => Value::Array(values.into_iter().map(json).collect()),
            toml::Value::Table(table) => Value::Object(toml_fields(table)),
        }
    }
    table.into_iter().map(|(name, value)| (name, json(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each entry's line, and its prompt, seed and output or a word of what is wrong.
    fn entries(form: Form, text: &str) -> Vec<(usize, String)> {
        let shown = |entry: Entry| {
            let line = entry.line;
            let asked = match entry.asked {
                Ok(asked) => asked
                    .into_iter()
                    .map(|asked| {
                        let seed = asked.settings.seed.map_or_else(String::new, |seed| format!(" {seed}"));
                        let output = asked.output.map_or_else(String::new, |path| format!(" {}", path.display()));
                        format!("{}{seed}{output}", asked.settings.prompt.unwrap())
                    })
                    .collect(),
                Err(problem) => vec![format!("! {problem}")],
            };
            asked.into_iter().map(move |asked| (line, asked)).collect::<Vec<_>>()
        };
        read(Cursor::new(text.to_owned().into_bytes()), form, Path::new("x")).unwrap().flat_map(shown).collect()
    }

    fn refused(form: Form, text: &'static [u8]) -> String {
        read(Cursor::new(text), form, Path::new("x")).err().unwrap().to_string()
    }

    #[test]
    fn text() {
        let found =
            entries(Form::Text, "# fruit\n\na red apple\n  a {pear,plum} -- --seed 3 \n{\"prompt\": \"fig\"}\n");
        let expected = [(3, "a red apple"), (4, "a pear 3"), (4, "a plum 3"), (5, "fig")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn jsonl() {
        let found = entries(Form::Jsonl, "{\"prompt\": \"a\", \"seed\": 5}\n\n[1]\n{\"prompt\": \n{\"prompt\": \"b\"}");
        assert_eq!((found.len(), &found[0], &found[3]), (4, &(1, "a 5".into()), &(5, "b".into())));
        assert!(found[1].1.contains("no JSON object") && found[2].1.contains("no JSON object"), "{found:?}");
    }

    #[test]
    fn csv() {
        let file = "\u{feff}Prompt, seed,output\n\"a, \"\"b\"\"\nand c\",1,x.png\nd,,\ne,two\nf,1,g.png,h\n\"{i,j}\"\n";
        let found = entries(Form::Csv, file);
        let expected = [(2, "a, \"b\"\nand c 1 x.png"), (4, "d"), (5, "e 12427550124025018223"), (7, "i"), (7, "j")];
        let good: Vec<_> = found.iter().filter(|(_, text)| !text.starts_with('!')).cloned().collect();
        assert_eq!(good.len(), expected.len(), "{found:?}");
        for (found, (line, text)) in good.iter().zip(expected) {
            assert!(found.0 == line && (found.1 == text || line == 5), "{found:?}");
        }
        assert!(found.iter().any(|(line, text)| *line == 6 && text.contains("4 values for 3 names")), "{found:?}");
        assert!(refused(Form::Csv, b"prompt,sed\na,1\n").contains("line 1: there is no setting `sed`; did you mean"));
        assert!(refused(Form::Csv, b"seed\n1\n").contains("no column `prompt`"));
    }

    #[test]
    fn toml() {
        let file = "iterations = 5\nseed = 9\n\n[[picture]]\nprompt = \"a\"\n\n[[picture]]\nprompt = \"b\"\nseed = 1\n\
                    [[picture]]\nprompt = \"c\"\nsed = 1\n";
        let found = entries(Form::Toml, file);
        assert_eq!(found[..2], [(4, "a 9".to_owned()), (7, "b 1".to_owned())]);
        assert!(found[2].0 == 10 && found[2].1.contains("no setting `sed`; did you mean `seed`?"), "{found:?}");
        assert!(refused(Form::Toml, b"seed = \n").contains("line 1"));
        assert!(refused(Form::Toml, b"\xff").contains("UTF-8"));
    }
}
