//! Phrases that stand for the styles of the vocabulary, among them those that the model was trained on
//! (`weights/training/vocabulary.py`).

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
