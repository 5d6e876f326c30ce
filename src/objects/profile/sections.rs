//! Reads the sections of the files of Amazon's tools:
//!
//! ```text
//! [NAME]
//! key = value      # a comment
//! nested =
//!   key = value
//! ```

use std::collections::HashMap;
use std::path::Path;

use crate::error::{Error, Result};

/// The hint for a file that cannot be read.
const HINT: &str = "write it as `aws configure` does: [NAME] above lines of KEY = VALUE";

/// What a section says.
#[derive(Default)]
pub(super) struct Section {
    /// The line of its name, from 1
    pub(super) line: usize,
    values: HashMap<String, (usize, String)>,
}

impl Section {
    /// The line and the value of a key, unless it is empty.
    pub(super) fn get(&self, key: &str) -> Option<(usize, &str)> {
        self.values.get(key).map(|(line, value)| (*line, value.as_str())).filter(|(_, value)| !value.is_empty())
    }
}

/// The section of a file whose name is wanted, if there is one. Sections of the same name are one. Nested keys are skipped.
///
/// # Errors
/// If a line is neither a name, a key with its value, nor a comment. The message does not repeat the line, which may
/// be a secret.
pub(super) fn section(path: &Path, text: &str, is_wanted: impl Fn(&str) -> bool) -> Result<Option<Section>> {
    let mut wanted: Option<Section> = None;
    // Whether a section has begun, and it is wanted
    let mut inside: Option<bool> = None;
    // How far the latest key is indented, after which lines that are indented further belong to it
    let mut indented: Option<usize> = None;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let number = index + 1;
        let wrong = |problem: &str| Error::file(path, format!("line {number}: {problem}"), HINT);
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let depth = line.len() - line.trim_start().len();
        if indented.is_some_and(|of_key| depth > of_key) {
            continue;
        }
        if let Some(rest) = content.strip_prefix('[') {
            let (name, after) = rest.split_once(']').ok_or_else(|| wrong("missing `]` after the name"))?;
            if !after.trim().is_empty() && !after.trim_start().starts_with(['#', ';']) {
                return Err(wrong("unexpected text after the name in brackets"));
            }
            let is_this = is_wanted(name.trim());
            if is_this && wanted.is_none() {
                wanted = Some(Section { line: number, ..Section::default() });
            }
            (inside, indented) = (Some(is_this), None);
            continue;
        }
        let (key, value) = content.split_once('=').ok_or_else(|| wrong("expected KEY = VALUE"))?;
        let key = key.trim_end();
        if key.is_empty() {
            return Err(wrong("missing key before `=`"));
        }
        let Some(is_this) = inside else { return Err(wrong("missing [NAME] above the first key")) };
        indented = Some(depth);
        if let Some(section) = wanted.as_mut().filter(|_| is_this) {
            drop(section.values.insert(key.to_ascii_lowercase(), (number, without_comment(value).to_owned())));
        }
    }
    Ok(wanted)
}

/// A value without the comment after it, which begins with a space.
fn without_comment(value: &str) -> &str {
    let marks = [" #", " ;", "\t#", "\t;"];
    let end = marks.iter().filter_map(|mark| value.find(mark)).min().unwrap_or(value.len());
    value[..end].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Option<Section>> {
        section(Path::new("credentials"), text, |name| name == "art")
    }

    #[test]
    fn a_section_is_read_as_amazons_tools_do() {
        let text = "\u{feff}# first\r\n[other]\r\nkey = no\r\n[ art ] ; ours\r\nKEY=a=b#c # comment\r\n\r\nnested =\r\n  key = \
                    deep\r\n  line\r\nempty =\r\n[other]\nkey = no\n[art]\n  two = 2\n  key2 = 3\n;\n  two = 4\n";
        let found = of(text).unwrap().unwrap();
        assert_eq!(found.line, 4);
        assert_eq!(found.get("key"), Some((5, "a=b#c")));
        assert_eq!((found.get("two"), found.get("key2")), (Some((17, "4")), Some((15, "3"))));
        assert_eq!((found.get("nested"), found.get("empty"), found.get("none")), (None, None, None));
        assert!(of("[other]\nkey = 1\n").unwrap().is_none() && of("").unwrap().is_none());
    }

    #[test]
    fn a_wrong_line_is_named_and_not_repeated() {
        for (text, words) in [
            ("[art]\nsecret", "line 2: expected KEY = VALUE"),
            ("[art]\na = 1\n[secret\n", "line 3: missing `]` after the name"),
            ("[art] secret", "line 1: unexpected text after"),
            ("\n= secret", "line 2: missing key"),
            ("key = secret", "line 1: missing [NAME]"),
        ] {
            let error = of(text).err().unwrap();
            assert!(error.is_usage() && error.to_string().contains(words), "{error}");
            assert!(!error.to_string().contains("secret") && error.hint().contains("[NAME]"), "{error}");
        }
    }
}
