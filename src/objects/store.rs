//! Reading and writing objects.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::{
    Attribute, Attributes, CopyMode, CopyOptions, GetOptions, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutOptions, PutPayload,
};
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::fault::{fault, fault_of_file};
use super::key::path_of;
#[cfg(feature = "s3")]
use super::s3::S3;
use super::upload::{AT_A_TIME, digest, next, whole};
use crate::database::Id;
use crate::error::{Error, Result};
use crate::files::{open_regular, to_hex};

/// The most objects that a list has.
const LONGEST_LIST: usize = 10_000;
/// How many objects come at a time.
const PAGE: usize = 200;

/// A store of objects. Clones share it.
#[derive(Clone, Debug)]
pub struct Objects {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) place: Place,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In a folder of this machine
    Folder(Arc<Path>),
    /// In a bucket, which delivers its objects itself from this origin, if one is given
    #[cfg(feature = "s3")]
    Bucket { bucket: Arc<S3>, origin: Option<Arc<str>> },
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The length
    pub bytes: u64,
    /// The SHA-256, as hexadecimal digits
    pub sha256: String,
}

/// An object, or a part of one, that is read piece by piece.
pub struct Opened {
    /// The number of bytes to read
    pub bytes: u64,
    /// The bytes
    pub stream: BoxStream<'static, Result<Bytes>>,
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The key
    pub key: String,
    /// The length
    pub bytes: u64,
    /// When it was stored, by the clock of the store
    pub modified: SystemTime,
}

