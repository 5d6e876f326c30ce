//! The scenes of the vocabulary, and phrases that stand for them. The first phrases of each are those that the model was
//! trained on (`weights/training/vocabulary.py`); people use more.

/// A scene that things are in.
#[derive(Debug, PartialEq)]
pub struct Scene {
    /// Its name in the vocabulary
    pub name: &'static str,
    /// How the model was told to draw it without things
    pub alone: &'static str,
    /// What stands for it after words such as "in the", or by itself
    pub(super) nouns: &'static [&'static str],
    /// What stands for it as it is
    pub(super) adverbs: &'static [&'static str],
}

/// The scenes of the vocabulary.
pub(super) const SCENES: &[Scene] = &[
    Scene {
        name: "night sky",
        alone: "a night sky",
        nouns: &["night sky", "starry night", "starry sky", "stars", "night", "midnight", "moonlight"],
        adverbs: &["at night", "by night"],
    },
    Scene {
        name: "sunset",
        alone: "a sunset",
        nouns: &["sunset", "sunset sky", "sunrise", "dusk", "dawn", "sunset over the horizon", "sunset over the sea"],
        adverbs: &["at sunset", "at dusk", "at dawn"],
    },
    Scene {
        name: "sea",
        alone: "the ocean",
        nouns: &["sea", "ocean", "water", "lake", "river", "calm sea"],
        adverbs: &["at sea"],
    },
    Scene {
        name: "meadow",
        alone: "a meadow",
        nouns: &["meadow", "grass", "green field", "field", "garden", "lawn", "park", "grassy field"],
        adverbs: &[],
    },
    Scene {
        name: "snow",
        alone: "a snowy landscape",
        nouns: &["snow", "snowy landscape", "winter", "winter landscape", "snowy field", "ice", "snowy day"],
        adverbs: &["in winter"],
    },
    Scene { name: "desert", alone: "a desert", nouns: &["desert", "sand", "sand dunes", "dunes"], adverbs: &[] },
    Scene {
        name: "mountains",
        alone: "a mountain landscape",
        nouns: &["mountains", "mountain landscape", "hills"],
        adverbs: &["with mountains in the background"],
    },
    Scene {
        name: "beach",
        alone: "a sandy beach",
        nouns: &["beach", "sandy beach", "beach by the sea", "shore"],
        adverbs: &[],
    },
    Scene { name: "forest", alone: "a forest", nouns: &["forest", "woods", "jungle"], adverbs: &[] },
    Scene {
        name: "city",
        alone: "a city",
        nouns: &["city", "buildings", "town", "city skyline", "skyline"],
        adverbs: &["in town"],
    },
    Scene {
        name: "rain",
        alone: "a rainy day",
        nouns: &["rain", "rainy day", "storm", "rainstorm"],
        adverbs: &["in the rain"],
    },
    Scene { name: "space", alone: "outer space", nouns: &["space", "outer space", "galaxy", "universe"], adverbs: &[] },
    Scene {
        name: "underwater",
        alone: "an underwater scene",
        nouns: &["underwater scene", "bottom of the sea"],
        adverbs: &["underwater", "under the sea", "under water", "under the ocean", "under the water"],
    },
    Scene {
        name: "room",
        alone: "a room",
        nouns: &["room", "wooden floor", "floor", "table", "wooden table", "kitchen", "living room"],
        adverbs: &["indoors"],
    },
    Scene {
        name: "sky",
        alone: "a cloudy sky",
        nouns: &["sky", "cloudy sky", "clouds", "blue sky", "air"],
        adverbs: &[],
    },
    Scene { name: "road", alone: "a road", nouns: &["road", "street", "highway"], adverbs: &[] },
];

/// Words between a thing and its scene.
pub(super) const SCENE_PREPOSITIONS: &[&str] = &[
    "in front of",
    "on top of",
    "in the middle of",
    "next to",
    "in",
    "on",
    "at",
    "under",
    "over",
    "above",
    "with",
    "against",
    "through",
    "across",
    "by",
    "near",
    "inside",
    "among",
    "amid",
    "behind",
    "below",
    "into",
    "from",
];

/// Scenes only after words such as "in the": "a glass of water" is not about the sea.
pub(super) const PLACED_SCENES: &[&str] =
    &["water", "air", "ice", "table", "floor", "park", "town", "field", "garden", "sand", "wooden"];
