//! An archive that is sent while it is made.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use futures_util::TryStreamExt;
use serde::Serialize;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom};
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::tar;
use crate::error::Error;
use crate::objects::{Objects, is_missing};
use crate::server::problem::Problem;

/// The folder in the archive.
const FOLDER: &str = "text2art/";
/// How many bytes of a file are read at a time.
const PIECE: u64 = 64 << 10;
/// The longest wait for who receives the archive; a connection that does not read is closed before.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Why an archive ended too early.
pub(super) enum Stopped {
    /// Nobody receives it any longer.
    Alone,
    /// Something cannot be read.
    Problem(Problem),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Error::fault(format!("an export cannot be written: {error}")).into()
    }
}

type Result<T> = std::result::Result<T, Stopped>;

/// The archive.
pub(super) struct Archive {
    sender: Sender<io::Result<Bytes>>,
    /// When it is made, in seconds since 1970
    now: u64,
}

impl Archive {
    pub(super) fn new(sender: Sender<io::Result<Bytes>>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { sender, now }
    }

    async fn send(&self, bytes: impl Into<Bytes>) -> Result<()> {
        let sent = timeout(LONGEST_WAIT, self.sender.send(Ok(bytes.into()))).await;
        if matches!(sent, Ok(Ok(()))) { Ok(()) } else { Err(Stopped::Alone) }
    }

    async fn begin(&self, name: &str, bytes: u64) -> Result<()> {
        self.send(tar::header(&format!("{FOLDER}{name}"), bytes, self.now)).await
    }

    /// Adds a file with a text.
    pub(super) async fn text(&self, name: &str, text: String) -> Result<()> {
        let bytes = text.len() as u64;
        self.begin(name, bytes).await?;
        self.send(text).await?;
        self.send(tar::padding(bytes)).await
    }

    /// Adds a file with JSON.
    pub(super) async fn json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        self.text(name, pretty(value)? + "\n").await
    }

    /// Adds an object. One that was deleted in this moment is left out.
    pub(super) async fn object(&self, name: &str, objects: &Objects, key: &str) -> Result<()> {
        let mut opened = match objects.open(key).await {
            Ok(opened) => opened,
            Err(error) if is_missing(&error) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.begin(name, opened.bytes).await?;
        let mut left = opened.bytes;
        while let Some(piece) = opened.stream.try_next().await? {
            left = left.checked_sub(piece.len() as u64).ok_or_else(|| changed(key))?;
            self.send(piece).await?;
        }
        if left > 0 {
            return Err(changed(key).into());
        }
        self.send(tar::padding(opened.bytes)).await
    }

    /// Adds a list that was collected.
    pub(super) async fn list(&self, name: &str, list: List) -> Result<()> {
        let mut file = list.file;
        file.write_all(if list.is_empty { b"[]\n" } else { b"\n]\n" }).await?;
        file.flush().await?;
        let bytes = file.seek(SeekFrom::End(0)).await?;
        file.rewind().await?;
        self.begin(name, bytes).await?;
        let mut left = bytes;
        while left > 0 {
            let mut piece = Vec::new();
            (&mut file).take(PIECE.min(left)).read_to_end(&mut piece).await?;
            left = left.checked_sub(piece.len() as u64).filter(|_| !piece.is_empty()).ok_or_else(|| changed(name))?;
            self.send(piece).await?;
        }
        self.send(tar::padding(bytes)).await
    }

    /// Ends the archive.
    pub(super) async fn end(&self) -> Result<()> {
        self.send(tar::end()).await
    }

    /// Breaks off, so that whoever receives it knows that something is missing.
    pub(super) async fn break_off(&self) {
        let error = io::Error::other("the export could not be completed");
        let _ = timeout(LONGEST_WAIT, self.sender.send(Err(error))).await;
    }
}

/// A list of JSON that may become long, in a file without a name: an archive says how long a file is before the file.
pub(super) struct List {
    file: File,
    is_empty: bool,
}

impl List {
    /// An empty list, whose file is on the disk of a folder.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        Ok(Self { file: File::from_std(tempfile::tempfile_in(folder)?), is_empty: true })
    }

    pub(super) async fn add(&mut self, value: &impl Serialize) -> Result<()> {
        self.file.write_all(if self.is_empty { b"[\n" } else { b",\n" }).await?;
        self.is_empty = false;
        self.file.write_all(pretty(value)?.as_bytes()).await.map_err(Stopped::from)
    }
}

fn pretty(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Error::fault(format!("an export cannot be written as JSON: {error}")).into())
}

fn changed(name: &str) -> Error {
    Error::fault(format!("{name} changed while it was read"))
}
