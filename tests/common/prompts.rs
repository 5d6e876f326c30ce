//! Prompts for tests.

/// Prompts that the embedded model knows. The first five name the colors of an object and of its background.
pub const PROMPTS: [&str; 10] = [
    "a red apple on a blue background",
    "a red heart on a yellow background",
    "a green frog on a pink background",
    "a blue fish on a red background",
    "a yellow banana on a pink background",
    "a penguin in the snow",
    "a purple octopus underwater",
    "a sailboat on the sea",
    "pencil sketch of a cat",
    "neon butterfly",
];
