//! Words for colors and what they stand for.

use super::words::find;

/// A color that a thing or a background is to have, in sRGB.
pub type Color = [u8; 3];

/// The colors that the embedded model was trained on, and their synonyms, as `weights/training/vocabulary.py` has them;
/// then other common ones, since drawings can be dyed in any color (CSS's values where CSS has the name). A name comes
/// before those it begins with.
const COLORS: &[(&str, Color)] = &[
    ("red", [220, 35, 40]),
    ("orange", [250, 140, 30]),
    ("yellow", [250, 215, 50]),
    ("green", [50, 165, 70]),
    ("blue", [40, 95, 220]),
    ("purple", [130, 60, 185]),
    ("pink", [250, 140, 185]),
    ("brown", [125, 75, 40]),
    ("black", [25, 25, 30]),
    ("white", [245, 245, 245]),
    ("gray", [135, 135, 140]),
    ("turquoise", [50, 200, 200]),
    ("beige", [230, 210, 170]),
    ("dark blue", [20, 30, 95]),
    ("light blue", [150, 205, 250]),
    ("dark green", [15, 80, 40]),
    ("grey", [135, 135, 140]),
    ("violet", [130, 60, 185]),
    ("teal", [50, 200, 200]),
    ("cyan", [50, 200, 200]),
    ("crimson", [220, 35, 40]),
    ("golden", [250, 215, 50]),
    ("gold", [250, 215, 50]),
    ("sky blue", [150, 205, 250]),
    ("navy blue", [20, 30, 95]),
    ("navy", [20, 30, 95]),
    ("scarlet", [220, 35, 40]),
    ("magenta", [255, 0, 255]),
    ("maroon", [128, 0, 0]),
    ("indigo", [75, 0, 130]),
    ("lavender", [200, 180, 240]),
    ("lilac", [200, 162, 200]),
    ("lime green", [50, 205, 50]),
    ("silver", [192, 192, 192]),
    ("khaki", [195, 176, 145]),
    ("olive green", [128, 128, 0]),
];

/// How many of them the embedded model was trained on.
const TRAINED: usize = 16;

/// The colors that the embedded model was trained on.
pub fn trained() -> impl Iterator<Item = Color> {
    COLORS.iter().take(TRAINED).map(|(_, color)| *color)
}

/// Words that change the color after them: how far toward white (above 0) or black (below 0).
const SHADES: &[(&str, f32)] = &[
    ("light", 0.45),
    ("pale", 0.5),
    ("pastel", 0.45),
    ("bright", 0.0),
    ("vivid", 0.0),
    ("deep", -0.25),
    ("dark", -0.5),
];

/// The color that words begin with, and how many of the words name it.
pub(super) fn color(words: &[&str]) -> Option<(Color, usize)> {
    find(words, COLORS).or_else(|| {
        let (toward, before) = find(words, SHADES)?;
        let (color, used) = find(&words[before..], COLORS)?;
        Some((shaded(color, toward), before + used))
    })
}

/// Whether a word is a part of a color's name.
pub(super) fn is_part(word: &str) -> bool {
    SHADES.iter().any(|(name, _)| *name == word)
        || COLORS.iter().any(|(name, _)| name.split(' ').any(|part| part == word))
}

fn shaded(color: Color, toward: f32) -> Color {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    color.map(|channel| {
        let (channel, end) = (f32::from(channel), if toward > 0.0 { 255.0 } else { 0.0 });
        (channel + (end - channel) * toward.abs()).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Vocabulary;

    #[test]
    fn colors_have_shades_and_names_of_two_words() {
        assert_eq!(color(&["blue", "cat"]), Some(([40, 95, 220], 1)));
        assert_eq!(color(&["dark", "blue", "cat"]), Some(([20, 30, 95], 2)));
        assert_eq!(color(&["dark", "red"]), Some(([110, 18, 20], 2)));
        assert_eq!(color(&["pale", "sky", "blue"]).map(|(_, used)| used), Some(3));
        assert_eq!(color(&["light", "bulb"]), None);
        assert_eq!(color(&[]), None);
    }

    #[test]
    fn every_color_of_the_vocabulary_is_known() {
        let others = COLORS.iter().map(|(name, _)| (*name).to_owned());
        for name in Vocabulary::embedded().unwrap().colours.into_iter().chain(others) {
            let words: Vec<&str> = name.split(' ').collect();
            assert_eq!(color(&words).map(|(_, used)| used), Some(words.len()), "{name}");
        }
        let names: Vec<&str> = COLORS[..TRAINED].iter().map(|(name, _)| *name).collect();
        assert_eq!(Vocabulary::embedded().unwrap().colours, names);
    }
}
