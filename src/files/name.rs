//! Names of files.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::{Error, Result};

/// The longest slug, in bytes.
const LONGEST_SLUG: usize = 60;
/// The extension of the names of checkpoints.
const CHECKPOINT: &str = "t2a";
/// The ending of the name of the folder for the work on a film.
const WORK: &str = ".t2a-film";
/// What follows the name of a checkpoint in that of the frames it counts.
const KEPT_FRAMES: &str = "-frames";
/// The fields of a template that stand for the first free number. The help names the first one; the second is older.
const NUMBER: [&str; 2] = ["{number}", "{n}"];
/// The fields of a template of a picture, as the help names them.
const FIELDS: [&str; 3] = ["{slug}", "{seed}", NUMBER[0]];

/// A prompt as part of a file name that every system accepts: letters without accents, digits and hyphens, at most 60
/// bytes.
#[must_use]
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.nfkd().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !unicode_normalization::char::is_combining_mark(character) && !slug.is_empty() && !slug.ends_with('-')
        {
            slug.push('-');
        }
        if slug.len() == LONGEST_SLUG {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "picture".to_owned() } else { slug.to_owned() }
}

/// How the picture's file is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// This path, with `{slug}`, `{seed}` and `{number}` in it filled in
    Template(OsString),
    /// `{slug}-{seed}.png` in the current folder, followed by `-2`, `-3` and so on if that name is taken
    Free,
}

impl Naming {
    /// The first path of this naming that no file and no checkpoint has. A template without
    /// `{number}` has only one path.
    #[must_use]
    pub fn path(&self, prompt: &str, seed: u64) -> PathBuf {
        self.path_with(prompt, seed, &[])
    }

    /// Like [`Naming::path`], but no file may have the path with one of these extensions either.
    #[must_use]
    pub fn path_with(&self, prompt: &str, seed: u64, extensions: &[&str]) -> PathBuf {
        let (slug, seed) = (slug(prompt), seed.to_string());
        let filled = |template: &OsStr, number: usize| {
            let values = [("{slug}", slug.as_str()), ("{seed}", &seed)];
            let name = values.iter().fold(template.to_owned(), |name, (field, value)| filled(&name, field, value));
            PathBuf::from(numbered(&name, number))
        };
        // A name with a checkpoint belongs to an unfinished picture.
        let free = |path: &PathBuf| {
            let beside = extensions.iter().map(|extension| path.with_extension(extension));
            std::iter::once(path.clone()).chain(beside).all(|path| !is_taken(&path)) && !checkpoint_of(path).exists()
        };
        match self {
            Self::Template(template) if is_numbered(template) => {
                (1..usize::MAX).map(|number| filled(template, number)).find(free).unwrap_or_default()
            }
            Self::Template(template) => filled(template, 1),
            Self::Free => {
                let numbered = (2..usize::MAX).map(|number| filled("{slug}-{seed}-{number}.png".as_ref(), number));
                std::iter::once(filled("{slug}-{seed}.png".as_ref(), 1)).chain(numbered).find(free).unwrap_or_default()
            }
        }
    }
}

/// The path of a picture's checkpoint: `apple.png.t2a` for `apple.png`.
#[must_use]
pub fn checkpoint_of(picture: &Path) -> PathBuf {
    appended(picture, &format!(".{CHECKPOINT}"))
}

/// The file that keeps the frames of a run beside its checkpoint: `apple.png.t2a-frames` of `apple.png.t2a`.
#[must_use]
pub fn frames_of(checkpoint: &Path) -> PathBuf {
    appended(checkpoint, KEPT_FRAMES)
}

/// The folder for what an interrupted film needs to continue: `film.mp4.t2a-film` beside `film.mp4`, and `frames.t2a-film`
/// beside `frames/`.
#[must_use]
pub fn work_of(film: &Path) -> PathBuf {
    appended(film.components().as_path(), WORK)
}

fn appended(path: &Path, more: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(more);
    PathBuf::from(name)
}

/// The path of a checkpoint's picture, if this is the name of a checkpoint.
#[must_use]
pub fn picture_of(checkpoint: &Path) -> Option<PathBuf> {
    checkpoint.extension().is_some_and(|extension| extension == CHECKPOINT).then(|| checkpoint.with_extension(""))
}

/// Whether anything has this name, even a link that leads nowhere.
fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether a name contains a field.
pub(crate) fn contains(name: &OsStr, field: &str) -> bool {
    name.as_encoded_bytes().windows(field.len()).any(|bytes| bytes == field.as_bytes())
}

/// Whether a name has a field of a template in it: then its folders are created if they are missing.
pub(crate) fn is_template(name: &OsStr) -> bool {
    FIELDS.iter().chain(&NUMBER).any(|field| contains(name, field))
}

/// Checks that the name template of a picture contains only known fields.
///
/// # Errors
/// If it contains any other field.
pub(crate) fn check_fields(template: &OsStr) -> Result<()> {
    check_fields_of(template, &FIELDS, &NUMBER)
}

