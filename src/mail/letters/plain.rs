//! Texts of users, made safe to be read in a letter.

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
        } else if matches!(sign, '\u{200C}' | '\u{200D}') {
            let joins = |neighbor: Option<char>| neighbor.is_some_and(|sign| !sign.is_ascii() && !is_hidden(sign));
            if joins(line.chars().next_back()) && joins(signs.peek().copied()) {
                line.push(sign);
            }
        } else if !is_hidden(sign) {
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

/// Characters that are invisible or control the direction of text, without the variants of emoji.
fn is_hidden(sign: char) -> bool {
    matches!(
        sign,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
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
