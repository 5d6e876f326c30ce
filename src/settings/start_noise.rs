//! The starting point of a picture without an init image.

/// The starting point of a picture without an init image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartNoise {
    /// Random codes of the codebook; for cells, random colors; for waves, a random spectrum
    Codes,
    /// A random color for each pixel
    Snow,
    /// A smooth gradient between two random colors
    Gradient,
    /// Faint clouds: layers of noise, each half as coarse as the one before, added to gray
    Fractal,
    /// Plain gray
    None,
    /// The picture that the prior inside the program draws for the prompts
    Prior,
}

crate::text::named_values!(StartNoise, "starting point", {
    Codes => "codes": "Random codes of the VQGAN; with --drawer pixel, cells of random colors; with fft, random waves",
    Snow => "snow": "A random color for each pixel",
    Gradient => "gradient": "A smooth gradient between two random colors",
    Fractal => "fractal": "Faint clouds on gray",
    None => "none": "Plain gray",
    Prior => "prior": "A rough picture from the prior, a small network that reads the prompt",
});
