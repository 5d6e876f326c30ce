//! Texts of users, made safe to be read in a letter.

use crate::text::{is_invisible, joins};

/// A text in one line, without control characters and without characters that are invisible or turn the direction of
/// what follows. Joiners within words and emoji, and the variants of emoji, stay.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign.is_whitespace() || sign.is_control() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_invisible(sign) || joins(sign, line.chars().next_back(), signs.peek().copied()) {
            line.push(sign);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// The beginning of a text of at most so many characters, with a mark if something is missing.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_users_stay_in_their_line_and_direction() {
        for (text, expected) in [
            ("a red apple", "a red apple"),
            ("  a\r\nBcc: b@example.org\t\0 ", "a Bcc: b@example.org"),
            ("a \u{202e}elppa\u{2066}\u{200b}\u{feff} b", "a elppa b"),
            ("👩\u{200d}🎨 می\u{200c}خواهم ❤\u{fe0f}", "👩\u{200d}🎨 می\u{200c}خواهم ❤\u{fe0f}"),
            ("a\u{200d}b", "ab"),
        ] {
            assert_eq!(one_line(text), expected);
        }
    }

    #[test]
    fn long_texts_are_shortened_between_characters() {
        assert_eq!(short("a red apple", 11), "a red apple");
        assert_eq!(short("a red apple", 7), "a red…");
        assert_eq!(short(&"ä".repeat(70), 60).chars().count(), 60);
    }
}
