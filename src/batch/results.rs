//! What became of each line, a JSON object a line: a file that a batch reads, too.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::RESULT;
use super::files::is_same;
use super::places::Place;
use crate::files::{read_within, unreadable};
use crate::output::{PNG, Product, Products};
use crate::settings::Settings;
use crate::video::{KINDS, kind_of_output};
use crate::{Error, Result};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// What became of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was begun, as one of several of which not all are kept
    Begun,
    /// It is there
    Done,
    /// It was drawn, and was not among the best
    Dropped,
    /// It could not be drawn
    Failed,
}

/// What became of a picture, and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What became of it
    pub status: Status,
    /// The file its line is in
    pub file: String,
    /// The line, from 1
    pub line: usize,
    /// Iterations done
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// The last iteration's loss
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// How well it fits its prompt: a mean of cosines, −1 to 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Its place among the samples of its prompt, from 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Time it took to draw
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What went wrong
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The picture's files and settings; none of a line that could not be read
    pub picture: Option<(Products, Settings)>,
    /// What became of it; none if nothing has yet
    pub outcome: Option<Outcome>,
}

impl Outcome {
    /// What became of a line, and nothing of how it went.
    #[must_use]
    pub fn new(status: Status, place: &Place) -> Self {
        let (file, line) = (place.file.clone(), place.line);
        Self { status, file, line, iterations: None, loss: None, score: None, rank: None, seconds: None, error: None }
    }

    /// Whether it says the same, however long it took.
    fn is_same(&self, other: &Self) -> bool {
        let told = |outcome: &Self| (outcome.status, outcome.score, outcome.rank, outcome.error.clone());
        told(self) == told(other)
    }
}

impl Record {
    /// The line's JSON.
    ///
    /// # Errors
    /// If it cannot be put into JSON.
    pub fn to_json(&self) -> Result<Value> {
        let fault = |error: serde_json::Error| Error::fault(format!("cannot write a result: {error}"));
        let mut line = Map::new();
        if let Some((files, settings)) = &self.picture {
            if let Value::Object(settings) = serde_json::to_value(settings).map_err(fault)? {
                line.extend(settings);
            }
            for Product { kind, path, .. } in files.iter() {
                let name = if path == files.output() { "output" } else { kind.option };
                line.insert(name.into(), Value::String(path.to_string_lossy().into_owned()));
            }
        }
        // The key alone says that braces in it are no choice.
        line.insert(RESULT.into(), serde_json::to_value(&self.outcome).map_err(fault)?);
        Ok(Value::Object(line))
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields: Map<String, Value> = serde_json::from_str(line).ok()?;
        let outcome = serde_json::from_value(fields.remove(RESULT)?).ok()?;
        let mut path = |name: &str| fields.remove(name).as_ref().and_then(Value::as_str).map(PathBuf::from);
        let files = path("output").map(|output| {
            let kind = kind_of_output(&output).unwrap_or(PNG);
            let others = KINDS.into_iter().filter(|other| *other != kind);
            let beside = others.filter_map(|kind| Some(Product::new(kind, path(kind.option)?)));
            Products::new(Product::new(kind, output), beside.collect())
        });
        // Settings of another version's are not those of a line of today.
        let settings = serde_json::from_value(Value::Object(fields)).ok();
        Some(Self { picture: files.zip(settings), outcome: Some(outcome) })
    }
}

/// The file of results, while a batch runs.
pub struct Results {
    /// None if none is kept
    file: Option<(PathBuf, File)>,
    known: Arc<Known>,
}

/// What became of pictures in earlier runs, by their files.
#[derive(Default)]
pub struct Known {
    pictures: HashMap<PathBuf, (Settings, Outcome)>,
    /// Lines that could not be used
    bad: Vec<Outcome>,
}

impl Known {
    /// Whether a record says nothing new.
    fn has(&self, record: &Record) -> bool {
        let Some(outcome) = &record.outcome else { return false };
        match &record.picture {
            Some((files, settings)) => self.of(files.output(), settings).is_some_and(|known| known.is_same(outcome)),
            None => self
                .bad
                .iter()
                .any(|known| (known.line, &known.file) == (outcome.line, &outcome.file) && known.is_same(outcome)),
        }
    }

    /// What became of a picture, if it was made by these settings.
    #[must_use]
    pub fn of(&self, output: &Path, settings: &Settings) -> Option<&Outcome> {
        self.pictures.get(output).filter(|(used, _)| is_same(used, settings)).map(|(_, outcome)| outcome)
    }
}

impl Results {
    /// No file.
    #[must_use]
    pub fn none() -> Self {
        Self { file: None, known: Arc::default() }
    }

    /// Opens or begins a file, and holds it alone. A line that was cut off is taken away.
    ///
    /// # Errors
    /// If it cannot be read or written, holds something else, or another batch holds it.
    pub fn open(path: &Path) -> Result<Self> {
        let hint = "name another file with --results";
        let fault = |problem: String| Error::file(path, problem, hint);
        let system = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => fault("there is no such folder".into()),
            _ => fault(unreadable(&error)),
        };
        // What is not a file on a disk cannot be read back.
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(fault("this is a folder".into())),
            Ok(found) if !found.is_file() => {
                let hint = "name another file with --results, or write no results with --results none";
                return Err(Error::file(path, "this is not a regular file", hint));
            }
            _ => {}
        }
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).append(true).open(path).map_err(system)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(fault("another batch is writing this file".into()));
        }
        let bytes = read_within(&file, LARGEST).map_err(system)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let text = std::str::from_utf8(&bytes[..whole]).map_err(|_| fault("not a results file".into()))?;
        let mut known = Known::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let problem = || fault(format!("line {} is not a batch result", index + 1));
            let record = Record::parse(line).ok_or_else(problem)?;
            match (record.picture, record.outcome) {
                (Some((files, settings)), Some(outcome)) => {
                    drop(known.pictures.insert(files.output().to_owned(), (settings, outcome)));
                }
                (None, Some(outcome)) => known.bad.push(outcome),
                (_, None) => {}
            }
        }
        if whole < bytes.len() {
            // What was cut off begins as a result does, or it is none of ours.
            if bytes[whole] != b'{' {
                return Err(fault("not a results file".into()));
            }
            file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(system)?;
        }
        Ok(Self { file: Some((path.to_owned(), file)), known: Arc::new(known) })
    }

    /// What became of pictures in earlier runs.
    #[must_use]
    pub fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// Writes what earlier runs did not behind the others, all of it at once.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append_new(&mut self, records: &[Record]) -> Result<()> {
        let mut text = String::new();
        for record in records.iter().filter(|record| !self.known.has(record)) {
            text += &record.to_json()?.to_string();
            text.push('\n');
        }
        let Some((path, file)) = self.file.as_mut().filter(|_| !text.is_empty()) else { return Ok(()) };
        let before = file.metadata().map(|metadata| metadata.len());
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|source| {
            // A part of a line is of use to nobody, and the next run takes away what is still there.
            let _ = before.and_then(|length| file.set_len(length));
            Error::Write { path: path.clone(), source }
        })
    }
}
