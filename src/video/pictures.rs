//! The pictures in a folder, in natural order.

use std::path::{Path, PathBuf};

use crate::files::unreadable;
use crate::{Error, Result};

/// The extensions of pictures.
const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"];

/// The pictures in a folder, in the order of their names, with 10 after 9.
///
/// # Errors
/// If the folder cannot be read, or contains no pictures.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let broken = |error: std::io::Error| Error::file(folder, unreadable(&error), "make the folder readable");
    let mut pictures = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(broken)? {
        let path = entry.map_err(broken)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
            pictures.push(path);
        }
    }
    if pictures.is_empty() {
        return Err(Error::file(
            folder,
            "there are no pictures in this folder",
            "name another folder, or the pictures",
        ));
    }
    pictures.sort_by_cached_key(|path| key(&path.file_name().unwrap_or_default().to_string_lossy()));
    Ok(pictures)
}

/// The sort key of a name: words compare by letters, numbers by value. If these parts are equal, the whole names
/// decide.
fn key(name: &str) -> (Vec<(String, u128)>, String) {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| character.is_ascii_digit()).unwrap_or(rest.len());
        let (word, numbered) = rest.split_at(digits);
        let end = numbered.find(|character: char| !character.is_ascii_digit()).unwrap_or(numbered.len());
        let (number, left) = numbered.split_at(end);
        parts.push((word.to_lowercase(), number.parse().unwrap_or(if number.is_empty() { 0 } else { u128::MAX })));
        rest = left;
    }
    (parts, name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_comes_behind_nine() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a9.png", "a10.PNG", "a010.png", "a1.png", "b.jpg", "a9b2.png", "a9b11.png"];
        for name in names.into_iter().chain(["notes.txt", ".hidden.png", "a.gif"]) {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = pictures_in(folder.path()).unwrap();
        let found: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(found, ["a1.png", "a9.png", "a9b2.png", "a9b11.png", "a010.png", "a10.PNG", "b.jpg"]);
        let empty = tempfile::tempdir().unwrap();
        assert!(pictures_in(empty.path()).unwrap_err().to_string().ends_with("there are no pictures in this folder"));
    }
}
