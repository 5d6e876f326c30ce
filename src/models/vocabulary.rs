//! The vocabulary of the embedded model.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::embedded;
use crate::text::{near_names, question};
use crate::{Error, Result};

/// Words that the embedded model was trained on.
#[derive(Debug, Deserialize, Serialize)]
pub struct Vocabulary {
    /// The names of each thing, the usual one first
    pub things: Vec<Vec<String>>,
    /// Colors of things and backgrounds
    pub colours: Vec<String>,
    /// Scenes that things are in
    pub scenes: Vec<String>,
    /// How things are drawn
    pub styles: Vec<String>,
    /// Every meaningful word of the captions
    pub words: Vec<String>,
}

/// The most similar names that a warning suggests.
const NEAR_SHOWN: usize = 4;
/// How much of a prompt a warning quotes, in characters.
const QUOTED: usize = 200;

impl Vocabulary {
    /// The vocabulary of the embedded model.
    ///
    /// # Errors
    /// If the compiled-in vocabulary is not valid.
    pub fn embedded() -> Result<Self> {
        serde_json::from_str(embedded::VOCABULARY).map_err(|error| Error::fault(error.to_string()))
    }

    /// The warning for a prompt without any known word; none if the prompt has one.
    #[must_use]
    pub fn warning(&self, prompt: &str) -> Option<String> {
        let known: HashSet<&str> = self.words.iter().map(String::as_str).collect();
        let lower = prompt.to_lowercase();
        let words: Vec<&str> = lower.split(|letter: char| !letter.is_alphanumeric() && letter != '-').collect();
        let words: Vec<&str> = words.into_iter().filter(|word| word.chars().count() > 2).collect();
        let is_known = |word: &&str| singulars(word).any(|form| known.contains(form.as_str()));
        if words.iter().any(is_known) {
            return None;
        }
        let names: Vec<&str> = self.words.iter().map(String::as_str).filter(|word| word.len() > 2).collect();
        let mut found: Vec<&str> = words.iter().flat_map(|word| near_names(word, names.iter().copied())).collect();
        let mut shown = HashSet::new();
        found.retain(|name| shown.insert(*name));
        found.truncate(NEAR_SHOWN);
        let meant = question(&found).map_or_else(String::new, |question| format!("; {question}"));
        let beginning: String = prompt.chars().take(QUOTED).collect();
        let dots = if beginning.len() < prompt.len() { "..." } else { "" };
        Some(format!(
            "the embedded model does not recognize any word in \"{beginning}{dots}\"{meant} (`text2art models info embedded` lists its words)"
        ))
    }
}

/// The word itself, and the word without each plural ending it has.
fn singulars(word: &str) -> impl Iterator<Item = String> + '_ {
    let endings = [("", ""), ("s", ""), ("es", ""), ("ies", "y"), ("ves", "f")];
    endings.into_iter().filter_map(|(plural, singular)| Some(format!("{}{singular}", word.strip_suffix(plural)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_without_a_known_word_are_told_near_ones() {
        let vocabulary = Vocabulary::embedded().unwrap();
        for known in ["a red apple", "Two CHERRIES!", "wolves at night", "pencil sketch", "a thing under the stars"] {
            assert_eq!(vocabulary.warning(known), None, "{known}");
        }
        let warning = vocabulary.warning("a pengiun").unwrap();
        assert!(warning.contains("penguin") && warning.contains("models info embedded"), "{warning}");
        assert!(vocabulary.warning("xqzzv").unwrap().contains("does not recognize any word"), "no near one");
    }

    #[test]
    fn it_is_as_large_as_its_card_says() {
        let vocabulary = Vocabulary::embedded().unwrap();
        assert!(vocabulary.things.len() >= 300 && vocabulary.colours.len() >= 14);
        assert!(vocabulary.scenes.len() >= 12 && vocabulary.styles.len() >= 8);
    }
}
