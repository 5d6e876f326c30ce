//! Captions such as those that the prior was trained on.

use crate::sentence::{Scene, Sentence};

/// The style whose scenes the prior does not draw.
pub(super) const PENCIL: &str = "pencil sketch";

/// Names without an article, as in `weights/training/vocabulary.py`.
const UNCOUNTED: &[&str] = &[
    "spaghetti",
    "sushi",
    "bacon",
    "broccoli",
    "popcorn",
    "corn",
    "garlic",
    "bread",
    "cheese",
    "lightning",
    "fire",
    "glasses",
    "sunglasses",
    "jeans",
    "scissors",
    "socks",
    "gloves",
    "blueberries",
    "grapes",
    "cherries",
    "pancakes",
    "chocolate",
    "honey",
    "beer",
    "mouth",
    "earth",
    "poop",
    "french fries",
    "mount fuji",
    "santa claus",
    "books",
    "crossed swords",
];

/// Captions of a thing alone on backgrounds of different colors: white and, unless the style has no colors, blue.
pub(super) fn alone(thing: &str, sentence: &Sentence) -> Vec<String> {
    let named = with_article(thing);
    let mut captions = vec![styled(&named, sentence)];
    if !sentence.is_colorless() {
        captions.push(styled(&format!("{named} on a blue background"), sentence));
    }
    captions
}

/// The caption of a scene without things.
pub(super) fn scene(scene: &Scene, sentence: &Sentence) -> String {
    styled(scene.alone, sentence)
}

fn styled(caption: &str, sentence: &Sentence) -> String {
    let parts: Vec<&str> = [caption].into_iter().chain(sentence.styles.iter().copied()).collect();
    parts.join(", ")
}

fn with_article(name: &str) -> String {
    if UNCOUNTED.contains(&name) {
        return name.to_owned();
    }
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}
