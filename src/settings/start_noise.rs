//! What a picture starts from without an init image.

/// What a picture starts from where there is no init image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartNoise {
    /// Random codes of the codebook; of cells, random colors
    Codes,
    /// Every pixel a random color
    Snow,
    /// A smooth passage between two random colors
    Gradient,
    /// Faint clouds: noise of halving sizes, added to gray
    Fractal,
    /// Gray
    None,
    /// What the prior inside the program draws of the prompts
    Prior,
}

crate::text::named_values!(StartNoise, "start", {
    Codes => "codes",
    Snow => "snow",
    Gradient => "gradient",
    Fractal => "fractal",
    None => "none",
    Prior => "prior",
});
