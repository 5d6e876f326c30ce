//! The things that the embedded model knows, by their names in singular and plural.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::words::Token;
use crate::models::Vocabulary;
use crate::{Error, Result};

/// Plurals that follow no rule.
const IRREGULAR: &[(&str, &str)] =
    &[("mice", "mouse"), ("men", "man"), ("women", "woman"), ("cacti", "cactus"), ("octopi", "octopus")];

/// Words of the vocabulary that people use for more than one of its things, and the likeliest of these.
const LIKELIEST: &[(&str, &str)] = &[
    ("ball", "football"),
    ("boat", "sailboat"),
    ("face", "smiling face"),
    ("leaf", "maple leaf"),
    ("pepper", "bell pepper"),
];

/// The names of things, and all words.
pub(super) struct Lexicon {
    /// By each name the usual name of the thing
    things: HashMap<String, String>,
    words: HashSet<String>,
    /// The most words in a name
    longest: usize,
}

/// A thing found in a sentence.
pub(super) struct Found {
    /// Its usual name
    pub thing: String,
    /// The number of words
    pub used: usize,
    /// Whether there are several of it
    pub plural: bool,
}

impl Lexicon {
    /// The lexicon of the embedded model.
    ///
    /// # Errors
    /// Only if the vocabulary in the program is damaged.
    pub(super) fn embedded() -> Result<&'static Self> {
        static LEXICON: OnceLock<Result<Lexicon, String>> = OnceLock::new();
        let lexicon = LEXICON.get_or_init(|| match Vocabulary::embedded() {
            Ok(vocabulary) => Ok(Self::of(vocabulary)),
            Err(error) => Err(error.to_string()),
        });
        lexicon.as_ref().map_err(|problem| Error::fault(problem.clone()))
    }

    fn of(vocabulary: Vocabulary) -> Self {
        let mut things = HashMap::new();
        // A usual name belongs to its own thing, whatever else is also called so.
        for names in &vocabulary.things {
            if let Some(usual) = names.first() {
                things.insert(usual.clone(), usual.clone());
            }
        }
        for names in &vocabulary.things {
            for name in names {
                things.entry(name.clone()).or_insert_with(|| names[0].clone());
            }
        }
        for (word, thing) in LIKELIEST {
            things.entry((*word).to_owned()).or_insert_with(|| (*thing).to_owned());
        }
        let longest = things.keys().map(|name| name.split(' ').count()).max().unwrap_or(0);
        Self { things, words: vocabulary.words.into_iter().collect(), longest }
    }

    /// The thing with the longest name at the beginning of some tokens.
    pub(super) fn thing(&self, tokens: &[Token]) -> Option<Found> {
        let words: Vec<&str> = tokens.iter().map_while(Token::word).take(self.longest).collect();
        (1..=words.len()).rev().find_map(|used| {
            let name = words[..used].join(" ");
            if let Some(thing) = self.things.get(&name) {
                return Some(Found { thing: thing.clone(), used, plural: false });
            }
            // The plural of "glass of milk" is "glasses of milk".
            let (head, rest) =
                name.split_once(" of ").map_or((&name[..], ""), |_| name.split_at(name.find(" of ").unwrap_or(0)));
            let thing = singulars(head).find_map(|head| self.things.get(&format!("{head}{rest}")))?;
            Some(Found { thing: thing.clone(), used, plural: true })
        })
    }

    /// Whether a word, or its singular, is among the words that the model was trained on.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.words.contains(word) || singulars(word).any(|word| self.words.contains(&word))
    }

    /// All words.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }
}

/// What a word may be the plural of.
fn singulars(word: &str) -> impl Iterator<Item = String> + '_ {
    let (before, last) = word.rsplit_once(' ').map_or(("", word), |(before, last)| (before, last));
    let irregular = IRREGULAR.iter().filter(move |(plural, _)| *plural == last);
    let irregular = irregular.map(move |(_, singular)| format!("{before} {singular}").trim_start().to_owned());
    let endings = [("s", ""), ("es", ""), ("ies", "y"), ("ves", "f")];
    let regular =
        endings.into_iter().filter_map(|(plural, singular)| Some(format!("{}{singular}", word.strip_suffix(plural)?)));
    irregular.chain(regular)
}
