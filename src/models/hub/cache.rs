//! The hub's cache on disk, in the layout that all clients of the hub share:
//! `models--organization--repository` with `blobs/<etag>`, `refs/<revision>` and `snapshots/<commit>/<file>`.

use std::io;
use std::path::{Path, PathBuf};

use super::lock::is_free;
use super::repository::{Repository, is_commit, is_inner_path};
use crate::files::{Existing, remove_if_present, small_text, write_whole};
use crate::{Error, Result};

/// The cache.
#[derive(Clone, Debug)]
pub struct Cache {
    inner: hf_hub::Cache,
}

impl Cache {
    /// The cache in a folder, which need not exist yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { inner: hf_hub::Cache::new(folder) }
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.inner.path()
    }

    /// The folder of a repository.
    #[must_use]
    pub fn repository_folder(&self, repository: &Repository) -> PathBuf {
        self.folder().join(repository.as_repo().folder_name())
    }

    /// The commit of a revision according to the cache. A commit stands for itself, whether or not the cache has
    /// any of its files: other clients write no reference for a commit.
    #[must_use]
    pub fn commit(&self, repository: &Repository) -> Option<String> {
        if repository.is_pinned() {
            return Some(repository.revision.clone());
        }
        // A revision that is not a plain name could lead out of the cache.
        let path = repository.is_plain().then(|| self.reference(repository))?;
        let commit = small_text(&path)?;
        Some(commit.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    fn reference(&self, repository: &Repository) -> PathBuf {
        self.repository_folder(repository).join("refs").join(&repository.revision)
    }

    /// The folder with a repository's files at a revision, if it exists.
    #[must_use]
    pub fn snapshot(&self, repository: &Repository) -> Option<PathBuf> {
        let folder = self.snapshot_of_commit(repository, &self.commit(repository)?);
        folder.is_dir().then_some(folder)
    }

    fn snapshot_of_commit(&self, repository: &Repository, commit: &str) -> PathBuf {
        self.inner.repo(repository.as_repo()).pointer_path(commit)
    }

    /// The path of a file, if the cache has it.
    #[must_use]
    pub fn find(&self, repository: &Repository, file: &str) -> Option<PathBuf> {
        let path = self.snapshot(repository)?.join(file);
        (is_inner_path(file) && path.is_file()).then_some(path)
    }

    /// The path of the content with a name, whether or not it exists.
    pub(super) fn blob(&self, repository: &Repository, name: &str) -> PathBuf {
        self.inner.repo(repository.as_repo()).blob_path(name)
    }

    /// The file that all clients lock before they write a content.
    pub(super) fn lock_file(&self, repository: &Repository, name: &str) -> PathBuf {
        let folder = self.folder().join(".locks").join(repository.as_repo().folder_name());
        folder.join(format!("{name}.lock"))
    }

    /// Gives a content its name in a commit: by a link, or by a copy if links fail.
    ///
    /// # Errors
    /// If a name would lead out of the cache, or the cache cannot be written.
    pub(super) fn place(&self, repository: &Repository, commit: &str, file: &str, blob: &Path) -> Result<PathBuf> {
        if !repository.is_plain() || !is_commit(commit) || !is_inner_path(file) {
            return Err(outside(&format!("{file:?} of {repository} at {commit:?}")));
        }
        let path = self.snapshot_of_commit(repository, commit).join(file);
        let mut upwards = PathBuf::new();
        for _ in 0..=file.split('/').count() {
            upwards.push("..");
        }
        let target = upwards.join("blobs").join(blob.file_name().unwrap_or_default());
        put(&path, blob, &target, link).map_err(|error| Error::cache(&path, &error))?;
        Ok(path)
    }

    /// Records the commit of a branch.
    ///
    /// # Errors
    /// If the branch's name would lead out of the cache, or the cache cannot be written.
    pub(super) fn set_commit(&self, repository: &Repository, commit: &str) -> Result<()> {
        if repository.is_pinned() {
            return Ok(());
        }
        if !repository.is_plain() || !is_commit(commit) {
            return Err(outside(&format!("{repository} at {commit:?}")));
        }
        let path = self.reference(repository);
        create_folder_of(&path)?;
        match write_whole(&path, commit.as_bytes(), Existing::Replace) {
            Err(Error::Write { path, source }) => Err(Error::cache(path, &source)),
            written => written,
        }
    }

    /// Removes a file of a snapshot together with its damaged content.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub(super) fn discard(&self, repository: &Repository, file: &str) -> Result<()> {
        let Some(path) = self.find(repository, file) else { return Ok(()) };
        let content = self.content(repository, &path);
        remove_file(&path)?;
        content.map_or(Ok(()), |content| remove_file(&content))
    }

    /// The content that a file of a snapshot links to; none if the link leads out of this repository's contents.
    fn content(&self, repository: &Repository, path: &Path) -> Option<PathBuf> {
        let blobs = self.repository_folder(repository).join("blobs").canonicalize().ok()?;
        path.canonicalize().ok().filter(|content| content.parent() == Some(&blobs))
    }

    /// Whether no process is writing a content or the part of one.
    fn is_idle(&self, repository: &Repository, content: &Path) -> bool {
        let name = content.file_name().unwrap_or_default().to_string_lossy();
        is_free(&self.lock_file(repository, super::part::name_of_whole(&name)))
    }

    /// Removes a model's files from a snapshot, with the contents that no other snapshot of the repository uses, and
    /// the remains of interrupted downloads.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn remove(&self, repository: &Repository, files: &[String]) -> Result<Removed> {
        let mut removed = Removed::default();
        let Some(snapshot) = self.snapshot(repository) else { return Ok(removed) };
        let folder = self.repository_folder(repository);
        for path in files.iter().filter(|file| is_inner_path(file)).map(|file| snapshot.join(file)) {
            let Ok(link) = path.symlink_metadata() else { continue };
            let content = self.content(repository, &path).filter(|content| self.is_idle(repository, content));
            remove_file(&path)?;
            removed.files += 1;
            // A copy is its own content.
            removed.bytes += if link.is_file() { link.len() } else { 0 };
            if let Some(content) = content
                && !pointers(&folder.join("snapshots"))
                    .iter()
                    .any(|other| other.canonicalize().ok().as_ref() == Some(&content))
            {
                removed.bytes += content.metadata().map_or(0, |metadata| metadata.len());
                remove_file(&content)?;
            }
        }
        for left in pointers(&folder.join("blobs")).into_iter().filter(|path| super::part::is_left_over(path)) {
            if self.is_idle(repository, &left) {
                remove_file(&left)?;
            }
        }
        remove_empty(&folder.join("snapshots"));
        if !folder.join("snapshots").exists() {
            // References have nothing left to point to.
            let _ = std::fs::remove_dir_all(folder.join("refs"));
            remove_empty(&folder);
        }
        Ok(removed)
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Number of files
    pub files: usize,
    /// Number of bytes freed
    pub bytes: u64,
}

