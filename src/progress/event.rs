//! The events that a run sends to those who watch it.

use std::path::PathBuf;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::Figures;
use crate::files::{optional_path_as_text, path_as_text};

/// An event. As JSON, each is an object whose `event` names it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Files of a model will be downloaded
    Download {
        /// The model's name, as the user wrote it
        model: String,
        /// Number of files
        files: usize,
        /// Size of all files, if known
        bytes: Option<u64>,
        /// License of the files, if known
        licence: Option<String>,
        /// Where they come from
        from: String,
    },
    /// Bytes of a download arrived
    Downloaded {
        /// The file that they belong to
        file: String,
        /// Bytes of this file downloaded so far
        done: u64,
        /// Size of this file, if known
        total: Option<u64>,
        /// Bytes of all files downloaded so far
        all_done: u64,
        /// Size of all files, if known
        all_total: Option<u64>,
    },
    /// Weights are being converted, so that they load faster from now on
    Converting {
        /// The weight file
        file: String,
    },
    /// A server took a job
    Submitted {
        /// The job's name on the server
        job: String,
        /// The server's address
        server: String,
    },
    /// A job waits on a server
    Waiting {
        /// Its place among the jobs that wait, from 1
        position: u64,
        /// How many jobs wait
        waiting: u64,
        /// In how many seconds it will probably begin, if known
        starts_in: Option<f64>,
    },
    /// The models are loaded and the first iteration begins
    Started {
        /// Iterations that will be done at the end
        iterations: usize,
        /// Iterations that were done before the run was resumed
        done: usize,
        /// The width of the finished picture, in pixels
        width: usize,
        /// The height of the finished picture, in pixels
        height: usize,
        /// The seed
        seed: u64,
        /// The GPU that the picture is drawn on; none on the processor
        gpu: Option<String>,
        /// The iterations of each frame of an animation; none if a single picture is drawn
        #[serde(skip_serializing_if = "Option::is_none")]
        iterations_per_frame: Option<usize>,
    },
    /// An iteration is done
    Step {
        /// The number of the frame, from 0
        iteration: usize,
        /// The sum of all losses before the step
        loss: f64,
        /// How well the whole picture fits its prompts lately ([`Figures::fit`], smoothed); none if that is not known
        fit: Option<f64>,
        /// Each loss by name, weighted
        #[serde(serialize_with = "as_map")]
        losses: Vec<(String, f64)>,
    },
    /// The frames of a film will be redrawn
    Restyling {
        /// Number of frames
        frames: usize,
        /// Frames that an interrupted run already drew
        done: usize,
    },
    /// A frame was redrawn, and its file is written
    Restyled {
        /// The number of the frame, from 0
        frame: usize,
    },
    /// Frames of a film will be read or drawn, and encoded
    Encoding {
        /// How many frames are read or drawn; the film may show some for longer than others, or fade between them
        frames: usize,
    },
    /// A frame was read or drawn
    Encoded {
        /// The number of the frame, from 0
        frame: usize,
    },
    /// The finished picture will be enlarged
    Enlarging {
        /// Number of tiles
        tiles: usize,
    },
    /// A tile of the picture was enlarged
    Enlarged {
        /// The number of the frame, from 0
        tile: usize,
    },
    /// A file was written
    Saved {
        /// Its path
        #[serde(serialize_with = "path_as_text")]
        path: PathBuf,
    },
    /// A checkpoint was written
    Checkpoint {
        /// Its path
        #[serde(serialize_with = "path_as_text")]
        path: PathBuf,
        /// Iterations done
        iteration: usize,
    },
    /// A signal was received, and the run will stop soon
    Stopping {
        /// One sentence for the user
        message: String,
    },
    /// Something the user should know
    Warning {
        /// One sentence for the user
        message: String,
    },
    /// The run is over
    Finished {
        /// The picture's path; none if it went to standard output
        #[serde(serialize_with = "optional_path_as_text")]
        path: Option<PathBuf>,
        /// The seed
        seed: u64,
        /// Iterations done
        iterations: usize,
        /// The last iteration's loss, and how well the picture fits
        #[serde(flatten)]
        figures: Figures,
        /// Duration of the run
        seconds: f64,
        /// The width of the file at `path`, or of the picture on standard output, in pixels
        width: usize,
        /// The height of the same, in pixels
        height: usize,
        /// Iterations that were planned
        iterations_total: usize,
        /// How it ended
        ending: Ending,
    },
    /// The run failed
    Failed {
        /// What is wrong
        message: String,
        /// What to do
        hint: String,
        /// The program's exit code
        exit_code: u8,
        /// The same with options named as JSON fields, which the worker of a server asks for; none if the text is the same
        #[serde(skip_serializing_if = "Option::is_none")]
        in_fields: Option<InFields>,
    },
}

/// What is wrong and what to do, with options named as fields of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InFields {
    /// What is wrong
    pub message: String,
    /// What to do
    pub hint: String,
}

impl Event {
    /// A failure that names no options.
    #[must_use]
    pub fn failed(message: String, hint: String, exit_code: u8) -> Self {
        Self::Failed { message, hint, exit_code, in_fields: None }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All iterations are done
    Done,
    /// The loss stopped improving
    Settled,
    /// The user stopped it
    Interrupted,
    /// Something failed; the picture is the last good one
    Failed,
}

fn as_map<S: serde::Serializer>(pairs: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (name, value) in pairs {
        map.serialize_entry(name, value)?;
    }
    map.end()
}
