//! What the model inside the program knows.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::embedded;
use crate::text::near_names;
use crate::{Error, Result};

/// Words that the embedded model was trained on.
#[derive(Debug, Deserialize, Serialize)]
pub struct Vocabulary {
    /// Each thing's names, its own first
    pub things: Vec<Vec<String>>,
    /// Colours of things and backgrounds
    pub colours: Vec<String>,
    /// Where things are
    pub scenes: Vec<String>,
    /// How they are drawn
    pub styles: Vec<String>,
    /// Every word of its captions that says something
    pub words: Vec<String>,
}

/// Names that a warning shows of those that are near.
const NEAR_SHOWN: usize = 4;
/// How much of a prompt is told, in characters.
const TOLD: usize = 200;

impl Vocabulary {
    /// That of the model inside the program.
    ///
    /// # Errors
    /// None in a program that was built whole.
    pub fn embedded() -> Result<Self> {
        serde_json::from_str(embedded::VOCABULARY).map_err(|error| Error::fault(error.to_string()))
    }

    /// What to tell a user whose prompt has no word that is known.
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
        let meant = if found.is_empty() { String::new() } else { format!(" (near: {})", found.join(", ")) };
        let beginning: String = prompt.chars().take(TOLD).collect();
        let dots = if beginning.len() < prompt.len() { "..." } else { "" };
        Some(format!(
            "the embedded model knows no word of \"{beginning}{dots}\"{meant}: `text2art models info embedded` lists what it knows"
        ))
    }
}

/// A word as it is, and without the endings of plurals.
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
        assert!(vocabulary.warning("xqzzv").unwrap().contains("knows no word"), "no near one");
    }

    #[test]
    fn it_is_as_large_as_its_card_says() {
        let vocabulary = Vocabulary::embedded().unwrap();
        assert!(vocabulary.things.len() >= 300 && vocabulary.colours.len() >= 14);
        assert!(vocabulary.scenes.len() >= 12 && vocabulary.styles.len() >= 8);
    }
}
