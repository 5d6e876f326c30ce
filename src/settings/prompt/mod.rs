//! Prompts and their grammar: `a castle | night sky:0.5 | blurry:-0.3:-0.7`.

mod doubts;

use std::fmt;
use std::str::FromStr;

/// A description of what the picture should look like, or should not if the weight is negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The text
    pub text: String,
    /// How much the prompt counts; negative to steer away from it
    pub weight: f64,
    /// A cutout stops pulling once its distance, with the sign of the weight, is below this
    pub stop: Option<f64>,
}

impl Prompt {
    /// The text and the weight in one line.
    #[must_use]
    pub fn in_words(&self) -> String {
        let stop = self.stop.map_or_else(String::new, |stop| format!(", stop {stop}"));
        format!("prompt {:?}, weight {}{stop}", self.text, self.weight)
    }
}

/// The prompts of one picture; at least one.
#[derive(Clone, Debug)]
pub struct Prompts {
    all: Vec<Prompt>,
    doubts: Vec<String>,
}

/// The most doubts that are kept.
const MOST_DOUBTS: usize = 5;

impl Prompts {
    /// All prompts, in order.
    #[must_use]
    pub fn all(&self) -> &[Prompt] {
        &self.all
    }

    /// These prompts with the weights that `weight` returns for each index and prompt. Prompts of weight 0 are left out. None
    /// if no prompt is left.
    #[must_use]
    pub fn with_weights(&self, weight: impl Fn(usize, &Prompt) -> f64) -> Option<Self> {
        let weighted = self.all.iter().enumerate().map(|(index, prompt)| {
            let weight = weight(index, prompt);
            Prompt { weight, ..prompt.clone() }
        });
        let all: Vec<_> = weighted.filter(|prompt| prompt.weight != 0.0).collect();
        (!all.is_empty()).then(|| Self { all, doubts: self.doubts.clone() })
    }

    /// The warnings about prompts that were probably meant differently. Each says how the prompt is understood and how
    /// to write the other meaning.
    #[must_use]
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }
}

/// The doubts about the original text do not count.
impl PartialEq for Prompts {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

/// The beginning of the error for a prompt without words.
pub(crate) const EMPTY_PROMPT: &str = "a prompt is empty";
/// The longest text that is read, in bytes. A CLIP reads only about 77 tokens of a prompt.
const LONGEST: usize = 100 << 10;
/// The most prompts of one picture.
pub(in crate::settings) const MOST: usize = 1_000;

/// The largest absolute weight: a larger one overflows single precision.
pub(in crate::settings) const LARGEST_WEIGHT: f64 = 1e6;

impl FromStr for Prompts {
    type Err = String;

    /// Reads `text[:weight[:stop]]`, separated by `|`. Only numbers at the end are weights; `\|` and `\:`
    /// stand for the characters themselves. Errors name the column, from 1.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("the prompt is longer than {} KiB", LONGEST >> 10));
        }
        let (mut all, mut doubts) = (Vec::new(), Vec::new());
        let mut column = 1;
        for segment in split_unescaped(text, '|') {
            let (prompt, doubt) = parse_prompt(segment).map_err(|problem| format!("{problem} (column {column})"))?;
            all.push(prompt);
            doubts.extend(doubt.filter(|doubt| doubts.len() < MOST_DOUBTS && !doubts.contains(doubt)));
            column += segment.chars().count() + 1;
        }
        if all.len() > MOST {
            return Err(format!("there are {} prompts, but {MOST} is the limit", all.len()));
        }
        Ok(Self { all, doubts })
    }
}

impl FromStr for Prompt {
    type Err = String;

    /// Reads a single `text[:weight[:stop]]`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("the text is longer than {} KiB", LONGEST >> 10));
        }
        if split_unescaped(text, '|').len() > 1 {
            return Err("it contains `|`: give each text in an option of its own, or write \\| for a literal |".into());
        }
        parse_prompt(text).map(|(prompt, _)| prompt).map_err(|problem| problem.replacen("a prompt", "the text", 1))
    }
}

/// Reads a prompt and the doubt about it.
fn parse_prompt(segment: &str) -> Result<(Prompt, Option<String>), String> {
    let mut fields = split_unescaped(segment, ':');
    let (mut numbers, mut written) = (Vec::new(), Vec::new());
    while numbers.len() < 2 && fields.len() > 1 {
        let Some(&field) = fields.last() else { break };
        let Some(number) = decimal(field.trim()) else { break };
        numbers.insert(0, number);
        written.insert(0, field);
        fields.pop();
    }
    let raw = fields.join(":");
    let text = unescape(&raw).trim().to_owned();
    if text.is_empty() {
        return Err(EMPTY_PROMPT.into());
    }
    let number = |index: usize| match numbers.get(index) {
        Some(number) if number.abs() <= LARGEST_WEIGHT => Ok(Some(*number)),
        Some(_) => Err(format!("a weight is larger than {LARGEST_WEIGHT}")),
        None => Ok(None),
    };
    let weight = number(0)?.unwrap_or(1.0);
    if weight == 0.0 {
        return Err("a prompt of weight 0 does nothing".into());
    }
    let prompt = Prompt { text, weight, stop: number(1)? };
    let doubt = doubts::doubt(segment, &raw, &written, &prompt);
    Ok((prompt, doubt))
}

