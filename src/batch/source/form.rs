//! The form of a batch file, by its name and its beginning.

use std::path::Path;

use super::sheet::separator_of_header;

/// The form of a batch file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A prompt per line, with options after ` -- `; lines may also be JSON objects
    Text,
    /// A header with names of settings, then lines of values, separated by commas, semicolons or tabs
    Csv,
    /// Like [`Form::Csv`], but separated by tabs unless the header says otherwise
    Tsv,
    /// Objects or strings, in an array or one after the other
    Json,
    /// A JSON object per line
    Jsonl,
    /// A `[[picture]]` table for each picture; settings above the tables apply to all
    Toml,
}

crate::text::named_values!(Form, "format", {
    Text => "txt",
    Csv => "csv",
    Tsv => "tsv",
    Json => "json",
    Jsonl => "jsonl",
    Toml => "toml",
});

impl Form {
    /// The form of a file by its extension; none if the extension is not known.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_string_lossy().to_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    /// The form of a file by its first lines: text unless another form is certain.
    pub(super) fn of_content(lines: &[&str]) -> Self {
        let Some(first) = lines.first().map(|line| line.trim()) else { return Self::Text };
        if is_json(first) {
            return Self::Json;
        }
        let is_prompt = |rest: &str| {
            rest.trim_start().strip_prefix('=').is_some_and(|rest| rest.trim_start().starts_with(['"', '\'']))
        };
        if first == "[[picture]]" || first.strip_prefix("prompt").is_some_and(is_prompt) {
            return Self::Toml;
        }
        if separator_of_header(first).is_some() { Self::Csv } else { Self::Text }
    }

    /// The form of a file whose name says JSON lines: many such files contain an array instead.
    pub(super) fn of_json_lines(lines: &[&str]) -> Self {
        if lines.first().is_some_and(|first| is_json(first.trim())) { Self::Json } else { Self::Jsonl }
    }
}

/// Whether a line begins JSON that continues on the next lines, or an array. A prompt may also begin with a bracket.
fn is_json(line: &str) -> bool {
    let inside = |bracket: char| line.strip_prefix(bracket).map(str::trim_start);
    inside('{').is_some_and(str::is_empty)
        || inside('[').is_some_and(|rest| rest.is_empty() || rest.starts_with(['{', '"', ']']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_the_form() {
        for (form, line) in [
            (Form::Json, "["),
            (Form::Json, "[{\"prompt\": \"a\"}]"),
            (Form::Json, " [ \"a\","),
            (Form::Json, "{"),
            (Form::Text, "{\"prompt\": \"a\"}"),
            (Form::Text, "{red,green} apple"),
            (Form::Text, "[oil painting] a red apple"),
            (Form::Toml, "[[picture]]"),
            (Form::Toml, "prompt = \"a red apple\""),
            (Form::Text, "prompt = an apple"),
            (Form::Csv, "prompt,seed"),
            (Form::Csv, "Seed; Prompt"),
            (Form::Csv, "seed\tprompt\tnotes"),
            (Form::Csv, "\"prompt\",\"seed\""),
            (Form::Csv, "prompt"),
            (Form::Csv, "sep=;"),
            (Form::Text, "prompt, a red apple"),
            (Form::Text, "a prompt, seed"),
            (Form::Text, "apple, pear"),
        ] {
            assert_eq!(Form::of_content(&[line]), form, "{line}");
        }
        assert_eq!(Form::of_content(&[]), Form::Text);
        assert_eq!((Form::of_json_lines(&["["]), Form::of_json_lines(&["{\"a\": 1}"])), (Form::Json, Form::Jsonl));
    }
}
