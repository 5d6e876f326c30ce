//! The files of a picture, as links to save them.

use super::words::bytes;
use crate::server::jobs::FileView;

/// The files in the order of the links, with their words.
const LABELS: [(&str, &str); 7] = [
    ("picture.png", "PNG"),
    ("picture.mp4", "MP4"),
    ("picture.gif", "GIF"),
    ("picture.reveal.mp4", "Strokes (MP4)"),
    ("picture.svg", "SVG"),
    ("picture.tile.png", "Copies (PNG)"),
    ("recipe.json", "Recipe"),
];

/// A link to save a file.
pub(super) struct Download {
    pub label: &'static str,
    pub url: String,
    pub size: String,
}

/// The links to save these files.
pub(super) fn downloads(files: &[FileView]) -> Vec<Download> {
    let link = |(name, label): &(&str, &'static str)| {
        let file = files.iter().find(|file| file.name == *name)?;
        Some(Download { label, url: format!("{}?download=1", file.url), size: bytes(file.bytes) })
    };
    LABELS.iter().filter_map(link).collect()
}
