//! Phrases that stand for scenes, styles, relations and numbers, and words without a meaning of their own here.
//!
//! The first phrases of scenes, styles and relations are those that the model was trained on
//! (`weights/training/vocabulary.py`); people use more.

use super::Relation;

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
    Scene {
        name: "space",
        alone: "outer space",
        nouns: &["space", "outer space", "galaxy", "universe"],
        adverbs: &[],
    },
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
    "in front of", "on top of", "in the middle of", "next to", "in", "on", "at", "under", "over", "above", "with",
    "against", "through", "across", "by", "near", "inside", "among", "amid", "behind", "below", "into", "from",
];

/// Scenes only after words such as "in the": "a glass of water" is not about the sea.
pub(super) const PLACED_SCENES: &[&str] =
    &["water", "air", "ice", "table", "floor", "park", "town", "field", "garden", "sand", "wooden"];

/// By phrase the style of the vocabulary. A phrase comes before those it begins with.
pub(super) const STYLES: &[(&str, &str)] = &[
    ("pencil sketch", "pencil sketch"),
    ("pencil drawing", "pencil sketch"),
    ("drawn in pencil", "pencil sketch"),
    ("line drawing", "pencil sketch"),
    ("sketch", "pencil sketch"),
    ("pixel art", "pixel art"),
    ("8-bit", "pixel art"),
    ("watercolor painting", "watercolor"),
    ("watercolour painting", "watercolor"),
    ("watercolor", "watercolor"),
    ("watercolour", "watercolor"),
    ("oil painting", "oil painting"),
    ("painted in oil", "oil painting"),
    ("painting", "oil painting"),
    ("low poly", "low poly"),
    ("low-poly", "low poly"),
    ("black and white photograph", "black and white"),
    ("black and white photo", "black and white"),
    ("black and white picture", "black and white"),
    ("black and white image", "black and white"),
    ("black and white drawing", "black and white"),
    ("in black and white", "black and white"),
    ("neon sign", "neon"),
    ("neon lights", "neon"),
    ("neon", "neon"),
    ("sepia photograph", "sepia"),
    ("sepia photo", "sepia"),
    ("sepia", "sepia"),
    ("old photo", "sepia"),
    ("photograph", "photo"),
    ("photo", "photo"),
];

/// Styles with few colors or none, in which nothing is dyed.
pub(super) const COLORLESS: &[&str] = &["pencil sketch", "black and white", "sepia", "neon"];

/// How two things stand, by the words between them. A phrase comes before those it begins with.
pub(super) const RELATIONS: &[(&str, Relation)] = &[
    ("on top of", Relation::On),
    ("sitting on", Relation::On),
    ("standing on", Relation::On),
    ("to the left of", Relation::Beside),
    ("on the left of", Relation::Beside),
    ("to the right of", Relation::RightOf),
    ("on the right of", Relation::RightOf),
    ("in front of", Relation::InFront),
    ("in back of", Relation::Behind),
    ("left of", Relation::Beside),
    ("right of", Relation::RightOf),
    ("next to", Relation::Beside),
    ("close to", Relation::Beside),
    ("along with", Relation::Beside),
    ("together with", Relation::Beside),
    ("inside of", Relation::In),
    ("inside", Relation::In),
    ("beside", Relation::Beside),
    ("besides", Relation::Beside),
    ("alongside", Relation::Beside),
    ("near", Relation::Beside),
    ("by", Relation::Beside),
    ("and", Relation::Beside),
    ("plus", Relation::Beside),
    ("with", Relation::Beside),
    ("wearing", Relation::Beside),
    ("holding", Relation::Beside),
    ("above", Relation::Above),
    ("over", Relation::Above),
    ("atop", Relation::On),
    ("upon", Relation::On),
    ("on", Relation::On),
    ("riding", Relation::On),
    ("underneath", Relation::Under),
    ("beneath", Relation::Under),
    ("under", Relation::Under),
    ("below", Relation::Under),
    ("behind", Relation::Behind),
    ("in", Relation::In),
];

/// Numbers of things. A phrase comes before those it begins with.
pub(super) const NUMBERS: &[(&str, usize)] = &[
    ("a pair of", 2),
    ("pair of", 2),
    ("a couple of", 2),
    ("couple of", 2),
    ("a few", 3),
    ("a group of", 4),
    ("group of", 4),
    ("a flock of", 5),
    ("flock of", 5),
    ("a herd of", 5),
    ("herd of", 5),
    ("a lot of", 5),
    ("lots of", 5),
    ("a dozen", 9),
    ("one", 1),
    ("both", 2),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 9),
    ("several", 3),
    ("few", 3),
    ("some", 3),
    ("many", 5),
];

/// Sizes of things, 1 for the usual one.
pub(super) const SIZES: &[(&str, f64)] = &[
    ("tiny", 0.6),
    ("small", 0.75),
    ("little", 0.75),
    ("big", 1.2),
    ("large", 1.2),
    ("huge", 1.35),
    ("giant", 1.35),
    ("enormous", 1.35),
];

/// What a background of one color may be called.
pub(super) const BACKGROUNDS: &[&str] = &["background", "backdrop", "wall", "gradient", "canvas", "surface", "paper"];

