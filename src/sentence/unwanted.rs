//! The colors that a sentence names which says what a picture is not to show.

use super::lexicon::Lexicon;
use super::reader::read;
use super::words::Token;
use super::{Color, colors};
use crate::Result;

/// Words after the name of a color that say no more than it.
const COLOR_NOUNS: &[&str] = &["color", "colors", "colour", "colours", "hue", "hues", "tone", "tones"];

/// A color that things are not to have.
#[derive(Clone, Debug, PartialEq)]
pub struct Unwanted {
    /// The color
    pub color: Color,
    /// The usual name of the only thing that is not to have it; none if no thing is
    pub thing: Option<String>,
}

impl Unwanted {
    /// What a text says: the colors that stand alone in it ("red", "red and brown colors"), and those of things ("a red
    /// apple").
    ///
    /// # Errors
    /// Only if the vocabulary in the program is damaged.
    pub fn read(text: &str) -> Result<Vec<Self>> {
        let reading = read(text, Lexicon::embedded()?);
        let parts = reading.tokens.split(|token| matches!(token.word(), None | Some("and" | "or")));
        let alone = parts.filter_map(|part| {
            let words: Vec<&str> = part.iter().filter_map(Token::word).collect();
            let (color, used) = colors::color(&words)?;
            let rest = &words[used..];
            (rest.is_empty() || rest.len() == 1 && COLOR_NOUNS.contains(&rest[0])).then_some(color)
        });
        let mut unwanted: Vec<Self> = alone.map(|color| Self { color, thing: None }).collect();
        for group in reading.sentence.groups {
            unwanted.extend(group.color.map(|color| Self { color, thing: Some(group.thing) }));
        }
        Ok(unwanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_alone_and_those_of_things_are_unwanted() {
        const RED: Color = [220, 35, 40];
        const ORANGE: Color = [250, 140, 30];
        let every = |color| Unwanted { color, thing: None };
        let of = |color, thing: &str| Unwanted { color, thing: Some(thing.to_owned()) };
        for (text, expected) in [
            ("red", vec![every(RED)]),
            ("Orange", vec![every(ORANGE)]),
            ("red colors", vec![every(RED)]),
            ("red and orange tones", vec![every(RED), every(ORANGE)]),
            ("red, blurry, orange", vec![every(RED), every(ORANGE)]),
            ("a red apple", vec![of(RED, "apple")]),
            ("a red banana", vec![of(RED, "banana")]),
            ("two red bananas and a cat", vec![of(RED, "banana")]),
            ("an apple", vec![]),
            ("red background", vec![]),
            ("a red zyzzyva", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(Unwanted::read(text).unwrap(), expected, "{text}");
        }
    }
}
