//! Makes the data of a server from a backup.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use super::archive::{ABOUT, About, DATABASE, LONGEST_ABOUT, OBJECTS};
use super::named::Named;
use crate::error::{Error, Result};
use crate::files::{open_regular, read_within, unreadable};
use crate::server::config::Config;
use crate::server::data::{Data, make_folder};
use crate::server::uploads::Recorded;
use crate::worker::Elsewhere;

const MEDIA_TYPE: &str = "application/octet-stream";

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How many jobs
    pub jobs: u64,
    /// How many objects
    pub objects: u64,
}

/// Restores a backup into the folder of a configuration, which must be missing or empty; whole or not at all. Jobs that
/// ran when the backup was made wait again. Blocks its thread while it reads.
///
/// # Errors
///
/// If the backup is damaged or of a newer program, the folder has something in it, or it cannot be written.
pub async fn restore(from: &Path, config: &Config) -> Result<Restored> {
    if config.elsewhere != Elsewhere::default() {
        return Err(Error::usage(
            "a backup can only be restored into a folder, but this server keeps its data elsewhere",
            "leave out ‹database› and ‹storage›, for example with ‹config› none",
        ));
    }
    check_empty(&config.data)?;
    let part = part_of(&config.data)?;
    if part.exists() {
        // What a killed restoration left.
        std::fs::remove_dir_all(&part).map_err(|source| Error::Write { path: part.clone(), source })?;
    }
    let beside = Config { data: part.clone(), ..config.clone() };
    let restored = unpack(from, &beside).await;
    let named = restored.and_then(|restored| {
        let renamed = std::fs::rename(&part, &config.data);
        renamed.map_err(|source| Error::Write { path: config.data.clone(), source }).map(|()| restored)
    });
    if named.is_err() {
        let _ = std::fs::remove_dir_all(&part);
    }
    named
}

async fn unpack(from: &Path, config: &Config) -> Result<Restored> {
    let mut archive = Archive::open(from)?;
    archive.check()?;
    make_folder(&config.data)?;
    archive.unpack(DATABASE, &config.database())?;
    let data = Data::create(config).await?;
    let restored = fill(&data, &mut archive, from).await;
    // A folder with an open database should not be renamed.
    data.close().await;
    restored
}

/// Unpacks the objects, and checks that they are those that the database names.
async fn fill(data: &Data, archive: &mut Archive, from: &Path) -> Result<Restored> {
    data.database.check().await?;
    // The original server may still run, so the copy gets its own id.
    data.queue.forget_store().await?;
    let uploads = Recorded::new(data.database.clone());
    let mut objects = 0;
    for number in 0..archive.zip.len() {
        let Some((key, range)) = archive.object(number)? else { continue };
        let stored = data.objects.create_from_part(&key, from, range, MEDIA_TYPE).await?;
        let known = match data.queue.digest_of(&key).await? {
            Some(digest) => Some(digest),
            None => uploads.digest_of(&key).await?,
        };
        if known.is_some_and(|digest| digest != stored.sha256) {
            return Err(damaged(from, &format!("the object {key} is not the one that was backed up")));
        }
        objects += 1;
    }
    check_complete(data, from).await?;
    data.queue.release_all().await?;
    data.check_belonging().await?;
    Ok(Restored { jobs: data.queue.counts().await?.all(), objects })
}

/// Checks that there is each object that the database names.
async fn check_complete(data: &Data, from: &Path) -> Result<()> {
    let mut named = Named::new(&data.database);
    loop {
        let keys = named.next().await?;
        if keys.is_empty() {
            return Ok(());
        }
        for key in keys {
            if let Err(error) = data.objects.open(&key).await {
                let missing = crate::objects::is_missing(&error);
                return Err(if missing { damaged(from, &format!("the object {key} is missing")) } else { error });
            }
        }
    }
}

/// Refuses a folder that has something in it.
fn check_empty(folder: &Path) -> Result<()> {
    let fault = |problem: String| Error::file(folder, problem, "choose a new or empty folder with ‹data›");
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(fault("the folder is not empty".into())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(fault(format!("the folder cannot be read: {error}"))),
    }
}

/// The folder that is filled before it gets its name.
fn part_of(folder: &Path) -> Result<PathBuf> {
    let name = folder.file_name().ok_or_else(|| {
        Error::file(folder, "this folder cannot be replaced", "choose a new or empty folder with ‹data›")
    })?;
    let mut part = std::ffi::OsString::from(".");
    part.push(name);
    part.push(".text2art-part");
    Ok(folder.with_file_name(part))
}

fn damaged(path: &Path, problem: &str) -> Error {
    Error::file(path, format!("the backup is damaged: {problem}"), "restore another backup")
}

/// The archive that is read.
struct Archive {
    zip: ZipArchive<File>,
    path: PathBuf,
}

impl Archive {
    fn open(path: &Path) -> Result<Self> {
        let file = open_regular(path);
        let file = file.map_err(|error| Error::file(path, unreadable(&error), "name a file of `backup`"))?;
        let zip = ZipArchive::new(file);
        let zip = zip.map_err(|_| Error::file(path, "this is not a backup of text2art", "name a file of `backup`"))?;
        Ok(Self { zip, path: path.to_owned() })
    }

    /// Checks what the archive says about itself.
    fn check(&mut self) -> Result<()> {
        let foreign = || Error::file(&self.path, "this is not a backup of text2art", "name a file of `backup`");
        let entry = self.zip.by_name(ABOUT).map_err(|_| foreign())?;
        let about = read_within(entry, LONGEST_ABOUT).map_err(|_| foreign())?;
        serde_json::from_slice::<About>(&about).map_err(|_| foreign())?.check()
    }

    /// Unpacks an entry into a new file.
    fn unpack(&mut self, name: &str, to: &Path) -> Result<()> {
        let path = self.path.clone();
        let mut entry = self.zip.by_name(name).map_err(|_| damaged(&path, &format!("it has no {name}")))?;
        let fault = |source| Error::Write { path: to.to_owned(), source };
        let mut file = File::create_new(to).map_err(fault)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            // The checksum is compared at the end.
            let read = entry.read(&mut buffer).map_err(|error| damaged(&path, &error.to_string()))?;
            if read == 0 {
                break;
            }
            io::Write::write_all(&mut file, &buffer[..read]).map_err(fault)?;
        }
        file.sync_all().map_err(fault)
    }

    /// The key of an object and the place of its bytes; `None` if an entry is something else.
    fn object(&mut self, number: usize) -> Result<Option<(String, std::ops::Range<u64>)>> {
        let path = self.path.clone();
        let broken = || damaged(&path, "its list of entries cannot be read");
        let entry = self.zip.by_index_raw(number).map_err(|_| broken())?;
        let name = entry.name().map_err(|_| broken())?.into_owned();
        let Some(key) = name.strip_prefix(OBJECTS) else { return Ok(None) };
        let is_plain = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
        let begin = entry.data_start().filter(|_| is_plain).ok_or_else(broken)?;
        let end = begin.checked_add(entry.size()).ok_or_else(broken)?;
        Ok(Some((key.to_owned(), begin..end)))
    }
}
