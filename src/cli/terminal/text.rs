//! Makes text from files safe to show: a character that controls a terminal, or that is invisible and misleads the
//! reader, is written as an escape.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

use crate::text::{is_invisible, joins};

/// How an escape is spelled.
#[derive(Clone, Copy)]
enum Spelling {
    /// As in TOML, and for people: `\u001B`, `\U000E0041`
    Toml,
    /// As in JSON, in units of UTF-16: `\u001B`, `\uDB40\uDC41`
    Json,
}

/// Text as one line that is safe to show anywhere.
pub(in crate::cli) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, Spelling::Toml, |_| false)
}

/// A JSON document, or a line of one, with the same meaning but safe to show. Line feeds stand only between its values.
pub(in crate::cli) fn visible_json(json: &str) -> Cow<'_, str> {
    escaped(json, Spelling::Json, |character| character == '\n')
}

/// A TOML document of plain values, with the same meaning as the one that [`toml::to_string`] writes but safe to show.
///
/// # Errors
/// If the values are not a table, or cannot be written as TOML.
pub(in crate::cli) fn visible_toml(values: &impl Serialize) -> anyhow::Result<String> {
    let text = toml::to_string(values)?;
    if matches!(escaped(&text, Spelling::Toml, |character| character == '\n'), Cow::Borrowed(_)) {
        return Ok(text);
    }
    // Some values are literal strings, which have no escapes. As JSON they are strings of the other kind.
    let table = toml::Table::try_from(values)?;
    let serde_json::Value::Object(in_order) = serde_json::to_value(values)? else {
        anyhow::bail!("the settings are not a table");
    };
    let mut document = String::new();
    for (name, json) in in_order {
        let Some(value) = table.get(&name) else { continue };
        let line = toml::to_string(&toml::Table::from_iter([(name.clone(), value.clone())]))?;
        if matches!(escaped(&line, Spelling::Toml, |character| character == '\n'), Cow::Borrowed(_)) {
            document += &line;
        } else {
            writeln!(document, "{name} = {}", visible(&json.to_string()))?;
        }
    }
    Ok(document)
}

/// Text with each unsafe character escaped, except those to keep.
fn escaped(text: &str, spelling: Spelling, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::new();
    // The end of the text copied so far.
    let mut copied = 0;
    for (index, character) in text.char_indices() {
        let end = index + character.len_utf8();
        let (before, after) = (text[..index].chars().next_back(), text[end..].chars().next());
        if !is_unsafe(character) || keep(character) || joins(character, before, after) {
            continue;
        }
        safe += &text[copied..index];
        copied = end;
        escape(character, spelling, &mut safe);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    safe += &text[copied..];
    Cow::Owned(safe)
}

fn escape(character: char, spelling: Spelling, text: &mut String) {
    let code = u32::from(character);
    // Writing to a string cannot fail.
    let _ = match (character, spelling) {
        ('\n', _) => text.write_str("\\n"),
        ('\r', _) => text.write_str("\\r"),
        ('\t', _) => text.write_str("\\t"),
        (_, Spelling::Toml) if code > 0xFFFF => write!(text, "\\U{code:08X}"),
        (_, Spelling::Toml) => write!(text, "\\u{code:04X}"),
        (_, Spelling::Json) => {
            let mut units = [0; 2];
            character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(text, "\\u{unit:04X}"))
        }
    };
}

/// Whether a character controls a terminal or is invisible.
fn is_unsafe(character: char) -> bool {
    character.is_control() || is_invisible(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text that a file may contain.
    const HOSTILE: &str =
        "a\x1b[31m \x07\0\t\r\n\x7f\u{85}\u{9b}31m \u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\u{feff}\u{e0041}'\"\\z";

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in
            ["", "a red apple", "größe 木 naïve — “quotes” \\ ' \"", "🧑\u{200d}🚀 ❤\u{fe0f}", "می\u{200c}خواهم"]
        {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
            assert_eq!(visible_json(text), text);
        }
    }

    #[test]
    fn what_is_not_seen_becomes_an_escape() {
        let shown =
            r#"a\u001B[31m \u0007\u0000\t\r\n\u007F\u0085\u009B31m \u202E\u2066\u200F\u061C\u2028\uFEFF\U000E0041'"\z"#;
        assert_eq!(visible(HOSTILE), shown);
        // Between ASCII letters a joiner joins nothing.
        assert_eq!(visible("ap\u{200d}ple"), r"ap\u200Dple");
        for code in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let text = code.to_string();
            assert!(!visible(&text).chars().any(char::is_control), "{code:?}");
        }
    }

    #[test]
    fn documents_mean_the_same() {
        let values =
            serde_json::json!({ "prompt": HOSTILE, "clip": [HOSTILE, "b"], "n": 3, "weight": 0.5, "plain": "it's" });
        for json in [values.to_string(), serde_json::to_string_pretty(&values).unwrap()] {
            let shown = visible_json(&json);
            assert!(!shown.chars().any(|character| is_unsafe(character) && character != '\n'), "{shown}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), values);
        }
        let shown = visible_toml(&values).unwrap();
        assert!(!shown.chars().any(|character| is_unsafe(character) && character != '\n'), "{shown}");
        let read: toml::Table = toml::from_str(&shown).unwrap();
        assert_eq!(read, toml::Table::try_from(&values).unwrap());
        // In the given order, with the harmless values written as usual.
        let names: Vec<_> = shown.lines().filter_map(|line| line.split_once(" = ")).collect();
        let order: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        assert_eq!(order, ["prompt", "clip", "n", "weight", "plain"]);
        assert_eq!(names[4].1, "\"it's\"");
        // A literal string has no escapes.
        let quoted = serde_json::json!({ "prompt": "say \"\u{202e}\" \\ now" });
        assert!(toml::to_string(&quoted).unwrap().contains('\''));
        let read: toml::Table = toml::from_str(&visible_toml(&quoted).unwrap()).unwrap();
        assert_eq!(read, toml::Table::try_from(&quoted).unwrap());
        let harmless = serde_json::json!({ "prompt": "two\nlines" });
        assert_eq!(visible_toml(&harmless).unwrap(), toml::to_string(&harmless).unwrap());
    }
}
