//! What draws.

/// What there is to draw with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DrawerKind {
    /// A VQGAN, whose latent is moved
    #[default]
    Vqgan,
    /// Cells, whose colours are moved
    Pixel,
}

crate::text::named_values!(DrawerKind, "drawer", { Vqgan => "vqgan", Pixel => "pixel" });

impl DrawerKind {
    /// How many of the cutouts are zooms; the others show the whole picture. Cells have no details of their own that a
    /// zoom would shape.
    #[must_use]
    pub fn zooms(self) -> f64 {
        match self {
            // pixray's share.
            Self::Vqgan => 0.6,
            Self::Pixel => 0.5,
        }
    }
}
