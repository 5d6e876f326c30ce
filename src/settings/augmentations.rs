//! Augmentations: the random changes of cutouts.

use std::fmt;
use std::str::FromStr;

use crate::text::did_you_mean;

/// A kind of augmentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Augmentation {
    /// Zooms show a part of the picture instead of all of it
    Crop,
    /// The corners of a cutout are moved
    Perspective,
    /// Cutouts are rotated, moved and sheared a little
    Affine,
    /// Cutouts are mirrored left to right
    Flip,
    /// Hue and saturation are changed a little
    Jitter,
    /// A rectangle is painted over
    Erase,
}

impl Augmentation {
    /// All kinds, with their names.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Crop, "crop"),
        (Self::Perspective, "perspective"),
        (Self::Affine, "affine"),
        (Self::Flip, "flip"),
        (Self::Jitter, "jitter"),
        (Self::Erase, "erase"),
    ];
}

/// The augmentations in use, written as `crop,perspective` or `none`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Augmentations(Vec<Augmentation>);

impl Augmentations {
    /// No augmentations: every cutout is the whole picture, resampled.
    pub const NONE: Self = Self(Vec::new());

    /// The augmentations of a list; duplicates count once.
    #[must_use]
    pub fn new(kinds: &[Augmentation]) -> Self {
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        Self(kinds)
    }

    /// Whether a kind is in use.
    #[must_use]
    pub fn has(&self, kind: Augmentation) -> bool {
        self.0.contains(&kind)
    }
}

impl fmt::Display for Augmentations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            Augmentation::ALL.iter().filter(|(kind, _)| self.has(*kind)).map(|(_, name)| *name).collect();
        formatter.write_str(if names.is_empty() { "none" } else { "" })?;
        formatter.write_str(&names.join(","))
    }
}

impl FromStr for Augmentations {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "none" {
            return Ok(Self::NONE);
        }
        let kind = |name: &str| {
            let found = Augmentation::ALL.iter().find(|(_, known)| *known == name.trim());
            found.map(|(kind, _)| *kind).ok_or_else(|| {
                let known = Augmentation::ALL.map(|(_, name)| name);
                let near = did_you_mean(name.trim(), known);
                format!("`{}` is not an augmentation: use none, or some of {}{near}", name.trim(), known.join(", "))
            })
        };
        Ok(Self::new(&text.split(',').map(kind).collect::<Result<Vec<_>, _>>()?))
    }
}

crate::text::serde_as_text!(Augmentations);