/// Parts of a thing's own body: "a cat with big eyes" is one thing.
pub(super) const BODY_PARTS: &[&str] = &["eye", "ear", "nose", "mouth", "face with heart eyes"];
/// What stands on a head.
pub(super) const HEADWEAR: &[&str] = &["crown", "top hat"];

/// Phrases of a scene's or thing's words that mean neither.
pub(super) const IDLE: &[&str] = &[
    "in the sun", "in the sunshine", "in the light", "in the dark", "in the shade", "on the left",
    "on the right", "in the background", "in the foreground", "in the middle", "in the center", "on fire", "in front",
    "at home", "in love", "with love",
];

/// Words that begin the name of something.
pub(super) const DETERMINERS: &[&str] =
    &["a", "an", "the", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their", "another", "each", "every"];

/// Words before the name of something that are no relations here.
pub(super) const PREPOSITIONS: &[&str] = &[
    "of", "at", "from", "to", "into", "onto", "through", "across", "among", "amid", "against", "between", "around",
    "along", "for", "without", "toward", "towards", "during", "off", "past", "like", "featuring", "as",
];

/// Words that end a phrase, and mean nothing here.
pub(super) const FUNCTION_WORDS: &[&str] = &[
    "is", "are", "was", "were", "be", "being", "been", "has", "have", "having", "which", "who", "whose", "where",
    "while", "when", "or", "but", "not", "no", "very", "really", "too", "so", "it", "he", "she", "they", "them", "him",
    "i", "we", "you", "me", "us", "there", "here", "up", "down", "out", "away", "together", "all", "only", "just",
    "also", "more", "most", "please", "draw", "paint", "make", "show", "create", "generate", "than", "then", "own",
    "s", "t", "full", "top", "left", "right", "front", "back", "side", "sides", "middle", "center", "centre",
];

/// Nouns that are about the picture rather than in it, or about nothing that could be drawn.
pub(super) const ABSTRACT: &[&str] = &[
    "thing", "things", "something", "anything", "everything", "nothing", "object", "objects", "scene", "image",
    "picture", "pictures", "art", "artwork", "view", "style", "styles", "detail", "details", "quality", "resolution",
    "color", "colors", "colour", "colours", "light", "lights", "lighting", "shadow", "shadows", "mood", "atmosphere",
    "render", "rendering", "portrait", "close", "closeup", "composition", "perspective", "bunch", "number", "set",
    "kind", "sort", "type", "lot", "group", "front", "day", "time", "way", "hd", "4k", "8k", "uhd", "hdr", "cgi",
    "3d", "2d", "minimalism", "concept", "design", "icon", "logo", "poster", "wallpaper", "sticker", "clipart",
    "background", "foreground", "horizon", "shape", "form", "size", "frame", "shot", "photography", "masterpiece",
];

/// Common adjectives and other words about a thing.
pub(super) const ADJECTIVES: &[&str] = &[
    "beautiful", "cute", "pretty", "nice", "lovely", "happy", "sad", "angry", "funny", "silly", "cool", "young", "old",
    "new", "ancient", "modern", "vintage", "retro", "classic", "simple", "plain", "solid", "empty", "tall", "short",
    "long", "wide", "thin", "fat", "round", "square", "flat", "sharp", "soft", "hard", "smooth", "rough", "fluffy",
    "furry", "fuzzy", "hairy", "shiny", "bright", "dark", "light", "pale", "deep", "vivid", "vibrant", "pastel",
    "warm", "cold", "hot", "wet", "dry", "fresh", "ripe", "wild", "tame", "fast", "slow", "quiet", "loud", "calm",
    "wooden", "golden", "metal", "metallic", "plastic", "glass", "stone", "iron", "steel", "wool", "paper", "sunny",
    "cloudy", "rainy", "snowy", "stormy", "windy", "foggy", "misty", "starry", "sandy", "grassy", "rocky", "leafy",
    "green", "friendly", "scary", "spooky", "evil", "good", "bad", "magic", "magical", "mystical", "epic", "cinematic",
    "dramatic", "realistic", "surreal", "abstract", "minimalist", "minimal", "detailed", "intricate", "blurry", "sharp",
    "low", "high", "big", "small", "tiny", "little", "large", "huge", "giant", "enormous", "cozy", "rustic", "fancy",
    "elegant", "royal", "single", "lonely", "alone", "asleep", "awake", "open", "closed", "broken", "baby", "adult",
    "male", "female", "wise", "brave", "strong", "weak", "clean", "dirty", "rich", "poor", "sweet", "sour", "spicy",
    "delicious", "tasty", "juicy", "yummy", "half", "whole", "sleepy", "tired", "hungry", "grumpy", "smart", "clever",
    "lazy", "busy", "crazy", "weird", "strange", "mysterious", "gentle", "kawaii", "chibi", "cartoon", "digital",
    "best", "perfect", "great", "amazing", "awesome", "wonderful", "fantastic", "gorgeous", "tropical", "arctic",
    "ultra", "hyper", "super", "4k", "8k", "hd", "3d", "2d", "striped", "spotted", "dotted", "checkered", "transparent",
    "colorful", "colourful", "white", "black", "multicolored", "rainbow", "medieval", "futuristic", "gothic", "victorian",
    "japanese", "chinese", "american", "european", "african", "italian", "french", "german", "english", "indian",
];
