//! Prompts that were probably meant differently: numbers that are part of the text, and weights in the notation of
//! other programs. The meaning of a prompt does not change; a warning says how it is understood and how to write the
//! other meaning.

use super::{Prompt, decimal, split_unescaped};

/// The most characters of a prompt that a warning repeats.
const LONGEST_ECHO: usize = 60;
/// The most characters of a word that was meant as a weight.
const LONGEST_WEIGHT: usize = 20;
/// Whole numbers from here on are more likely text than a weight.
const LARGE: f64 = 100.0;
/// No distance is larger than half the square of pi: no stop is needed beyond it.
const LARGEST_DISTANCE: f64 = std::f64::consts::PI * std::f64::consts::PI / 2.0;

/// The doubt about a prompt: `segment` is the prompt as it was written, `text` its part before `numbers`.
pub(super) fn doubt(segment: &str, text: &str, numbers: &[&str], prompt: &Prompt) -> Option<String> {
    let written = shown(segment);
    let understood = understood(prompt);
    let says = |advice: String| Some(format!("{written} is understood as {understood}; {advice}"));
    let fields = split_unescaped(segment, ':');
    if has_double_colon(&fields) {
        return says("a weight follows one colon, as in `hot dog:2`, and `|` separates prompts".into());
    }
    if has_emphasis(&fields) {
        return says(
            "brackets do not set weights: write the words as a separate prompt, as in `a cat | red:1.3`".into(),
        );
    }
    let Some(first) = numbers.first() else {
        if weighs_words_before(&split_unescaped(text, ':')) {
            return says(separate());
        }
        let (before, word) = word_for_weight(&fields)?;
        let literal = shown(&format!(r"{before}\:{word}"));
        return says(format!("a weight is a number, as in `cat:0.5`; write {literal} if `{word}` is part of the text"));
    };
    let literal = numbers.iter().fold(text.trim().to_owned(), |literal, number| literal + r"\:" + number);
    if first.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        let plain = numbers.iter().fold(text.trim().to_owned(), |plain, number| plain + ":" + number.trim());
        let plain = shown(&plain);
        let literal = shown(&literal);
        return says(format!("write {plain} if the number is a weight, or {literal} if it is part of the text"));
    }
    if looks_like_text(text, numbers) {
        return says(format!("write {} if the number is part of the text", shown(&literal)));
    }
    weighs_words_before(&split_unescaped(text, ':')).then(|| says(separate())).flatten()
}

fn separate() -> String {
    "only a number at the end is a weight: separate prompts with `|`, as in `red:0.5 | blue:0.3`".into()
}

/// A part of a prompt in backticks, cut short.
fn shown(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(LONGEST_ECHO) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn understood(prompt: &Prompt) -> String {
    let stop = prompt.stop.map_or_else(String::new, |stop| format!(" and stop {stop}"));
    format!("the prompt {} with weight {}{stop}", shown(&prompt.text), prompt.weight)
}

/// The text before a word that stands where a weight would, and the word, as in `cat:abc`, but not in `C:/a`.
fn word_for_weight<'a>(fields: &[&'a str]) -> Option<(String, &'a str)> {
    let (word, before) = fields.split_last()?;
    let word = word.trim_end();
    let is_word = !word.is_empty() && word.chars().all(|sign| sign.is_alphanumeric() || ".,%+-".contains(sign));
    let touches = before.last()?.ends_with(|last: char| last.is_alphanumeric());
    (is_word && touches && word.chars().count() <= LONGEST_WEIGHT).then(|| (before.join(":"), word))
}

/// Whether weights follow two colons, as in `hot dog::2` or `hot:: dog`, but not `std::vector`.
fn has_double_colon(fields: &[&str]) -> bool {
    let is_weight = |after: Option<&&str>| {
        let first = after.and_then(|field| field.chars().next());
        first.is_none_or(|first| first.is_whitespace() || first.is_ascii_digit() || "+-.".contains(first))
    };
    (1..fields.len().saturating_sub(1)).any(|index| fields[index].is_empty() && is_weight(fields.get(index + 1)))
}

/// Whether words have a weight in brackets, as in `a (red:1.3) cat`, but not `(John 3:16)`.
fn has_emphasis(fields: &[&str]) -> bool {
    let mut is_open = false;
    for pair in fields.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        is_open |= before.contains(['(', '[', '<']);
        let weight = after.split([')', ']', '>']).next().filter(|weight| weight.len() < after.len());
        let is_text = before.ends_with(|last: char| last.is_ascii_digit());
        if is_open && !is_text && weight.is_some_and(|weight| decimal(weight.trim()).is_some()) {
            return true;
        }
    }
    false
}