impl std::ops::AddAssign for Removed {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

fn outside(what: &str) -> Error {
    Error::usage(format!("{what} is not a valid place in the cache"), "use a branch or a commit as shown on the hub")
}

/// Puts a link at a path, or a copy if links fail, and replaces an existing file atomically.
fn put(path: &Path, content: &Path, target: &Path, link: fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    if let (Ok(there), Ok(wanted)) = (path.canonicalize(), content.canonicalize())
        && there == wanted
    {
        return Ok(());
    }
    let named = |temporary: &Path| link(target, temporary);
    if let Ok(temporary) = tempfile::Builder::new().prefix(".text2art-").make_in(folder, named) {
        return temporary.into_temp_path().persist(path).map_err(|error| error.error);
    }
    let mut temporary = tempfile::Builder::new().prefix(".text2art-").tempfile_in(folder)?;
    io::copy(&mut std::fs::File::open(content)?, &mut temporary)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Creates the parent folder of a file.
pub(super) fn create_folder_of(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| Error::cache(folder, &error))
}

fn remove_file(path: &Path) -> Result<()> {
    remove_if_present(path).map_err(|error| Error::cache(path, &error))
}

/// All files and links in a folder and its subfolders.
fn pointers(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(pointers(&entry.path())),
            _ => found.push(entry.path()),
        }
    }
    found
}

/// Removes a folder and its subfolders, except those that contain files.
fn remove_empty(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty(&entry.path());
        }
    }
    // Fails, as it should, if the folder is not empty.
    let _ = std::fs::remove_dir(folder);
}