/// Checks that a template contains only `fields` and their `other_names`. Fields are lowercase words in braces.
///
/// # Errors
/// If it contains any other field.
pub(crate) fn check_fields_of(template: &OsStr, fields: &[&str], other_names: &[&str]) -> Result<()> {
    // Bytes that are not text cannot be part of a field.
    let text = template.to_string_lossy();
    let words = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(word, _)| word);
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    for word in words.filter(is_word) {
        let field = format!("{{{word}}}");
        if !fields.iter().chain(other_names).any(|known| **known == field) {
            let problem = format!("{field} is not a known field in a file name: {text}");
            let hint = match fields {
                [only] => format!("use {only} instead"),
                [first @ .., last] => format!("use {} or {last} instead", first.join(", ")),
                [] => "leave out the braces".to_owned(),
            };
            return Err(Error::usage(problem, hint));
        }
    }
    Ok(())
}

/// Whether a template has a place for a number.
pub(crate) fn is_numbered(template: &OsStr) -> bool {
    NUMBER.iter().any(|field| contains(template, field))
}

/// A template with a number in the places for one.
pub(crate) fn numbered(template: &OsStr, number: usize) -> OsString {
    let number = number.to_string();
    NUMBER.iter().fold(template.to_owned(), |name, field| filled(&name, field, &number))
}

/// A name with a value in place of a field. Bytes that are not text stay as they are.
fn filled(name: &OsStr, field: &str, value: &str) -> OsString {
    match name.to_str() {
        Some(name) => name.replace(field, value).into(),
        None => filled_bytes(name, field, value),
    }
}

#[cfg(unix)]
fn filled_bytes(name: &OsStr, field: &str, value: &str) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let (mut rest, mut filled) = (name.as_bytes(), Vec::new());
    while let Some(at) = rest.windows(field.len()).position(|bytes| bytes == field.as_bytes()) {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(value.as_bytes());
        rest = &rest[at + field.len()..];
    }
    filled.extend_from_slice(rest);
    OsString::from_vec(filled)
}

#[cfg(not(unix))]
fn filled_bytes(name: &OsStr, field: &str, value: &str) -> OsString {
    name.to_string_lossy().replace(field, value).into()
}

/// A path with text added to the stem of its name, before the extension.
#[must_use]
pub(crate) fn behind_stem(path: &Path, more: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(more);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Checks that the file system accepts a name of this length.
///
/// # Errors
/// If the name is too long.
pub(super) fn check_length(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidFilename => Err(too_long(path)),
        _ => Ok(()),
    }
}

/// The error for a name that is too long.
pub(super) fn too_long(path: &Path) -> Error {
    Error::file(path, "the name is too long for the file system", "choose a shorter name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_portable() {
        assert_eq!(slug("A red apple, on a BLUE background!"), "a-red-apple-on-a-blue-background");
        assert_eq!(slug("  Crème brûlée / 8K  "), "creme-brulee-8k");
        assert_eq!(slug("東京"), "picture");
        assert_eq!(slug(&"long ".repeat(40)).len(), 59);
    }

    #[test]
    fn templates_are_filled() {
        let path = Naming::Template("out/{slug}_{seed}.png".into()).path("a cat", 7);
        assert_eq!(path, PathBuf::from("out/a-cat_7.png"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p1.png"), "").unwrap();
        std::fs::write(folder.path().join("p3.gif"), "").unwrap();
        let both = ["p{number}.png", "p{n}.png"].map(|name| Naming::Template(folder.path().join(name).into()));
        for template in &both {
            assert_eq!(template.path("a", 0), folder.path().join("p2.png"));
        }
        std::fs::write(folder.path().join("p2.png"), "").unwrap();
        for template in both {
            assert_eq!(template.path("a", 0), folder.path().join("p3.png"));
            assert_eq!(template.path_with("a", 0, &["gif", "mp4"]), folder.path().join("p4.png"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_need_not_be_text() {
        use std::os::unix::ffi::OsStringExt;
        let name = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let path = Naming::Template(name(b"\xff{slug}\xfe-{seed}-{slug}.png")).path("a cat", 7);
        assert_eq!(path, PathBuf::from(name(b"\xffa-cat\xfe-7-a-cat.png")));
        assert!(is_numbered(&name(b"\xff{number}")) && is_numbered(&name(b"\xff{n}")) && !is_numbered(&name(b"{n")));
    }

    #[test]
    fn unknown_fields_are_refused() {
        for name in
            ["{slug}/{seed}-{number}{n}.png", "{}.png", "{a,b}.png", "{Slug}.png", "{slug.png", "}{.png", "a{1}"]
        {
            assert!(check_fields(name.as_ref()).is_ok(), "{name}");
        }
        for (name, field) in [("{prompt}.png", "{prompt}"), ("{seed}/{{line}.png", "{line}"), ("{slug}{a_b}", "{a_b}")]
        {
            let error = check_fields(name.as_ref()).map_err(|error| error.to_string());
            let message = error.expect_err(name);
            assert!(message.starts_with(&format!("{field} is not a known field in a file name")), "{message}");
        }
    }

    #[test]
    fn names_that_no_file_system_takes_are_refused() {
        assert!(check_length(Path::new("short.png")).is_ok());
        let error = check_length(Path::new(&"long".repeat(1000))).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("too long"), "{error}");
    }
}
