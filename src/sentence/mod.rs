//! What a sentence says in the words of the embedded model: things, their numbers and colors, how they stand, the scene
//! and the style. What else it says is left to guidance.

mod colors;
mod lexicon;
mod reader;
mod relations;
mod scenes;
mod small_words;
mod styles;
#[cfg(test)]
mod tests;
mod unknown;
mod unwanted;
mod words;

pub use colors::{Color, trained};
pub use scenes::Scene;
pub use unknown::warning;
pub use unwanted::Unwanted;

use crate::Result;
use lexicon::Lexicon;

/// Whether the embedded model was trained on a word, in upper or lower case, or on its singular.
///
/// # Errors
/// Only if the vocabulary in the program is damaged.
pub fn knows(word: &str) -> Result<bool> {
    Ok(Lexicon::embedded()?.knows(&word.to_lowercase()))
}

/// The most groups of things that are read; more are left out.
pub const MOST_GROUPS: usize = 6;
/// The most things of all groups; more are left out.
pub const MOST_THINGS: usize = 9;

/// What a sentence says.
#[derive(Debug, Default, PartialEq)]
pub struct Sentence {
    /// Its things, in their order
    pub groups: Vec<Group>,
    /// What is behind them, if it says so
    pub backdrop: Option<Backdrop>,
    /// The styles of the vocabulary that it names
    pub styles: Vec<&'static str>,
    /// The colors that things are not to have for which the sentence names none. A text does not say so itself
    pub unwanted: Vec<Unwanted>,
}

/// One thing, or several alike.
#[derive(Debug, PartialEq)]
pub struct Group {
    /// The usual name of the thing
    pub thing: String,
    /// How many
    pub count: usize,
    /// The color it is to have, if the sentence says so
    pub color: Option<Color>,
    /// Its size, 1 if the sentence does not say
    pub scale: f64,
    /// How the groups before it stand to it: above it, say
    pub relation: Relation,
}

/// How what comes before a group stands to it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Relation {
    /// With it, in any order
    #[default]
    With,
    /// Beside it, on its left
    Beside,
    /// Beside it, on its right
    RightOf,
    /// Above it
    Above,
    /// Above it, touching it
    On,
    /// Under it
    Under,
    /// Under it, touching it: it stands on the head of what comes before
    Bearing,
    /// In front of it
    InFront,
    /// Behind it
    Behind,
    /// Partly hidden by it
    In,
}

/// What is behind things.
#[derive(Debug, PartialEq)]
pub enum Backdrop {
    /// One color, or a passage from the first to the second
    Colors(Vec<Color>),
    /// A scene
    Scene(&'static Scene),
}

impl Sentence {
    /// Reads a text of any length and language; the beginning of a very long one.
    ///
    /// # Errors
    /// Only if the vocabulary in the program is damaged.
    pub fn read(text: &str) -> Result<Self> {
        Ok(reader::read(text, Lexicon::embedded()?).sentence)
    }

    /// What several sentences say together: the things of the one that names some, and the first backdrop and all styles
    /// of any. None if several or none of them name things.
    #[must_use]
    pub fn together(sentences: Vec<Self>) -> Option<Self> {
        let (mut named, others): (Vec<Self>, Vec<Self>) =
            sentences.into_iter().partition(|sentence| !sentence.groups.is_empty());
        let mut whole = named.pop().filter(|_| named.is_empty())?;
        for other in others {
            whole.backdrop = whole.backdrop.or(other.backdrop);
            for style in other.styles {
                whole.add_style(style);
            }
        }
        Some(whole)
    }

    /// Adds a style of the vocabulary; other styles are ignored.
    pub fn add_style(&mut self, name: &str) {
        let known = styles::STYLES.iter().map(|(_, style)| *style).find(|style| style.eq_ignore_ascii_case(name));
        if let Some(style) = known.filter(|style| !self.styles.contains(style)) {
            self.styles.push(style);
        }
    }

    /// The colors that the things of a group are not to have.
    #[must_use]
    pub fn unwanted_for(&self, group: &Group) -> Vec<Color> {
        let is_for = |unwanted: &&Unwanted| unwanted.thing.as_ref().is_none_or(|thing| *thing == group.thing);
        if group.color.is_some() || self.is_colorless() {
            return Vec::new();
        }
        self.unwanted.iter().filter(is_for).map(|unwanted| unwanted.color).collect()
    }

    /// The number of things in all groups.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// Whether it names a style with few colors or none.
    #[must_use]
    pub fn is_colorless(&self) -> bool {
        self.styles.iter().any(|style| styles::COLORLESS.contains(style))
    }
}
