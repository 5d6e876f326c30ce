//! The warning for what the embedded model was not trained on.
//!
//! Only nouns are named, and only where a word is surely one: an unknown word is a noun if it ends a phrase (a break, a
//! preposition, a conjunction, a relation or the end follows) that begins with a determiner, a number or a preposition
//! ("on a cliff"); or with nothing or a conjunction, if it does not look like an adjective, an adverb or a participle
//! ("a cat and lighthouse"). What is between a thing and the end of its phrase is no noun ("a dog running"), nor is what
//! describes a known word ("a fluffy cat"). Unknown words before an unknown noun belong to it ("Greg Rutkowski").

use std::collections::HashSet;

use super::lexicon::Lexicon;
use super::reader::{Kind, Reading, read};
use crate::Result;
use crate::text::{near_names, question};

/// The most similar names that a warning suggests.
const NEAR_SHOWN: usize = 4;
/// The most unknown nouns that a warning names.
const NOUNS_SHOWN: usize = 8;
/// How much of a prompt a warning quotes, in characters.
const QUOTED: usize = 200;
/// Endings of words that describe others.
const ENDINGS: &[&str] =
    &["ly", "ed", "ing", "ful", "ous", "ish", "ive", "less", "able", "ible", "ical", "esque", "like"];
/// Shorter words are not looked at.
const SHORTEST: usize = 3;

/// The warning for a prompt with nouns that the embedded model was not trained on, or without any word it was trained
/// on; none if it knows them all.
///
/// # Errors
/// Only if the vocabulary in the program is damaged.
pub fn warning(prompt: &str) -> Result<Option<String>> {
    let lexicon = Lexicon::embedded()?;
    let reading = read(prompt, lexicon);
    let longer = |word: &str| word.chars().count() >= SHORTEST;
    let words: Vec<&str> = reading.tokens.iter().filter_map(|token| token.word()).filter(|word| longer(word)).collect();
    if !words.iter().any(|word| lexicon.knows(word)) {
        let beginning: String = prompt.chars().take(QUOTED).collect();
        let dots = if beginning.len() < prompt.len() { "..." } else { "" };
        let meant = meant(&words, lexicon);
        let is_foreign = prompt.chars().any(|letter| letter.is_alphabetic() && !letter.is_ascii());
        let other = if is_foreign { "; `text2art help models` names models that read other languages" } else { "" };
        return Ok(Some(format!(
            "the embedded model does not recognize any word in \"{beginning}{dots}\"{meant} (`text2art models info embedded` lists its words{other})"
        )));
    }
    let nouns = nouns(&reading);
    if nouns.is_empty() {
        return Ok(None);
    }
    let words: Vec<&str> = nouns.iter().flat_map(|noun| noun.split(' ')).collect();
    let meant = meant(&words, lexicon);
    let quoted: Vec<String> = nouns.iter().take(NOUNS_SHOWN).map(|noun| format!("\"{noun}\"")).collect();
    let more = if nouns.len() > NOUNS_SHOWN { " and more" } else { "" };
    Ok(Some(format!(
        "the embedded model does not know {}{more}, and may not draw {}{meant} (`text2art models info embedded` lists what it knows)",
        quoted.join(", "),
        if nouns.len() == 1 { "it" } else { "them" },
    )))
}

/// A question for known words that unknown ones are close to; empty if there are none.
fn meant(words: &[&str], lexicon: &Lexicon) -> String {
    let mut names: Vec<&str> = lexicon.words().filter(|word| word.len() >= SHORTEST).collect();
    names.sort_unstable();
    let mut found: Vec<&str> = words.iter().flat_map(|word| near_names(word, names.iter().copied())).collect();
    let mut shown = HashSet::new();
    found.retain(|name| shown.insert(*name));
    found.truncate(NEAR_SHOWN);
    question(&found).map_or_else(String::new, |question| format!("; {question}"))
}

/// The unknown nouns, each once, in their order.
fn nouns(reading: &Reading) -> Vec<String> {
    let Reading { tokens, kinds, .. } = reading;
    let mut nouns: Vec<String> = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
        let ends = kinds.get(at + 1).is_none_or(|next| !matches!(next, Kind::Unknown | Kind::Known | Kind::Adjective));
        if *kind != Kind::Unknown || !ends {
            continue;
        }
        let described = |at: &usize| matches!(kinds[*at], Kind::Unknown | Kind::Adjective);
        let begin = (0..at).rev().take_while(described).last().unwrap_or(at);
        let strict = match begin.checked_sub(1).map(|before| kinds[before]) {
            Some(Kind::Opening) => false,
            None | Some(Kind::Joining) => true,
            Some(_) => continue,
        };
        let word = |at: usize| tokens[at].word().unwrap_or_default();
        let is_noun = |at: usize, strict: bool| {
            let long = word(at).chars().count() >= SHORTEST && word(at).chars().any(char::is_alphabetic);
            kinds[at] == Kind::Unknown && long && !(strict && ENDINGS.iter().any(|ending| word(at).ends_with(ending)))
        };
        if !is_noun(at, strict) {
            continue;
        }
        // "Two friends walking": what friends do is no part of their name.
        let acts = word(at).ends_with("ing") && at > begin && is_noun(at - 1, true);
        let at = if acts { at - 1 } else { at };
        let first = (begin..at).rev().take_while(|at| is_noun(*at, true)).last().unwrap_or(at);
        let noun = (first..=at).map(word).collect::<Vec<_>>().join(" ");
        if !nouns.contains(&noun) {
            nouns.push(noun);
        }
    }
    nouns
}