impl Objects {
    /// The store in a folder of this machine, which is created if it is missing.
    ///
    /// # Errors
    ///
    /// If the folder cannot be created or used.
    pub fn folder(folder: &Path) -> Result<Self> {
        let wrong =
            |problem: String| Error::file(folder, problem, "choose another folder, or make it readable and writable");
        std::fs::create_dir_all(folder).map_err(|error| wrong(format!("the folder cannot be created: {error}")))?;
        let whole = folder.canonicalize().map_err(|error| wrong(format!("the folder cannot be used: {error}")))?;
        let store = LocalFileSystem::new_with_prefix(&whole)
            .map_err(|error| wrong(format!("the folder cannot be used: {error}")))?;
        let store = store.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self { store: Arc::new(store), place: Place::Folder(whole.into()) })
    }

    /// The folder of a store on this machine.
    #[cfg_attr(not(feature = "s3"), allow(clippy::unnecessary_wraps))]
    fn own_folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            #[cfg(feature = "s3")]
            Place::Bucket { .. } => None,
        }
    }

    /// What a store that delivers objects itself must know about an object. A folder keeps nothing of this.
    fn attributes(&self, media_type: &str) -> Attributes {
        match self.own_folder() {
            Some(_) => Attributes::new(),
            None => [(Attribute::ContentType, media_type.to_owned())].into_iter().collect(),
        }
    }

    /// Stores bytes under a new key. That the key already has these very bytes is no error. `media_type` is for stores
    /// that deliver their objects themselves; a folder has no use for it.
    ///
    /// # Errors
    ///
    /// If the key is taken by other bytes, or the store cannot be written, as when its disk is full.
    pub async fn create(&self, key: &str, bytes: Vec<u8>, media_type: &str) -> Result<Stored> {
        let path = path_of(key)?;
        let stored = Stored { bytes: bytes.len() as u64, sha256: to_hex(&Sha256::digest(&bytes)) };
        let attributes = self.attributes(media_type);
        let options = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
        match self.store.put_opts(&path, PutPayload::from(bytes), options).await {
            Ok(_) => Ok(stored),
            Err(object_store::Error::AlreadyExists { .. }) => self.same(key, stored).await,
            Err(error) => Err(fault(key, &error)),
        }
    }

    /// Stores a file under a new key, as [`Objects::create`] does. The file is read piece by piece.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, and as for [`Objects::create`].
    pub async fn create_from(&self, key: &str, file: &Path, media_type: &str) -> Result<Stored> {
        self.create_from_part(key, file, 0..u64::MAX, media_type).await
    }

    /// Stores the bytes of a range of a file under a new key, as [`Objects::create`] does. A range that goes on behind
    /// the end of the file ends there.
    ///
    /// # Errors
    ///
    /// As for [`Objects::create_from`].
    pub async fn create_from_part(
        &self,
        key: &str,
        file: &Path,
        range: std::ops::Range<u64>,
        media_type: &str,
    ) -> Result<Stored> {
        let path = path_of(key)?;
        let name = file.display().to_string();
        let opened = open_regular(file).map_err(|error| fault_of_file(&name, &error))?;
        let mut source = File::from_std(opened);
        source.seek(std::io::SeekFrom::Start(range.start)).await.map_err(|error| fault_of_file(&name, &error))?;
        let mut source = source.take(range.end.saturating_sub(range.start));
        let first = next(&mut source).await.map_err(|error| fault_of_file(&name, &error))?;
        if first.len() < AT_A_TIME {
            return self.create(key, first, media_type).await;
        }
        if self.own_folder().is_none() {
            return self.create_in_parts(key, first, &mut source, &name, media_type).await;
        }
        // Only a put of one piece can refuse to replace: the pieces go to a key of their own, and that gets its name.
        let unnamed = path_of(&format!("{key}.part-{}", Id::random()?))?;
        let mut upload = self.store.put_multipart(&unnamed).await.map_err(|error| fault(key, &error))?;
        let stored = whole(upload.as_mut(), first, &mut source, key, &name).await?;
        let named = self.store.copy_opts(&unnamed, &path, CopyOptions::new().with_mode(CopyMode::Create)).await;
        let _ = self.store.delete(&unnamed).await;
        match named {
            Ok(()) => Ok(stored),
            Err(object_store::Error::AlreadyExists { .. }) => self.same(key, stored).await,
            Err(error) => Err(fault(key, &error)),
        }
    }

    /// Stores a long file in a bucket. The object appears there whole, once all its parts have arrived. Not every store can
    /// refuse to replace an object this way, but a key has only one writer, since it names a claim or is random.
    async fn create_in_parts(
        &self,
        key: &str,
        first: Vec<u8>,
        source: &mut tokio::io::Take<File>,
        name: &str,
        media_type: &str,
    ) -> Result<Stored> {
        let path = path_of(key)?;
        match self.store.head(&path).await {
            Ok(_) => {
                let stored = digest(first, source).await.map_err(|error| fault_of_file(name, &error))?;
                return self.same(key, stored).await;
            }
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(fault(key, &error)),
        }
        let options = PutMultipartOptions { attributes: self.attributes(media_type), ..PutMultipartOptions::default() };
        let mut upload = self.store.put_multipart_opts(&path, options).await.map_err(|error| fault(key, &error))?;
        whole(upload.as_mut(), first, source, key, name).await
    }

    /// Reads an object of at most `most` bytes.
    ///
    /// # Errors
    ///
    /// If there is no such object ([`is_missing`](super::is_missing)), it is larger, or the store cannot be read.
    pub async fn read(&self, key: &str, most: u64) -> Result<Vec<u8>> {
        let Opened { bytes, mut stream } = self.open(key).await?;
        let too_large =
            || Error::file(key, format!("the object is larger than {most} bytes"), "this object cannot be used");
        if bytes > most {
            return Err(too_large());
        }
        let mut all = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
        while let Some(piece) = stream.try_next().await? {
            if (all.len() + piece.len()) as u64 > most {
                return Err(too_large());
            }
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    /// Opens an object, to be read piece by piece.
    ///
    /// # Errors
    ///
    /// If there is no such object ([`is_missing`](super::is_missing)), or the store cannot be read.
    pub async fn open(&self, key: &str) -> Result<Opened> {
        self.open_with(key, GetOptions::default()).await
    }

    /// Opens a part of an object; the store reads nothing else. A range that extends past the end of the object stops there.
    ///
    /// # Errors
    ///
    /// If the range is empty or starts past the end, and as for [`Objects::open`].
    pub async fn open_range(&self, key: &str, range: std::ops::Range<u64>) -> Result<Opened> {
        self.open_with(key, GetOptions::default().with_range(Some(range))).await
    }

    async fn open_with(&self, key: &str, options: GetOptions) -> Result<Opened> {
        let found = self.store.get_opts(&path_of(key)?, options).await.map_err(|error| fault(key, &error))?;
        let bytes = found.range.end.saturating_sub(found.range.start);
        let key = key.to_owned();
        let stream = found.into_stream().map_err(move |error| fault(&key, &error)).boxed();
        Ok(Opened { bytes, stream })
    }

    /// Writes an object into a new file, whole or not at all.
    ///
    /// # Errors
    ///
    /// If there is no such object ([`is_missing`](super::is_missing)), its bytes are not those of the digest, or the
    /// file cannot be written.
    pub async fn fetch(&self, key: &str, to: &Path, sha256: &str) -> Result<()> {
        let fault = |error: &std::io::Error| fault_of_file(&to.display().to_string(), error);
        let folder = to.parent().unwrap_or(Path::new("."));
        let part = NamedTempFile::new_in(folder).map_err(|error| fault(&error))?;
        let mut file = File::from_std(part.reopen().map_err(|error| fault(&error))?);
        self.append(key, &mut file, sha256).await?;
        part.persist_noclobber(to).map(drop).map_err(|error| fault(&error.error))
    }

    /// Copies an object into a new file of a folder, which is made if it is missing. The file vanishes with the returned
    /// path.
    ///
    /// # Errors
    ///
    /// As for [`Objects::fetch`]; that no file can be made is [`Error::Write`].
    pub async fn borrow(&self, key: &str, folder: &Path, prefix: &str, sha256: &str) -> Result<TempPath> {
        let fault = |source| Error::Write { path: folder.to_owned(), source };
        tokio::fs::create_dir_all(folder).await.map_err(fault)?;
        let file = tempfile::Builder::new().prefix(prefix).tempfile_in(folder).map_err(fault)?;
        let (file, path) = file.into_parts();
        self.append(key, &mut File::from_std(file), sha256).await?;
        Ok(path)
    }

    /// Writes an object behind what a file already has.
    ///
    /// # Errors
    ///
    /// As for [`Objects::fetch`]; then the file has some of the bytes.
    pub async fn append(&self, key: &str, file: &mut File, sha256: &str) -> Result<()> {
        let mut stream = self.open(key).await?.stream;
        let mut hash = Sha256::new();
        let written = |error: std::io::Error| fault_of_file("a file that an object is copied to", &error);
        while let Some(piece) = stream.try_next().await? {
            hash.update(&piece);
            file.write_all(&piece).await.map_err(written)?;
        }
        file.flush().await.map_err(written)?;
        if to_hex(&hash.finalize()) == sha256 {
            Ok(())
        } else {
            Err(Error::file(key, "the object in the store is damaged", "restore the store from a backup"))
        }
    }

    /// Deletes an object. That there is none is no error.
    ///
    /// # Errors
    ///
    /// If the store cannot be written.
    pub async fn delete(&self, key: &str) -> Result<()> {
        match self.store.delete(&path_of(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault(key, &error)),
        }
    }

    /// The objects whose keys begin with a prefix of whole parts, such as `jobs/ID`; at most 10,000, in any order.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let mut all = Vec::new();
        let mut pages = self.pages(prefix)?;
        while let Some(page) = pages.try_next().await? {
            all.extend(page);
            if all.len() >= LONGEST_LIST {
                all.truncate(LONGEST_LIST);
                break;
            }
        }
        Ok(all)
    }

    /// All objects whose keys begin with a prefix of whole parts, up to 200 at a time, in any order.
    ///
    /// # Errors
    ///
    /// If the prefix is not valid. Each page can fail as well.
    pub fn pages(&self, prefix: &str) -> Result<BoxStream<'static, Result<Vec<Listed>>>> {
        let within = prefix.to_owned();
        let found = self.store.list(Some(&path_of(prefix)?));
        let found = found.map_err(move |error| fault(&within, &error)).map_ok(|meta| Listed {
            key: meta.location.to_string(),
            bytes: meta.size,
            modified: SystemTime::from(meta.last_modified),
        });
        Ok(found.try_chunks(PAGE).map_err(|error| error.1).boxed())
    }

    /// Checks that the store can be written and read.
    ///
    /// # Errors
    ///
    /// If it cannot.
    pub async fn check(&self) -> Result<()> {
        let key = format!("checks/{}", Id::random()?);
        self.create(&key, b"ready".to_vec(), "text/plain").await?;
        let read = self.read(&key, 5).await;
        self.delete(&key).await?;
        read.map(drop)
    }

    /// Deletes what uploads that were killed have left in the folder, if it is older.
    pub(super) async fn remove_unfinished(&self, prefix: &str, older: Duration) -> u64 {
        let Some(folder) = self.own_folder().map(|folder| folder.join(prefix)) else { return 0 };
        // The store does not list such files, whose names end in `#` and a number.
        let is_unfinished = |name: &str| {
            name.rsplit_once('#')
                .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
        };
        let removed = tokio::task::spawn_blocking(move || {
            let (mut folders, mut removed) = (vec![folder], 0);
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                    let Ok(metadata) = entry.metadata() else { continue };
                    if metadata.is_dir() {
                        folders.push(entry.path());
                    } else if is_unfinished(&entry.file_name().to_string_lossy())
                        && metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > older))
                        && std::fs::remove_file(entry.path()).is_ok()
                    {
                        removed += 1;
                    }
                }
            }
            removed
        });
        removed.await.unwrap_or(0)
    }

    /// That a key was taken is right if it has the same bytes.
    async fn same(&self, key: &str, stored: Stored) -> Result<Stored> {
        let Opened { bytes, mut stream } = self.open(key).await?;
        let mut hash = Sha256::new();
        while let Some(piece) = stream.try_next().await? {
            hash.update(&piece);
        }
        if bytes == stored.bytes && to_hex(&hash.finalize()) == stored.sha256 {
            return Ok(stored);
        }
        Err(Error::fault(format!("the object {key} already exists, with other bytes")))
    }
}
