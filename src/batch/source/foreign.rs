//! Recognizes files that are not lists of prompts, and suggests what to do with them.

use std::path::Path;

use super::super::entry::is_known;

/// The hint that lists the forms a batch reads.
pub(super) const FORMS: &str = "use a text file with one prompt per line, or a .csv, .tsv, .json, .jsonl or .toml file";

/// A text in the head of every checkpoint.
const CHECKPOINT: &[u8] = b"text2art checkpoint";
/// Other kinds of files: an offset, the bytes at the offset, and the name of the kind.
const KINDS: [(usize, &[u8], &str); 15] = [
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"GIF87a", "a GIF"),
    (0, b"GIF89a", "a GIF"),
    (4, b"ftyp", "a video or a phone photo"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"PK\x03\x04", "a ZIP archive, like .xlsx, .ods and .docx files"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document"),
    (0, b"\x1f\x8b", "a gzip file"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"{\\rtf", "a rich text document"),
    (0, b"\xff\xfe\0\0", "UTF-32 text"),
    (0, b"\0\0\xfe\xff", "UTF-32 text"),
    (0, b"<?xml", "XML"),
    (0, b"<!DOCTYPE", "a web page"),
];
/// The number of kinds, from the first on, that text2art may have written.
const OWN: usize = 4;

/// A problem and a hint.
type Refusal = (String, String);

/// Refuses a file that is not text, by its first bytes.
pub(super) fn binary(head: &[u8], is_text: bool, path: &Path) -> Option<Refusal> {
    let refused = |what: &str, hint: String| Some((format!("this is {what}, not a list of prompts"), hint));
    if head.windows(CHECKPOINT.len()).any(|window| window == CHECKPOINT) && head.contains(&0) {
        return refused("a checkpoint", format!("continue its picture with `text2art resume {}`", path.display()));
    }
    let begins = |(at, bytes, _): &(usize, &[u8], &str)| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
    match KINDS.iter().position(begins) {
        Some(index) if index < OWN => {
            let again = format!("to repeat a picture that text2art made, run `text2art --from {}`", path.display());
            refused(KINDS[index].2, format!("{again}; for a batch, {FORMS}"))
        }
        Some(index) => refused(KINDS[index].2, FORMS.to_owned()),
        None if !is_text && head.contains(&0) => refused("binary data", FORMS.to_owned()),
        None => None,
    }
}

/// Refuses YAML, by the extension or by the first lines with content.
pub(super) fn yaml(path: &Path, lines: &[&str]) -> Option<Refusal> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let is_yaml = extension.is_some_and(|extension| matches!(extension.as_str(), "yaml" | "yml")) || looks_like(lines);
    let hint = "write one prompt per line, or put the settings of each picture into a .csv, .json or .toml file";
    is_yaml.then(|| ("YAML is not supported".to_owned(), hint.to_owned()))
}

/// Whether lines are YAML. A prompt may end with a colon, or begin with a dash as in a Markdown list.
fn looks_like(lines: &[&str]) -> bool {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    let key = |line: &str| line.split_once(':').map(|(key, value)| (key.to_lowercase(), value.trim().is_empty()));
    let is_setting = |line: &str| key(line).is_some_and(|(name, _)| is_known(&name));
    match lines[..] {
        ["prompts:" | "prompt:" | "pictures:", ..] => true,
        [first, ..] if first.strip_prefix("- ").is_some_and(is_setting) => true,
        ["---", second, ..] => second.starts_with("- ") || key(second).is_some(),
        [first, second, ..] => {
            let is_list = key(first).is_some_and(|(name, is_empty)| is_empty && !name.contains(' '));
            is_list && second.starts_with("- ") || is_setting(first) && is_setting(second)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_no_prompt_and_prompts_are_no_yaml() {
        for lines in [
            &["prompts:", "  - a red apple"][..],
            &["prompts:"],
            &["pictures_of_fruit:", "- a pear"],
            &["- prompt: a red apple", "  seed: 3"],
            &["---", "- a red apple"],
            &["prompt: a red apple", "seed: 3"],
        ] {
            assert!(looks_like(lines), "{lines:?}");
        }
        for lines in [
            &["a red apple:", "a pear"][..],
            &["- a red apple", "- a pear"],
            &["fruit: an apple", "fruit: a pear"],
            &["prompt: a red apple", "a pear"],
            &["still life with fruit:", "- an apple"],
            &["---", "a red apple"],
            &[],
        ] {
            assert!(!looks_like(lines), "{lines:?}");
        }
    }
}
