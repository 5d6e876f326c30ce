//! Turns a prompt into token ids.

use unicode_normalization::UnicodeNormalization;

use super::TextConfig;
use crate::models::ModelFiles;
use crate::{Error, Result};

/// A model's own tokenizer.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    context_length: usize,
    vocabulary: usize,
}

/// A prompt as a model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Start token, the text's tokens, end token; at most the model's context length
    pub ids: Vec<u32>,
    /// The end of the text that did not fit and was dropped
    pub dropped: Option<String>,
}

impl Tokenizer {
    /// Reads `tokenizer.json` beside the weights.
    ///
    /// # Errors
    /// If the tokenizer is missing or unreadable, or has tokens that the model does not know.
    pub(super) fn load(files: &ModelFiles, config: &TextConfig) -> Result<Self> {
        let hint = "download the tokenizer.json that was published with the model into the same folder";
        let Some(file) = files.other("tokenizer.json")? else {
            return Err(Error::file(files.weights.path(), "there is no tokenizer.json beside these weights", hint));
        };
        let broken = |problem: String| Error::file(&file.path, problem, hint);
        let mut inner: tokenizers::Tokenizer =
            file.text.parse().map_err(|error| broken(format!("not a readable tokenizer: {error}")))?;
        let largest = inner.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
        if largest > config.vocabulary {
            let problem = format!("it has {largest} tokens, but the model knows only {}", config.vocabulary);
            return Err(broken(problem));
        }
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| broken(error.to_string()))?;
        Ok(Self { inner, context_length: config.context_length, vocabulary: config.vocabulary })
    }

    /// The tokens of a text. Tokens beyond the model's context length are dropped before the end token.
    ///
    /// # Errors
    /// If the tokenizer cannot read the text.
    pub fn encode(&self, text: &str) -> Result<Tokens> {
        let text = clean(text);
        let encoding = self.inner.encode(text.as_str(), true).map_err(|error| {
            Error::usage(format!("the prompt cannot be read: {error}"), "remove unusual characters")
        })?;
        let mut ids = encoding.get_ids().to_vec();
        if ids.iter().any(|&id| id as usize >= self.vocabulary) {
            let hint = "download the tokenizer.json that was published with the model";
            return Err(Error::usage("the tokenizer has tokens that the model does not know", hint));
        }
        if ids.len() <= self.context_length {
            return Ok(Tokens { ids, dropped: None });
        }
        let kept = self.context_length - 1;
        let start = encoding.get_offsets().get(kept).map_or(0, |offsets| offsets.0);
        let end = ids.last().copied();
        ids.truncate(kept);
        ids.extend(end);
        Ok(Tokens { ids, dropped: text.get(start..).map(str::to_owned) })
    }
}

/// Cleans a text like OpenAI's tokenizer does, except for the repair of wrongly decoded text:
/// resolves character references twice, makes ligatures, wide characters and curly quotes plain,
/// removes control characters, collapses white space, and converts to lowercase
/// (`clip/simple_tokenizer.py` and the defaults of the ftfy package).
fn clean(text: &str) -> String {
    let plain: String = text.chars().flat_map(plain_letters).collect();
    let once = html_escape::decode_html_entities(&plain);
    let twice = html_escape::decode_html_entities(&once);
    let composed: String = twice.nfc().filter(|&character| !is_control(character)).collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn is_control(character: char) -> bool {
    (character.is_control() && !character.is_whitespace())
        || matches!(character, '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A character as plain letters: ftfy's `fix_latin_ligatures`, `fix_character_width`, `uncurl_quotes`.
fn plain_letters(character: char) -> impl Iterator<Item = char> {
    let quote = match character {
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => Some('\''),
        '\u{201c}'..='\u{201f}' => Some('"'),
        _ => None,
    };
    let compatible = matches!(
        character,
        '\u{132}' | '\u{133}' | '\u{149}' | '\u{1c4}'..='\u{1cc}' | '\u{1f1}'..='\u{1f3}' // digraphs
        | '\u{fb00}'..='\u{fb06}' // ligatures
        | '\u{3000}' | '\u{ff01}'..='\u{ffef}' // wide and narrow forms
    );
    let decomposed = compatible.then(|| character.nfkc());
    let same = (quote.is_none() && !compatible).then_some(character);
    quote.into_iter().chain(decomposed.into_iter().flatten()).chain(same)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn texts_are_made_plain() {
        assert_eq!(
            clean("  A \u{201c}Quoted\u{201d}\n cat\u{2019}s  ﬁsh &amp;amp; ｗｉｄｅ\u{0} "),
            "a \"quoted\" cat's fish & wide"
        );
        assert_eq!(clean("E\u{301}cole"), "école");
        assert_eq!(clean(""), "");
    }
}
