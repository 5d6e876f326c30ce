//! What files are called.

use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::checkpoint_of;

/// The longest slug, in bytes.
const LONGEST_SLUG: usize = 60;

/// A prompt as part of a file name that every system takes: letters without accents, digits, hyphens,
/// at most 60 bytes.
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
    /// This path; `{slug}`, `{seed}` and `{n}` in it are filled in
    Template(String),
    /// `{slug}-{seed}.png` in the current folder, with `-2`, `-3` where that is taken
    Free,
}

impl Naming {
    /// The first path of this naming that no file and no checkpoint has; for a template without `{n}` its only path.
    #[must_use]
    pub fn path(&self, prompt: &str, seed: u64) -> PathBuf {
        self.path_with(prompt, seed, &[])
    }

    /// The same, where no file has the path with one of these extensions either.
    #[must_use]
    pub fn path_with(&self, prompt: &str, seed: u64, extensions: &[&str]) -> PathBuf {
        let filled = |template: &str, number: usize| {
            let name = template.replace("{slug}", &slug(prompt)).replace("{seed}", &seed.to_string());
            PathBuf::from(name.replace("{n}", &number.to_string()))
        };
        // A name with a checkpoint is that of a picture in the making.
        let free = |path: &PathBuf| {
            let beside = extensions.iter().map(|extension| path.with_extension(extension));
            std::iter::once(path.clone()).chain(beside).all(|path| !is_taken(&path)) && !checkpoint_of(path).exists()
        };
        match self {
            Self::Template(template) if template.contains("{n}") => {
                (1..usize::MAX).map(|number| filled(template, number)).find(free).unwrap_or_default()
            }
            Self::Template(template) => filled(template, 1),
            Self::Free => {
                let numbered = (2..usize::MAX).map(|number| filled("{slug}-{seed}-{n}.png", number));
                std::iter::once(filled("{slug}-{seed}.png", 1)).chain(numbered).find(free).unwrap_or_default()
            }
        }
    }
}

/// Whether something has this name, if only a link that leads nowhere.
fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
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
        let template = folder.path().join("p{n}.png").to_string_lossy().into_owned();
        std::fs::write(folder.path().join("p1.png"), "").unwrap();
        std::fs::write(folder.path().join("p3.gif"), "").unwrap();
        let template = Naming::Template(template);
        assert_eq!(template.path("a", 0), folder.path().join("p2.png"));
        std::fs::write(folder.path().join("p2.png"), "").unwrap();
        assert_eq!(template.path("a", 0), folder.path().join("p3.png"));
        assert_eq!(template.path_with("a", 0, &["gif", "mp4"]), folder.path().join("p4.png"));
    }
}
