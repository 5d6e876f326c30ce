//! Options in a prompt, where the separator before the options was forgotten.

use super::entry::{BEFORE_OPTIONS, command, known_names, of_text};

/// The longest example in a message, in characters.
const LONGEST_EXAMPLE: usize = 160;
/// The dashes that word processors make of two hyphens.
const DASHES: [char; 2] = ['—', '–'];

/// A prompt that contains options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// In a line of text
    Line(String),
    /// In the column or key of the prompt
    Field(String),
}

impl Forgotten {
    /// The line, if its prompt contains options.
    pub(super) fn in_line(line: &str) -> Option<Self> {
        option_in(prompt_of(line)).map(|_| Self::Line(line.to_owned()))
    }

    /// The prompt, if it contains options.
    pub(super) fn in_field(prompt: &str) -> Option<Self> {
        option_in(prompt).map(|_| Self::Field(prompt.to_owned()))
    }

    /// Advice, as part of a sentence.
    pub(super) fn advice(&self) -> String {
        let (Self::Line(text) | Self::Field(text)) = self;
        let Some((at, option)) = option_in(prompt_of(text)) else { return String::new() };
        if !is_known(&option) {
            return format!("`{option}` is not an option of a line");
        }
        match self {
            Self::Line(_) => match example(text, at, &option) {
                Some(example) => format!("put ` -- ` before options: {example}"),
                None => "write the prompt, ` -- `, and then the options: a red apple -- --seed 2".to_owned(),
            },
            Self::Field(_) => {
                let name = option.trim_start_matches('-').replace('-', "_");
                format!("move `{option}` to its own column or key, `{name}`")
            }
        }
    }
}

fn prompt_of(line: &str) -> &str {
    line.split_once(BEFORE_OPTIONS).map_or(line, |(prompt, _)| prompt)
}

/// The first option in a text, and where it begins.
fn option_in(text: &str) -> Option<(usize, String)> {
    let is_start = |(at, character): &(usize, char)| {
        (*character == '-' || DASHES.contains(character)) && (*at == 0 || text[..*at].ends_with(char::is_whitespace))
    };
    text.char_indices().filter(is_start).find_map(|(at, _)| {
        let mut words = text[at..].split_whitespace();
        let option = option(words.next()?)?;
        // A single letter is an option only between a prompt and a value.
        let is_long = option.starts_with("--");
        (is_long || (at > 0 && words.next().is_some())).then_some((at, option))
    })
}

/// A word as a correctly written option; none if it does not look like an option.
fn option(word: &str) -> Option<String> {
    let name = word.split('=').next().unwrap_or(word).trim_end_matches([',', ';', '.', ':']);
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
    };
    if let Some(long) = name.strip_prefix("--") {
        return is_name(long).then(|| format!("--{long}"));
    }
    if name.starts_with(DASHES) {
        let option = format!("--{}", name.trim_start_matches(DASHES));
        return is_known(&option).then_some(option);
    }
    let letter = name.strip_prefix('-')?.parse::<char>().ok()?;
    command().get_arguments().any(|argument| argument.get_short() == Some(letter)).then(|| name.to_owned())
}

fn is_known(option: &str) -> bool {
    option.strip_prefix("--").is_none_or(|name| known_names().iter().any(|known| known == name))
}

/// The line with the separator, if it can be read then.
fn example(line: &str, at: usize, option: &str) -> Option<String> {
    let (mut words, mut options) = (line[..at].trim_end().to_owned(), line[at..].replace(BEFORE_OPTIONS, " "));
    if words.is_empty() && option == "--prompt" {
        let mut parts = shlex::split(&options)?.into_iter();
        words = match parts.next()?.split_once('=') {
            Some((_, prompt)) => prompt.to_owned(),
            None => parts.next()?,
        };
        options = shlex::try_join(parts.as_slice().iter().map(String::as_str)).ok()?;
    }
    let options = options.replace(DASHES, "--");
    let separator = if options.is_empty() { "" } else { BEFORE_OPTIONS };
    let example = format!("{words}{separator}{options}");
    if words.is_empty() || example.chars().count() > LONGEST_EXAMPLE {
        return None;
    }
    of_text(&example).ok().map(|_| example)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_among_words_are_found_and_shown_in_their_place() {
        for (line, words) in [
            ("a red apple --seed 2", "before options: a red apple -- --seed 2"),
            ("--prompt \"a red apple\" --seed 2", "before options: a red apple -- --seed 2"),
            ("--prompt='a red apple'", "before options: a red apple"),
            ("a red apple —seed 2", "before options: a red apple -- --seed 2"),
            ("a red apple -s 2 -n 5", "before options: a red apple -- -s 2 -n 5"),
            ("a red apple --seed 2 -- -n 5", "before options: a red apple -- --seed 2 -n 5"),
            ("a {red,green} apple --seed=2", "before options: a {red,green} apple -- --seed=2"),
            ("a red apple --size big", "then the options: a red apple -- --seed 2"),
            ("--seed 2 a red apple", "then the options: a red apple -- --seed 2"),
            ("a red apple, --no leaf", "`--no` is not an option"),
            ("a red apple --ar 16:9 --seed 5", "`--ar` is not an option"),
        ] {
            let advice = Forgotten::in_line(line).unwrap_or_else(|| panic!("{line}")).advice();
            assert!(advice.contains(words), "{line}: {advice}");
        }
        let field = Forgotten::in_field("a red apple --cut-batch 2").unwrap().advice();
        assert!(field.contains("`cut_batch`"), "{field}");
        for line in [
            "a red apple -- --seed 2",
            "a red apple",
            "A -- B",
            "sci-fi -punk city",
            "a dash — and another – one",
            "an apple -x 3",
            "5 --5",
            "-s",
            "the end -n",
        ] {
            assert_eq!(Forgotten::in_line(line), None, "{line}");
        }
    }
}