/// Checks that the disk of a folder, which need not exist yet, has room for a number of bytes.
///
/// # Errors
/// If the disk does not have enough free space.
pub(super) fn check_room(folder: &Path, bytes: u64) -> Result<()> {
    let Some(existing) = folder.ancestors().find(|folder| folder.is_dir()) else { return Ok(()) };
    // If the free space is unknown, writing will fail when the disk is full.
    let Ok(free) = fs4::available_space(existing) else { return Ok(()) };
    if bytes <= free {
        return Ok(());
    }
    Err(Error::Cache {
        path: folder.to_owned(),
        problem: format!("{} are needed, but only {} are free", super::megabytes(bytes), super::megabytes(free)),
        hint: "free some space, or set HF_HOME to a folder on another disk".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "1111111111111111111111111111111111111111";

    fn filled() -> (tempfile::TempDir, Cache, Repository) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("hub"));
        let repository = Repository::parse("a/b@refs/pr/15").unwrap();
        for (file, content) in [("config.json", "{}"), ("vqvae/weights.bin", "1234")] {
            let blob = cache.blob(&repository, &format!("etag-of-{}", content.len()));
            create_folder_of(&blob).unwrap();
            std::fs::write(&blob, content).unwrap();
            cache.place(&repository, COMMIT, file, &blob).unwrap();
        }
        cache.set_commit(&repository, COMMIT).unwrap();
        (folder, cache, repository)
    }

    #[test]
    fn files_are_found_by_branch_and_by_commit() {
        let (_folder, cache, repository) = filled();
        assert_eq!(cache.commit(&repository).as_deref(), Some(COMMIT));
        let path = cache.find(&repository, "vqvae/weights.bin").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"1234");
        assert_eq!(cache.find(&repository.at(COMMIT), "vqvae/weights.bin").unwrap(), path);
        assert_eq!(cache.find(&repository, "other"), None);
        assert_eq!(cache.find(&repository.at("main"), "config.json"), None);
        #[cfg(unix)]
        assert_eq!(std::fs::read_link(&path).unwrap(), Path::new("../../../blobs/etag-of-4"));
    }

    #[test]
    fn where_links_fail_a_copy_stands() {
        let folder = tempfile::tempdir().unwrap();
        let (content, path) = (folder.path().join("content"), folder.path().join("a/b"));
        std::fs::write(&content, "1234").unwrap();
        let refuse = |_: &Path, _: &Path| Err(io::ErrorKind::Unsupported.into());
        put(&path, &content, Path::new("../content"), refuse).unwrap();
        assert!(!path.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"1234");
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn what_others_use_stays() {
        let (_folder, cache, repository) = filled();
        let other = repository.at("2222222222222222222222222222222222222222");
        cache.place(&other, &other.revision, "config.json", &cache.blob(&repository, "etag-of-2")).unwrap();
        let files = ["config.json".to_owned(), "vqvae/weights.bin".to_owned()];
        assert_eq!(cache.remove(&repository, &files).unwrap(), Removed { files: 2, bytes: 4 });
        assert_eq!(cache.find(&repository, "config.json"), None);
        assert!(cache.find(&other, "config.json").is_some());
        assert_eq!(cache.remove(&other, &files).unwrap(), Removed { files: 1, bytes: 2 });
        assert!(!cache.repository_folder(&repository).exists());
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        let (folder, cache, repository) = filled();
        std::fs::write(folder.path().join("outside"), COMMIT).unwrap();
        for wild in ["../../../outside", "..", "/etc/passwd", "", "a//b"] {
            assert_eq!(cache.commit(&repository.at(wild)), None, "{wild}");
            assert!(cache.set_commit(&repository.at(wild), COMMIT).is_err(), "{wild}");
            assert_eq!(cache.find(&repository, wild), None, "{wild}");
            assert!(cache.place(&repository, COMMIT, wild, &cache.blob(&repository, "etag-of-2")).is_err(), "{wild}");
        }
        assert!(cache.place(&repository, "../x", "config.json", &cache.blob(&repository, "etag-of-2")).is_err());
        assert!(cache.set_commit(&repository, "no commit").is_err());
    }

    #[test]
    #[cfg(unix)]
    fn what_is_elsewhere_stays() {
        let (folder, cache, repository) = filled();
        let outside = folder.path().join("weights");
        std::fs::write(&outside, "12345").unwrap();
        let path = cache.find(&repository, "vqvae/weights.bin").unwrap();
        std::fs::remove_file(&path).unwrap();
        link(&outside, &path).unwrap();
        assert_eq!(
            cache.remove(&repository, &["vqvae/weights.bin".to_owned()]).unwrap(),
            Removed { files: 1, bytes: 0 }
        );
        assert!(outside.exists() && path.symlink_metadata().is_err());
    }

    #[test]
    fn what_another_process_writes_stays() {
        let (_folder, cache, repository) = filled();
        let blob = cache.blob(&repository, "coming");
        let part = blob.with_file_name("coming.text2art-part");
        std::fs::write(&part, "12").unwrap();
        let lock = cache.lock_file(&repository, "coming");
        let stop = crate::progress::Stop::default();
        let held = super::super::lock::Lock::take(&lock, &stop, std::time::Duration::ZERO, || 0).unwrap();
        cache.remove(&repository, &["config.json".to_owned()]).unwrap();
        assert!(part.exists());
        drop(held);
        cache.remove(&repository, &["vqvae/weights.bin".to_owned()]).unwrap();
        assert!(!part.exists());
    }

    #[test]
    fn room_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        check_room(&folder.path().join("not/yet"), 1).unwrap();
        let error = check_room(folder.path(), u64::MAX).unwrap_err();
        assert!(!error.is_usage() && error.to_string().contains("free"), "{error}");
    }
}
