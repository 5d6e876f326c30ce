//! Reads batch files of all forms.

mod beginning;
mod decode;
mod foreign;
mod form;
mod json;
mod rows;
mod sheet;
mod tables;

use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use super::entry::Entry;
use super::lines::Lines;
use crate::files::{self, Stream, open_source, read_within, unreadable, unreadable_file};
use crate::progress::Stop;
use crate::{Error, Result};
use beginning::{beginning, content, has_lines};
use decode::{Decoder, Encoding};
use foreign::FORMS;
pub use form::Form;

/// The largest batch file, in bytes.
const LARGEST: u64 = 256 << 20;
/// The name of standard input in messages.
const STANDARD_INPUT: &str = "standard input";

/// Entries as they are read.
pub type Entries = Box<dyn Iterator<Item = Entry> + Send>;

/// The entries of a batch.
pub struct Source {
    /// Its name in messages
    pub name: String,
    /// Whether the entries come from another program, which may write them slowly
    pub is_stream: bool,
    /// The entries
    pub entries: Entries,
}

/// Opens a file, or standard input if the path is `-`. Without `form`, the name and the content decide the form. A file
/// is read as a whole first, so later changes to the file have no effect.
///
/// # Errors
/// If the file cannot be read, or [`read`] fails; [`Error::Stopped`] if the batch was stopped before the first line
/// arrived.
pub fn open(path: &Path, form: Option<Form>, stop: &Stop) -> Result<Source> {
    let fault = |error: std::io::Error| unreadable_file(path, &error, FORMS);
    let stopped = {
        let stop = stop.clone();
        move || stop.is_requested()
    };
    let name = path.display().to_string();
    let (name, is_stream, entries) = if path == Path::new("-") {
        let stream = Stream::of_standard_input(stopped).map_err(fault)?;
        (STANDARD_INPUT.to_owned(), true, read(stream, form, Path::new(STANDARD_INPUT), true))
    } else {
        match open_source(path).map_err(fault)? {
            files::Source::Regular(file) => {
                let bytes = read_within(file, LARGEST).map_err(fault)?;
                (name, false, read(Cursor::new(bytes), form, path, false))
            }
            // A pipe is read while its program writes.
            files::Source::Pipe(file) => (name, true, read(Stream::new(file, stopped), form, path, true)),
            files::Source::Device => return Err(Error::file(path, "this is a device, not a file", FORMS)),
        }
    };
    // After a stop, the error of an interrupted read is not interesting.
    let entries = entries.map_err(|error| if stop.is_requested() { Error::Stopped } else { error })?;
    Ok(Source { name, is_stream, entries })
}

/// The entries of a reader, each as soon as it can be read. Errors about the whole file name `path`. To find the form
/// of a stream, only its first line is awaited.
///
/// # Errors
/// If the content is not a list of prompts, is invalid TOML, or is a sheet without a usable header.
pub fn read(reader: impl Read + Send + 'static, form: Option<Form>, path: &Path, is_stream: bool) -> Result<Entries> {
    let lines = if is_stream { 1 } else { 2 };
    let fault = |error: std::io::Error| Error::file(path, unreadable(&error), FORMS);
    let refused = |(problem, hint): (String, String)| Err(Error::file(path, problem, hint));
    let (head, reader) = beginning(BufReader::new(reader), |head| has_lines(head, lines)).map_err(fault)?;
    let encoding = Encoding::of(&head);
    if let Some(refusal) = foreign::binary(&head, encoding.0 != Encoding::Utf8, path) {
        return refused(refusal);
    }
    let decoded = BufReader::new(Decoder::new(reader, encoding));
    let (head, reader) = beginning(decoded, |head| has_lines(head, lines)).map_err(fault)?;
    let head = String::from_utf8_lossy(&head);
    let first: Vec<&str> = content(&head).take(2).collect();
    if let Some(refusal) = foreign::yaml(path, &first).filter(|_| form.is_none()) {
        return refused(refusal);
    }
    let form = form.unwrap_or_else(|| match Form::of(path) {
        Some(Form::Jsonl) => Form::of_json_lines(&first),
        Some(form) => form,
        None => Form::of_content(&first),
    });
    match form {
        Form::Text => Ok(Box::new(Lines::new(reader).filter_map(|(line, text)| text_line(line, text)))),
        Form::Jsonl => Ok(Box::new(Lines::new(reader).filter_map(|(line, text)| json_line(line, text)))),
        Form::Json => Ok(Box::new(json::entries(reader))),
        Form::Csv => sheet::sheet(reader, &head, b',', path),
        Form::Tsv => sheet::sheet(reader, &head, b'\t', path),
        Form::Toml => tables::tables(reader, path),
    }
}

/// The entry of a line of text; none if the line is empty or a comment.
fn text_line(line: usize, text: Result<String, String>) -> Option<Entry> {
    let trimmed = match &text {
        Ok(text) => text.trim(),
        Err(problem) => return Some(Entry::wrong(line, problem.clone())),
    };
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return None;
    }
    // Other programs may write JSON lines into a pipe.
    if trimmed.strip_prefix('{').is_some_and(|inside| inside.trim_start().starts_with('"')) {
        return json_line(line, text);
    }
    Some(Entry::of_text(line, trimmed))
}

/// The entry of a line with a JSON object; none if the line is empty.
fn json_line(line: usize, text: Result<String, String>) -> Option<Entry> {
    if text.as_ref().is_ok_and(|text| text.trim().is_empty()) {
        return None;
    }
    let wrong = |error: serde_json::Error| format!("this is not a JSON object: {}", json::problem(&error));
    let fields = text.and_then(|text| serde_json::from_str(&text).map_err(wrong));
    Some(Entry::of_fields(line, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of each entry, and its prompt, seed and output or what is wrong with it.
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
        read(Cursor::new(text.to_owned().into_bytes()), Some(form), Path::new("x"), false)
            .unwrap()
            .flat_map(shown)
            .collect()
    }

    fn refused(form: Form, text: &'static [u8]) -> String {
        read(Cursor::new(text), Some(form), Path::new("x"), false).err().unwrap().to_string()
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
        assert!(found[1].1.contains("not a JSON object") && found[2].1.contains("not a JSON object"), "{found:?}");
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
