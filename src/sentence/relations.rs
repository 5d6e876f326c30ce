//! Phrases for numbers and sizes of things, and for how things stand.

use super::Relation;

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
    ("along with", Relation::With),
    ("together with", Relation::With),
    ("inside of", Relation::In),
    ("inside", Relation::In),
    ("beside", Relation::Beside),
    ("besides", Relation::Beside),
    ("alongside", Relation::Beside),
    ("near", Relation::Beside),
    ("by", Relation::Beside),
    ("and", Relation::With),
    ("plus", Relation::With),
    ("with", Relation::With),
    ("wearing", Relation::With),
    ("holding", Relation::With),
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

/// Parts of a thing's own body: "a cat with big eyes" is one thing.
pub(super) const BODY_PARTS: &[&str] = &["eye", "ear", "nose", "mouth", "face with heart eyes"];

/// What stands on a head.
pub(super) const HEADWEAR: &[&str] = &["crown", "top hat"];
