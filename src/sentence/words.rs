//! A sentence as words and the breaks between them, and phrases that words begin with.

/// The most words that are read; the embedded model reads 32 tokens.
const MOST_WORDS: usize = 64;
/// The longest word that is read, in characters; nothing longer is a word.
const LONGEST_WORD: usize = 40;

/// A word in lower case, or a break: a comma or another mark that ends a phrase.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Break,
}

impl Token {
    /// The word; none for a break.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Break => None,
        }
    }
}

/// Splits a text. Hyphens stay in words that `is_known` has with them, and divide others.
pub(super) fn split(text: &str, is_known: &dyn Fn(&str) -> bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for letter in text.chars().chain([' ']) {
        if tokens.len() >= MOST_WORDS {
            break;
        }
        if letter.is_alphanumeric() {
            if word.chars().count() <= LONGEST_WORD {
                word.extend(letter.to_lowercase());
            }
            continue;
        }
        if (letter == '-' || letter == '\'' || letter == '’') && !word.is_empty() {
            word.push(if letter == '-' { '-' } else { '\'' });
            continue;
        }
        finish(&mut word, &mut tokens, is_known);
        match letter {
            '&' | '+' => tokens.push(Token::Word("and".into())),
            ',' | ';' | ':' | '.' | '!' | '?' | '(' | ')' | '|' | '/' | '\n'
                if tokens.last() != Some(&Token::Break) =>
            {
                tokens.push(Token::Break);
            }
            _ => {}
        }
    }
    tokens
}

/// Moves a word to the tokens, without the ending of a possessive.
fn finish(word: &mut String, tokens: &mut Vec<Token>, is_known: &dyn Fn(&str) -> bool) {
    let taken = std::mem::take(word);
    let bare = taken.strip_suffix("'s").unwrap_or(&taken).replace('\'', "");
    let bare = bare.trim_matches('-');
    if is_known(bare) {
        tokens.push(Token::Word(bare.into()));
        return;
    }
    tokens.extend(bare.split('-').filter(|part| !part.is_empty()).map(|part| Token::Word(part.into())));
}

/// The first phrase of a table that words begin with, and its number of words.
pub(super) fn find<T: Copy>(words: &[&str], table: &[(&str, T)]) -> Option<(T, usize)> {
    table.iter().find_map(|(phrase, value)| Some((*value, starts(words, phrase)?)))
}

/// The number of words of a phrase, if words begin with it.
pub(super) fn starts(words: &[&str], phrase: &str) -> Option<usize> {
    let mut words = words.iter();
    phrase.split(' ').all(|part| words.next() == Some(&part)).then(|| phrase.split(' ').count())
}