/// Whether numbers at the end are more likely part of the text: `at 10:30`, `16:9`, `John:3:16`, `Blade Runner:2049`.
fn looks_like_text(text: &str, numbers: &[&str]) -> bool {
    let is_whole = |number: &&str| number.trim().bytes().all(|byte| byte.is_ascii_digit());
    let is_large = |number: &&str, least: f64| is_whole(number) && decimal(number.trim()).is_some_and(|it| it >= least);
    let begins_with_zero =
        |number: &&str| is_whole(number) && number.trim().len() > 1 && number.trim().starts_with('0');
    let after_digit = text.ends_with(|last: char| last.is_ascii_digit()) && numbers.first().is_some_and(is_whole);
    after_digit
        || numbers.iter().any(begins_with_zero)
        || numbers.first().is_some_and(|weight| is_large(weight, LARGE))
        || numbers.get(1).is_some_and(|stop| is_large(stop, LARGEST_DISTANCE))
}

/// Whether a weight stands before other words, as in `red:0.5 blue`.
fn weighs_words_before(fields: &[&str]) -> bool {
    let is_weight = |field: &&str| {
        let (number, rest) = field.split_once(char::is_whitespace).unwrap_or((field, ""));
        let is_marked = number.contains('.') || number.starts_with(['+', '-']);
        is_marked && !rest.trim().is_empty() && decimal(number).is_some()
    };
    fields.iter().skip(1).any(is_weight)
}

#[cfg(test)]
mod tests {
    use crate::settings::Prompts;

    fn doubts(text: &str) -> Vec<String> {
        text.parse::<Prompts>().unwrap().doubts().to_vec()
    }

    #[test]
    fn numbers_that_look_like_text_are_doubted() {
        for (text, understood, other) in [
            ("a clock at 10:30", "the prompt `a clock at 10` with weight 30;", r"write `a clock at 10\:30` if"),
            ("ratio 16:9", "the prompt `ratio 16` with weight 9;", r"`ratio 16\:9`"),
            ("John 3:16", "`John 3` with weight 16", r"`John 3\:16`"),
            ("John:3:16", "`John` with weight 3 and stop 16", r"`John\:3\:16`"),
            ("10:30:45", "`10` with weight 30 and stop 45", r"`10\:30\:45`"),
            ("ten:05", "`ten` with weight 5", r"`ten\:05`"),
            ("Blade Runner:2049", "`Blade Runner` with weight 2049", r"`Blade Runner\:2049`"),
            ("red: 0.5", "`red` with weight 0.5", r"write `red:0.5` if the number is a weight, or `red\: 0.5` if"),
            (
                "night sky :2",
                "`night sky` with weight 2",
                r"write `night sky:2` if the number is a weight, or `night sky\:2` if",
            ),
            ("hot dog::2", "`hot dog:` with weight 2", "one colon"),
            ("hot:: dog", "`hot:: dog` with weight 1", "one colon"),
            ("hot::1.5 dog::-0.5", "`hot::1.5 dog:` with weight -0.5", "one colon"),
            ("a (red:1.3) cat", "`a (red:1.3) cat` with weight 1", "brackets"),
            ("<lora:x:0.8> a cat", "with weight 1", "brackets"),
            ("red:0.5 blue:0.3", "`red:0.5 blue` with weight 0.3", "separate prompts with `|`"),
            ("red:0.5 blue", "`red:0.5 blue` with weight 1", "separate prompts with `|`"),
            ("cat:abc", "`cat:abc` with weight 1", r"write `cat\:abc` if `abc` is part of the text"),
            ("cat:nan", "`cat:nan` with weight 1", r"write `cat\:nan` if"),
            ("a red cat:50%", "`a red cat:50%` with weight 1", "a weight is a number"),
            ("cat:1:x", "`cat:1:x` with weight 1", r"write `cat:1\:x` if"),
        ] {
            let found = doubts(text);
            let [doubt] = found.as_slice() else { panic!("{text}: {found:?}") };
            assert!(doubt.starts_with(&format!("`{text}` is understood as ")), "{doubt}");
            assert!(doubt.contains(understood) && doubt.contains(other), "{doubt}");
        }
    }

    #[test]
    fn ordinary_prompts_are_not_doubted() {
        for text in [
            "a red apple",
            "a castle | night sky:0.5 | blurry:-0.3:-0.7",
            "apple:2 | pear:-1",
            "Star Wars: a new hope",
            r"a clock at 10\:30",
            r"ratio 16\:9:0.5",
            "a clock at 10:30 in the evening",
            "(John 3:16)",
            "a smile :)",
            "std::vector",
            "a (red) apple:0.5",
            "apollo 11:0.5",
            "http://a.example/b",
            "c4: the game",
            r"cat\:abc",
            "a cat :smile:",
            "C:/a/b",
        ] {
            assert_eq!(doubts(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn doubts_are_few_and_short() {
        let many = vec!["at 10:30"; 1000].join("|");
        assert!(doubts(&many).len() <= 6);
        let long = doubts(&format!("{}1:2", "ä".repeat(20_000)));
        assert!(long[0].chars().count() < 500, "{long:?}");
    }
}
