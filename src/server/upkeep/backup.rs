//! Backs up the data of a server while it runs.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::archive::{ABOUT, About, DATABASE, OBJECTS};
use super::named::Named;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::files::{Existing, PartialFile, open_regular, remove_if_present, unreadable};
use crate::objects::is_missing;
use crate::queue::{Queue, Rules};
use crate::server::config::Config;
use crate::server::data::Data;

/// What a backup has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// Where it is
    pub path: PathBuf,
    /// How many jobs
    pub jobs: u64,
    /// How many objects
    pub objects: u64,
    /// The length of the objects
    pub bytes: u64,
}

/// Writes the database, as it is at one moment, and all objects that it names into one file, whole or not at all. The
/// server may run: an object is never changed, and what is deleted meanwhile is deleted in the backup, too. Blocks its
/// thread while it writes.
///
/// # Errors
///
/// If the data cannot be read, the store belongs to another database, or the file cannot be written.
pub async fn back_up(data: &Data, config: &Config, to: &Path, existing: Existing) -> Result<BackedUp> {
    // A backup leaves out missing objects, so with the wrong store, it would have no pictures.
    data.check_belonging().await?;
    let mut archive = Archive::create(to, existing)?;
    archive.begin(ABOUT)?;
    let about = serde_json::to_vec(&About::new()).unwrap_or_default();
    archive.write(&about)?;

    let copy = Copy::of(&data.database, &config.incoming()).await?;
    let kept = async {
        let kept = keep_objects(data, &copy.database, &mut archive).await?;
        let counts = Queue::new(copy.database.clone(), Rules::default()).counts().await?;
        Ok::<_, Error>((kept, counts))
    };
    let kept = kept.await;
    // Only a closed database is in one file.
    copy.database.close().await;
    let ((objects, bytes), counts) = kept?;
    archive.begin(DATABASE)?;
    archive.write_file(&copy.path)?;
    drop(copy);
    Ok(BackedUp { path: archive.finish()?, jobs: counts.all(), objects, bytes })
}

/// Writes all objects that the copied database names, and lets it forget those that are no longer there. Returns how many
/// there are, and their length.
async fn keep_objects(data: &Data, copy: &Database, archive: &mut Archive) -> Result<(u64, u64)> {
    let mut named = Named::new(copy);
    let (mut objects, mut length) = (0, 0);
    loop {
        let keys = named.next().await?;
        if keys.is_empty() {
            return Ok((objects, length));
        }
        for key in keys {
            match keep_object(data, &key, archive).await {
                Ok(bytes) => {
                    objects += 1;
                    length += bytes;
                }
                Err(error) if is_missing(&error) => named.forget(&key).await?,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Writes an object, and returns its length.
async fn keep_object(data: &Data, key: &str, archive: &mut Archive) -> Result<u64> {
    let mut opened = data.objects.open(key).await?;
    archive.begin(&format!("{OBJECTS}{key}"))?;
    let mut length = 0;
    while let Some(piece) = opened.stream.try_next().await? {
        archive.write(&piece)?;
        length += piece.len() as u64;
    }
    Ok(length)
}

/// A copy of the database in the folder of the data, which is removed when it is dropped.
struct Copy {
    database: Database,
    path: PathBuf,
    /// Keeps other backups away until this one is done
    _turn: PartialFile,
}

impl Copy {
    async fn of(database: &Database, folder: &Path) -> Result<Self> {
        let turn = PartialFile::create(&folder.join("backup"), Existing::Replace)?;
        let path = folder.join("backup.db");
        let fault = |source| Error::Write { path: path.clone(), source };
        // What a killed backup left.
        remove(&path).map_err(fault)?;
        // An empty file is filled, and stays its owner's.
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(fault)?;
        let opened = async {
            database.copy(&path).await?;
            Database::open(&path).await
        };
        let opened = opened.await;
        match opened {
            Ok(database) => Ok(Self { database, path, _turn: turn }),
            Err(error) => {
                let _ = remove(&path);
                Err(error)
            }
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // The next backup tries again.
        let _ = remove(&self.path);
    }
}

/// Removes a file of `SQLite`, and those that it has beside it while it is open.
fn remove(path: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        remove_if_present(Path::new(&name))?;
    }
    Ok(())
}

/// The archive that is written.
struct Archive {
    writer: ZipWriter<PartialFile>,
    target: PathBuf,
}

impl Archive {
    fn create(target: &Path, existing: Existing) -> Result<Self> {
        let file = PartialFile::create(target, existing)?;
        // It has what users asked for, and the hashes of their passwords.
        file.only_for_owner()?;
        Ok(Self { writer: ZipWriter::new(file), target: target.to_owned() })
    }

    fn begin(&mut self, name: &str) -> Result<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
        let begun = self.writer.start_file(name, options.unix_permissions(0o600));
        begun.map_err(|error| fault(&self.target, error.into()))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|error| fault(&self.target, error))
    }

    fn write_file(&mut self, path: &Path) -> Result<()> {
        let opened = open_regular(path).map_err(|error| unread(path, &error))?;
        let mut opened = BufReader::with_capacity(1 << 20, opened);
        loop {
            let piece = opened.fill_buf().map_err(|error| unread(path, &error))?;
            if piece.is_empty() {
                return Ok(());
            }
            let length = piece.len();
            self.writer.write_all(piece).map_err(|source| fault(&self.target, source))?;
            opened.consume(length);
        }
    }

    fn finish(self) -> Result<PathBuf> {
        let target = self.target;
        let file = self.writer.finish().map_err(|error| Error::Write { path: target, source: error.into() })?;
        file.finish()
    }
}

fn fault(target: &Path, source: io::Error) -> Error {
    Error::Write { path: target.to_owned(), source }
}

fn unread(path: &Path, error: &io::Error) -> Error {
    Error::file(path, unreadable(error), "check the disk, and try again")
}
