//! How much work to spend on a picture.

/// How much work to spend on a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// To see whether a prompt works
    Draft,
    /// The default
    Normal,
    /// Larger or longer
    Better,
    /// The most that still pays
    Best,
}

crate::text::named_values!(Quality, "quality", {
    Draft => "draft",
    Normal => "normal",
    Better => "better",
    Best => "best",
});
