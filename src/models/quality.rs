//! How much work to spend on a picture.

/// How much work to spend on a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Quick, to try out a prompt
    Draft,
    /// The default
    Normal,
    /// Larger or longer
    Better,
    /// As much work as still pays off
    Best,
}

crate::text::named_values!(Quality, "quality", {
    Draft => "draft",
    Normal => "normal",
    Better => "better",
    Best => "best",
});
