//! The vocabulary of the embedded model.

use serde::{Deserialize, Serialize};

use super::embedded;
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

impl Vocabulary {
    /// The vocabulary of the embedded model.
    ///
    /// # Errors
    /// If the compiled-in vocabulary is not valid.
    pub fn embedded() -> Result<Self> {
        serde_json::from_str(embedded::VOCABULARY).map_err(|error| Error::fault(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_large_as_its_card_says() {
        let vocabulary = Vocabulary::embedded().unwrap();
        assert!(vocabulary.things.len() >= 300 && vocabulary.colours.len() >= 14);
        assert!(vocabulary.scenes.len() >= 12 && vocabulary.styles.len() >= 8);
    }
}
