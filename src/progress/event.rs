//! What a run tells those who watch it.

use std::path::PathBuf;

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::files::{optional_path_as_text, path_as_text};

/// Something happened. As JSON, each is an object whose `event` names it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Files of a model will be downloaded
    Download {
        /// What the user called the model
        model: String,
        /// How many files
        files: usize,
        /// Their size, where it is known
        bytes: Option<u64>,
        /// What is said of their licence
        licence: Option<String>,
        /// Where they come from
        from: String,
    },
    /// Bytes of a download came
    Downloaded {
        /// The file they are of
        file: String,
        /// Its bytes that are here
        done: u64,
        /// Its size, where it is known
        total: Option<u64>,
        /// Bytes of all the download's files that are here
        all_done: u64,
        /// The size of all of them, where it is known
        all_total: Option<u64>,
    },
    /// Weights are converted, so that they load faster from now on
    Converting {
        /// The weight file
        file: String,
    },
    /// The models are loaded and the first iteration begins
    Started {
        /// Iterations that will be done at its end
        iterations: usize,
        /// Iterations that were done before it was resumed
        done: usize,
        /// The picture's width, in pixels
        width: usize,
        /// Its height
        height: usize,
        /// The seed
        seed: u64,
        /// The GPU it is drawn on; none on the processor
        gpu: Option<String>,
    },
    /// An iteration is done
    Step {
        /// Which, from 0
        iteration: usize,
        /// The sum of all losses before its step
        loss: f64,
        /// Each loss by name, weighted
        #[serde(serialize_with = "as_map")]
        losses: Vec<(String, f64)>,
    },
    /// Frames on the disk will be encoded
    Encoding {
        /// How many
        frames: usize,
    },
    /// A frame was read
    Encoded {
        /// Which, from 0
        frame: usize,
    },
    /// A file was written
    Saved {
        /// Where
        #[serde(serialize_with = "path_as_text")]
        path: PathBuf,
    },
    /// A checkpoint was written
    Checkpoint {
        /// Where
        #[serde(serialize_with = "path_as_text")]
        path: PathBuf,
        /// Iterations done
        iteration: usize,
    },
    /// A signal was heard, and the run will stop soon
    Stopping {
        /// In a sentence
        message: String,
    },
    /// Something the user should know
    Warning {
        /// In a sentence
        message: String,
    },
    /// The run is over
    Finished {
        /// Where the picture is; none where it went to standard output
        #[serde(serialize_with = "optional_path_as_text")]
        path: Option<PathBuf>,
        /// The seed
        seed: u64,
        /// Iterations done
        iterations: usize,
        /// The last iteration's loss; none without an iteration
        loss: Option<f64>,
        /// Time it took
        seconds: f64,
        /// The picture's width, in pixels
        width: usize,
        /// Its height
        height: usize,
        /// Iterations that were to be done
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
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All iterations are done
    Done,
    /// The loss fell no further
    Settled,
    /// Someone asked it to stop
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
