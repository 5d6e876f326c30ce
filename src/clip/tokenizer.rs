//! Turns a prompt into token ids.

use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::config::{TextConfig, Tower};
use crate::models::ModelFiles;
use crate::models::files::ConfigFile;
use crate::{Error, Result};

/// The first character of the scripts without spaces between words: those of Chinese and Japanese.
const FIRST_WITHOUT_SPACES: char = '\u{2e80}';

/// A model's own tokenizer.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    context_length: usize,
    vocabulary: usize,
    tower: Tower,
}

/// A prompt as a model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Start token, the text's tokens, end token; at most the model's context length
    pub ids: Vec<u32>,
    /// The end of the text, which did not fit and was dropped, from the first word that was cut
    pub dropped: Option<String>,
}

impl Tokenizer {
    /// Reads `tokenizer.json` beside the weights, or the `vocab.txt` of a BERT. Its words are lowercase, unless a
    /// `tokenizer_config.json` says that they are not.
    ///
    /// # Errors
    /// If the tokenizer is missing or unreadable, or has tokens that the model does not know.
    pub(super) fn load(files: &ModelFiles, config: &TextConfig) -> Result<Self> {
        let hint = "download the tokenizer.json that was published with the model into the same folder";
        let words = || files.other("vocab.txt").map(|words| words.filter(|_| config.tower != Tower::Clip));
        let file = if let Some(file) = files.other("tokenizer.json")? {
            file
        } else if let Some(words) = words()? {
            let options = files.other("tokenizer_config.json")?;
            let lowercase = options.as_ref().map_or(Ok(true), is_lowercase)?;
            ConfigFile { text: word_pieces(&words.text, lowercase), ..words }
        } else {
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
        let TextConfig { context_length, vocabulary, tower, .. } = *config;
        Ok(Self { inner, context_length, vocabulary, tower })
    }

    /// The tokens of a text. Tokens beyond the model's context length are dropped before the end token.
    ///
    /// # Errors
    /// If the tokenizer cannot read the text, or makes no tokens of it.
    pub fn encode(&self, text: &str) -> Result<Tokens> {
        // Others clean their texts themselves.
        let text = if self.tower == Tower::Clip { clean(text) } else { text.trim().to_owned() };
        let encoding = self.inner.encode(text.as_str(), true).map_err(|error| {
            Error::usage(format!("the prompt cannot be read: {error}"), "remove unusual characters")
        })?;
        let mut ids = encoding.get_ids().to_vec();
        if ids.is_empty() {
            let hint = "download the tokenizer.json that was published with the model, which marks where a text ends";
            return Err(Error::usage("the tokenizer makes no tokens of the prompt", hint));
        }
        if ids.iter().any(|&id| id as usize >= self.vocabulary) {
            let hint = "download the tokenizer.json that was published with the model";
            return Err(Error::usage("the tokenizer has tokens that the model does not know", hint));
        }
        if ids.len() <= self.context_length {
            return Ok(Tokens { ids, dropped: None });
        }
        let kept = self.context_length - 1;
        let start = encoding.get_offsets().get(kept).map_or(0, |offsets| word_at(&text, offsets.0));
        let end = ids.last().copied();
        ids.truncate(kept);
        ids.extend(end);
        Ok(Tokens { ids, dropped: text.get(start..).map(str::to_owned) })
    }
}

/// The start of the word at a position. There is none in scripts without spaces between words.
fn word_at(text: &str, place: usize) -> usize {
    let is_letter = |letter: char| letter.is_alphanumeric() && letter < FIRST_WITHOUT_SPACES;
    let (Some(before), Some(after)) = (text.get(..place), text.get(place..)) else { return place };
    if !after.starts_with(is_letter) {
        return place;
    }
    before.trim_end_matches(is_letter).len()
}

/// Whether a tokenizer makes texts lowercase, which `BertTokenizer` of `transformers` does by default.
///
/// # Errors
/// If the options are not JSON.
fn is_lowercase(options: &ConfigFile) -> Result<bool> {
    let value: Value = serde_json::from_str(&options.text)
        .map_err(|error| options.error(format!("not readable options of a tokenizer: {error}")))?;
    Ok(value["do_lower_case"].as_bool().unwrap_or(true))
}

/// A tokenizer in the format of `tokenizer.json` from the words of a `vocab.txt`, one in each line, whose number is its id: that
/// of `BertTokenizer` of `transformers`, with its other options at their defaults.
fn word_pieces(words: &str, lowercase: bool) -> String {
    let vocabulary: serde_json::Map<String, Value> =
        words.lines().zip(0_u32..).map(|(word, id)| (word.to_owned(), json!(id))).collect();
    let id = |word: &str| vocabulary.get(word).cloned().unwrap_or(Value::Null);
    let special: Vec<Value> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        .into_iter()
        .filter(|word| vocabulary.contains_key(*word))
        .map(|word| {
            json!({ "id": id(word), "content": word, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true })
        })
        .collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": special,
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": lowercase },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", id("[SEP]")], "cls": ["[CLS]", id("[CLS]")] },
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary },
    })
    .to_string()
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
    use serde_json::json;

    use super::{Tokenizer, Tower, clean, is_lowercase, word_pieces};
    use crate::models::files::ConfigFile;

    #[test]
    fn words_make_a_tokenizer() {
        let words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nred\nap\n##ple\n苹\n果\n,\n";
        let tokenizer: tokenizers::Tokenizer = word_pieces(words, true).parse().unwrap();
        let ids = |text: &str| tokenizer.encode(text, true).unwrap().get_ids().to_vec();
        assert_eq!(ids("A RED apple, x"), [2, 5, 6, 7, 8, 11, 1, 3]);
        assert_eq!(ids("苹果"), [2, 9, 10, 3]);
        // Without the marks of the beginning and the end, it is none.
        assert!(word_pieces("a\nb\n", true).parse::<tokenizers::Tokenizer>().is_err());
    }

    #[test]
    fn words_may_have_capitals() {
        let words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nRed\nred\n";
        for (options, expected) in [("{}", 6), ("{\"do_lower_case\": true}", 6), ("{\"do_lower_case\": false}", 5)] {
            let options = ConfigFile { path: "tokenizer_config.json".into(), text: options.to_owned() };
            let made = word_pieces(words, is_lowercase(&options).unwrap());
            let tokenizer: tokenizers::Tokenizer = made.parse().unwrap();
            assert_eq!(tokenizer.encode("Red", true).unwrap().get_ids(), [2, expected, 3], "{}", options.text);
        }
        let broken = ConfigFile { path: "tokenizer_config.json".into(), text: "{".to_owned() };
        assert!(is_lowercase(&broken).unwrap_err().to_string().contains("tokenizer_config.json"));
    }

    #[test]
    fn a_text_without_tokens_is_an_error() {
        let made = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": null, "post_processor": null, "decoder": null,
            "model": { "type": "WordLevel", "vocab": { "red": 0, "[UNK]": 1 }, "unk_token": "[UNK]" },
        });
        let inner = made.to_string().parse().unwrap();
        let tokenizer = Tokenizer { inner, context_length: 4, vocabulary: 2, tower: Tower::Clip };
        assert_eq!(tokenizer.encode("red").unwrap().ids, [0]);
        assert!(tokenizer.encode(" ").unwrap_err().to_string().contains("no tokens"));
    }

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
