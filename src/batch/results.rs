//! Results files: the outcome of each line of a batch, as JSON lines that a batch can read.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::RESULT;
use super::files::is_same;
use super::places::Place;
use crate::files::{lock, read_within, unreadable};
use crate::output::{PICTURE, Product, Products};
use crate::progress::Figures;
use crate::settings::Settings;
use crate::video::{KINDS, kind_of_output};
use crate::{Error, Result};

/// The largest results file that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// The status of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was started, as one of several samples of which not all are kept
    Begun,
    /// It is finished
    Done,
    /// It was drawn, but was not among the best
    Dropped,
    /// It could not be drawn
    Failed,
}

/// The outcome of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its status
    pub status: Status,
    /// The file that contains its line
    pub file: String,
    /// The number of the line, from 1
    pub line: usize,
    /// Iterations done
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// The loss of the last iteration, and how well the picture fits; none if it was not drawn
    #[serde(flatten)]
    pub figures: Option<Figures>,
    /// How well the picture fits its prompt: a mean of cosines, −1 to 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Its rank among the samples of its prompt, from 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// The time to draw it, in seconds
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Why it failed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A line of a results file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The files and settings of the picture; none if the line could not be read
    pub picture: Option<(Products, Settings)>,
    /// The outcome; none if there is none yet
    pub outcome: Option<Outcome>,
}

impl Outcome {
    /// Creates an outcome with only a status.
    #[must_use]
    pub fn new(status: Status, place: &Place) -> Self {
        let (file, line) = (place.file.clone(), place.line);
        Self {
            status,
            file,
            line,
            iterations: None,
            figures: None,
            score: None,
            rank: None,
            seconds: None,
            error: None,
        }
    }

    /// Whether two outcomes are the same apart from the time.
    fn is_same(&self, other: &Self) -> bool {
        let compared = |outcome: &Self| (outcome.status, outcome.score, outcome.rank, outcome.error.clone());
        compared(self) == compared(other)
    }
}

impl Record {
    /// The line as JSON.
    ///
    /// # Errors
    /// If the record cannot be written as JSON.
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
        // The key alone says that braces in the line are not expanded.
        line.insert(RESULT.into(), serde_json::to_value(&self.outcome).map_err(fault)?);
        Ok(Value::Object(line))
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields: Map<String, Value> = serde_json::from_str(line).ok()?;
        let outcome = serde_json::from_value(fields.remove(RESULT)?).ok()?;
        let mut path = |name: &str| fields.remove(name).as_ref().and_then(Value::as_str).map(PathBuf::from);
        let files = path("output").map(|output| {
            let kind = kind_of_output(&output).unwrap_or(PICTURE);
            let others = KINDS.into_iter().filter(|other| *other != kind);
            let beside = others.filter_map(|kind| Some(Product::new(kind, path(kind.option)?)));
            Products::new(Product::new(kind, output), beside.collect())
        });
        // Settings of another version may not parse, and match no current line.
        let settings = serde_json::from_value(Value::Object(fields)).ok();
        Some(Self { picture: files.zip(settings), outcome: Some(outcome) })
    }
}

/// The results file of a batch.
pub struct Results {
    /// The open file; none without results
    file: Option<(PathBuf, File)>,
    known: Arc<Known>,
}

/// The outcomes of earlier runs, by the files of their pictures.
#[derive(Default)]
pub struct Known {
    pictures: HashMap<PathBuf, (Settings, Outcome)>,
    /// The outcomes of lines that could not be used
    bad: Vec<Outcome>,
}

impl Known {
    /// Whether a record is already known.
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

    /// The outcome of a picture, if it was made with these settings.
    #[must_use]
    pub fn of(&self, output: &Path, settings: &Settings) -> Option<&Outcome> {
        self.pictures.get(output).filter(|(used, _)| is_same(used, settings)).map(|(_, outcome)| outcome)
    }
}

impl Results {
    /// Results that are written to no file.
    #[must_use]
    pub fn none() -> Self {
        Self { file: None, known: Arc::default() }
    }

    /// Opens or creates a results file, and locks it. An incomplete last line is removed.
    ///
    /// # Errors
    /// If the file cannot be read or written, is not a results file, or is locked by another batch.
    pub fn open(path: &Path) -> Result<Self> {
        let hint = "name another file with ‹results›";
        let fault = |problem: String| Error::file(path, problem, hint);
        let system = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => fault("the folder does not exist".into()),
            _ => fault(unreadable(&error)),
        };
        // Results are read back, which needs a regular file.
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(fault("this is a folder".into())),
            Ok(found) if !found.is_file() => {
                let hint = "name another file with ‹results›, or write no results with ‹results› none";
                return Err(Error::file(path, "this is not a regular file", hint));
            }
            _ => {}
        }
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).append(true).open(path).map_err(system)?;
        if !lock(&file).map_err(system)? {
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
            // If an incomplete line does not begin like a result, the file is not ours.
            if bytes[whole] != b'{' {
                return Err(fault("not a results file".into()));
            }
            file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(system)?;
        }
        Ok(Self { file: Some((path.to_owned(), file)), known: Arc::new(known) })
    }

    /// The outcomes of earlier runs.
    #[must_use]
    pub fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// Appends the records that earlier runs did not write, all at once.
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
            // A part of a line is useless; if it cannot be removed here, the next run removes it.
            let _ = before.and_then(|length| file.set_len(length));
            Error::Write { path: path.clone(), source }
        })
    }
}
