//! What a worker and a process that it keeps say to each other, besides the events of the runs.

use serde::{Deserialize, Serialize};

/// A job for a process, as a line of JSON on its standard input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Distinguishes the job from the others of the process
    pub number: u64,
    /// The folder of the job, as seen from the folder in which the process was started
    pub folder: String,
    /// The words of the command line that draws the job in its folder
    pub arguments: Vec<String>,
}

/// What a process says about a job, as a line of JSON on its standard error. The events of the run are between the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Notice {
    /// The job begins
    TaskBegun {
        /// The number of the job
        number: u64,
    },
    /// The job has ended, and the process has left its folder
    TaskEnded {
        /// The number of the job
        number: u64,
        /// The exit code of a process that draws this job alone
        exit_code: u8,
    },
}
