//! Pictures of strokes as a user makes them.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::Workplace;

/// Ten things that the embedded model knows, chosen before any of them was drawn with strokes.
pub const THINGS: [&str; 10] = [
    "a red apple on a blue background",
    "a penguin in the snow",
    "a yellow banana on a pink background",
    "a pineapple",
    "a mushroom",
    "a snowman",
    "a sunflower",
    "a castle",
    "an owl",
    "a sailboat on the sea",
];