/// Splits at each separator that has no backslash before it.
fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == separator {
            parts.push(&text[start..index]);
            start = index + character.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn is_special(character: char) -> bool {
    matches!(character, '|' | ':' | '\\')
}

/// Drops the backslash before a special character; any other backslash stands for itself.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next) if character == '\\' && is_special(next) => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}

/// A decimal number with an optional sign, fraction and exponent; infinite if it is too large.
pub(in crate::settings) fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    text.parse().ok()
}

impl fmt::Display for Prompts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, prompt) in self.all.iter().enumerate() {
            let separator = if index == 0 { "" } else { " | " };
            write!(formatter, "{separator}{prompt}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Prompt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let characters: Vec<char> = self.text.chars().collect();
        for (index, &character) in characters.iter().enumerate() {
            let rest = &characters[index + 1..];
            let escape = match character {
                '|' => true,
                '\\' => rest.first().is_none_or(|&next| is_special(next)),
                ':' => {
                    let field: String = rest.iter().take_while(|&&next| next != ':').collect();
                    decimal(field.trim()).is_some()
                }
                _ => false,
            };
            write!(formatter, "{}{character}", if escape { "\\" } else { "" })?;
        }
        match self.stop {
            Some(stop) => write!(formatter, ":{}:{stop}", self.weight),
            None if (self.weight - 1.0).abs() > 0.0 => write!(formatter, ":{}", self.weight),
            None => Ok(()),
        }
    }
}

crate::text::serde_as_text!(Prompts);
crate::text::serde_as_text!(Prompt);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Vec<(String, f64, Option<f64>)> {
        let prompts: Prompts = text.parse().unwrap();
        prompts.all.into_iter().map(|prompt| (prompt.text, prompt.weight, prompt.stop)).collect()
    }

    #[test]
    fn weights_are_numbers_at_the_end() {
        assert_eq!(
            parse("a | b:2 | c:-0.5:0.7"),
            [("a".into(), 1.0, None), ("b".into(), 2.0, None), ("c".into(), -0.5, Some(0.7))]
        );
        assert_eq!(parse("Star Wars: a new hope"), [("Star Wars: a new hope".into(), 1.0, None)]);
        assert_eq!(parse(r"a \| b\:2"), [("a | b:2".into(), 1.0, None)]);
        assert_eq!(parse(r"odds 1\:2:3"), [("odds 1:2".into(), 3.0, None)]);
        assert_eq!(parse("a:nan"), [("a:nan".into(), 1.0, None)]);
        assert_eq!(parse("1:2:3:4"), [("1:2".into(), 3.0, Some(4.0))]);
    }

    #[test]
    fn a_text_alone_is_one_prompt() {
        let read = |text: &str| text.parse::<Prompt>().map(|prompt| (prompt.text, prompt.weight, prompt.stop));
        assert_eq!(read(" a castle :2:0.5"), Ok(("a castle".into(), 2.0, Some(0.5))));
        assert_eq!(read(r"a \| b\:2"), Ok(("a | b:2".into(), 1.0, None)));
        assert!(read("a | b").unwrap_err().contains("an option of its own"));
        assert_eq!(read("").unwrap_err(), "the text is empty");
        assert_eq!(read("a:0").unwrap_err(), "the text of weight 0 does nothing");
        let prompt = Prompt { text: "odd:3 | x".into(), weight: 1.0, stop: None };
        assert_eq!(prompt.to_string().parse(), Ok(prompt));
    }

    #[test]
    fn errors_name_the_column() {
        let error = |text: &str| text.parse::<Prompts>().unwrap_err();
        assert_eq!(error("a | | b"), "a prompt is empty (column 4)");
        assert_eq!(error(""), "a prompt is empty (column 1)");
        assert_eq!(error("ä|b:0"), "a prompt of weight 0 does nothing (column 3)");
        assert_eq!(error("a:1e999"), "a weight is larger than 1000000 (column 1)");
    }

    #[test]
    fn what_no_model_reads_is_refused() {
        let error = |text: String| text.parse::<Prompts>().unwrap_err();
        assert_eq!(error("a".repeat(102_401)), "the prompt is longer than 100 KiB");
        assert_eq!(error("a|".repeat(1000) + "a"), "there are 1001 prompts, but 1000 is the limit");
        assert!(("a|".repeat(999) + "a").parse::<Prompts>().is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_a_prompt_or_an_error(text in ".{0,80}") {
            if let Ok(prompts) = text.parse::<Prompts>() {
                prop_assert_eq!(prompts.to_string().parse::<Prompts>().unwrap(), prompts);
            }
        }

        #[test]
        fn special_characters_survive(text in r"[a:|\\ 1.\-]{1,20}", weight in -5.0..5.0f64) {
            let text = text.trim().to_owned();
            prop_assume!(!text.is_empty() && weight != 0.0);
            let prompts = Prompts { all: vec![Prompt { text, weight, stop: None }], doubts: Vec::new() };
            prop_assert_eq!(prompts.to_string().parse::<Prompts>().unwrap(), prompts);
        }
    }
}
