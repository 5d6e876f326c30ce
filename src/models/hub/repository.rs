//! A repository of the hub at a revision: `organization/repository@revision`.

use std::fmt;

/// A repository of models on the hub, at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// `organization/repository`
    pub id: String,
    /// A commit of 40 hexadecimal digits, or the name of a branch
    pub revision: String,
}

/// The default branch.
const MAIN: &str = "main";

impl Repository {
    /// A repository at a revision.
    #[must_use]
    pub fn new(id: impl Into<String>, revision: impl Into<String>) -> Self {
        Self { id: id.into(), revision: revision.into() }
    }

    /// Parses `organization/repository` or `organization/repository@revision`; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, revision) = text.split_once('@').unwrap_or((text, MAIN));
        let (organization, name) = id.split_once('/')?;
        let fits = is_segment(organization) && is_segment(name) && revision.split('/').all(is_segment);
        fits.then(|| Self::new(id, revision))
    }

    /// This repository at another revision.
    #[must_use]
    pub fn at(&self, revision: &str) -> Self {
        Self::new(self.id.clone(), revision)
    }

    /// Whether all names stay inside a cache's folders.
    #[must_use]
    pub(super) fn is_plain(&self) -> bool {
        self.id.split('/').chain(self.revision.split('/')).all(is_segment)
    }

    /// Whether the revision is a commit, which never changes.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        is_commit(&self.revision)
    }

    /// The repository for the `hf-hub` crate, which knows the cache's names.
    pub(super) fn as_repo(&self) -> hf_hub::Repo {
        hf_hub::Repo::with_revision(self.id.clone(), hf_hub::RepoType::Model, self.revision.clone())
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision.as_str() {
            MAIN => formatter.write_str(&self.id),
            revision => write!(formatter, "{}@{revision}", self.id),
        }
    }
}

/// Whether a text is a commit: 40 lowercase hexadecimal digits.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_lower_hex(text)
}

/// Whether a text is a SHA-256: 64 lowercase hexadecimal digits.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && is_lower_hex(text)
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a character is not displayed but moves a terminal's cursor or changes the direction of its text.
pub(super) fn is_no_print(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text may be one component of a path in a cache.
pub(super) fn is_segment(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= 128 && !text.starts_with('.') && !text.contains("..") && text.bytes().all(plain)
}

/// Whether a file's path stays inside its repository and can be displayed as it is.
pub(super) fn is_inner_path(path: &str) -> bool {
    let inner = |part: &str| {
        !matches!(part, "" | "." | "..")
            && !part.contains(|character: char| matches!(character, '\\' | ':') || is_no_print(character))
    };
    !path.is_empty() && path.len() <= 1024 && path.split('/').all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories() {
        let parsed = Repository::parse("openai/clip-vit-base-patch32").unwrap();
        assert_eq!((parsed.id.as_str(), parsed.revision.as_str()), ("openai/clip-vit-base-patch32", "main"));
        let branch = Repository::parse("a/b@refs/pr/15").unwrap();
        assert_eq!((branch.revision.as_str(), branch.is_pinned()), ("refs/pr/15", false));
        assert_eq!(branch.to_string(), "a/b@refs/pr/15");
        assert!(Repository::parse("a/b@e93a26e7707683d349bf5d5c41c5b0ef69b677a9").unwrap().is_pinned());
        for wrong in
            ["", "a", "a/", "/b", "a/b/c", "./b", "../b", "a/..", "a/b@", "a/b@../x", "a/b@/x", "a b/c", "a/b@x@y"]
        {
            assert_eq!(Repository::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        assert!(is_inner_path("vqvae/config.json"));
        for wrong in ["", "/etc/passwd", "../a", "a/../b", "a//b", "C:\\x", "a/.", "a\u{1b}[2J", "a\u{202e}b"] {
            assert!(!is_inner_path(wrong), "{wrong}");
        }
    }
}
