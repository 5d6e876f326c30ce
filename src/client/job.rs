//! A job as a server describes it.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Result;
use crate::database::Id;
use crate::progress::Figures;

/// A job of a server. What a server does not say yet is absent, and what a newer one says in addition is ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct Job {
    /// Its name
    #[serde(deserialize_with = "id")]
    pub id: Id,
    /// What has become of it
    pub state: State,
    /// What to draw
    #[serde(default)]
    pub prompt: String,
    /// The drawer
    #[serde(default)]
    pub kind: String,
    /// The quality that was asked for
    #[serde(default)]
    pub quality: Option<String>,
    /// The settings that decide the picture
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The kinds of files that are made beside the PNG
    #[serde(default)]
    pub products: Vec<String>,
    /// Its place among the jobs that wait, from 1
    #[serde(default)]
    pub position: Option<u64>,
    /// How many jobs wait
    #[serde(default)]
    pub waiting: Option<u64>,
    /// In how many seconds it will probably begin
    #[serde(default)]
    pub starts_in: Option<f64>,
    /// In how many seconds it will probably be done
    #[serde(default)]
    pub ends_in: Option<f64>,
    /// Iterations done
    #[serde(default)]
    pub iteration: Option<usize>,
    /// Iterations that are planned
    #[serde(default)]
    pub iterations: Option<usize>,
    /// The loss of the last iteration
    #[serde(default)]
    pub loss: Option<f64>,
    /// How well the picture fits its prompts lately
    #[serde(default)]
    pub fit: Option<f64>,
    /// Where the picture can be seen while it grows
    #[serde(default)]
    pub preview: Option<String>,
    /// Its files, when it is done
    #[serde(default)]
    pub files: Vec<Artifact>,
    /// What came of it, when it is done
    #[serde(default)]
    pub result: Option<Drawn>,
    /// Why it failed
    #[serde(default)]
    pub error: Option<String>,
    /// What to do about that
    #[serde(default)]
    pub hint: Option<String>,
    /// How often a worker has taken it
    #[serde(default)]
    pub claim: u64,
    /// When it was submitted (RFC 3339)
    #[serde(default)]
    pub created: Option<String>,
    /// When it ended (RFC 3339)
    #[serde(default)]
    pub finished: Option<String>,
    /// Grows with each change
    #[serde(default)]
    pub version: u64,
    /// All that the server says
    #[serde(skip)]
    pub json: Value,
}

/// What has become of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for a worker
    Queued,
    /// A worker draws it
    Running,
    /// Its files can be fetched
    Done,
    /// It failed, and nobody tries again
    Dead,
    /// Somebody did not want it any longer
    Cancelled,
}

/// A file of a job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Artifact {
    /// Its name, such as `picture.png`
    pub name: String,
    /// Its size in bytes
    pub bytes: u64,
    /// Its SHA-256, as hexadecimal digits
    pub sha256: String,
}

/// What came of a job.
#[derive(Clone, Debug, Deserialize)]
pub struct Drawn {
    /// The picture's width, in pixels
    pub width: usize,
    /// The picture's height, in pixels
    pub height: usize,
    /// The last iteration's loss, and how well the picture fits
    #[serde(flatten)]
    pub figures: Figures,
    /// The seed
    #[serde(deserialize_with = "seed")]
    pub seed: u64,
    /// How long it was drawn
    #[serde(default)]
    pub seconds: f64,
}

impl State {
    /// Whether nothing will change any longer.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl Job {
    /// Reads a job from JSON.
    pub(super) fn read(json: Value) -> Result<Self, serde_json::Error> {
        let job = Self::deserialize(&json)?;
        Ok(Self { json, ..job })
    }

    /// Whether nothing will change any longer.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.state.is_final()
    }

    /// The file of a kind, by the extension of its name.
    #[must_use]
    pub fn file(&self, extension: &str) -> Option<&Artifact> {
        self.files.iter().find(|file| file.name == format!("picture.{extension}"))
    }
}

fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
    let text = String::deserialize(deserializer)?;
    Id::parse(&text).ok_or_else(|| serde::de::Error::custom("the id of a job has 26 letters and digits"))
}

/// Reads a seed, which is text where a number could lose digits.
fn seed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    crate::settings::Seed::deserialize(deserializer).map(|seed| seed.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "0123456789abcdefghjkmnpqrs";

    #[test]
    fn a_job_is_read_whatever_a_newer_server_adds() {
        let json = json!({"id": ID, "state": "running", "claim": 2, "iteration": 7, "iterations": 100, "loss": 0.5,
            "mood": "good", "version": 9});
        let job = Job::read(json.clone()).unwrap();
        assert_eq!((job.id.as_str(), job.state, job.iteration, job.claim), (ID, State::Running, Some(7), 2));
        assert!(!job.is_final() && job.json == json && job.file("png").is_none());
        let done = json!({"id": ID, "state": "done",
            "files": [{"name": "picture.png", "url": "/x", "media_type": "image/png", "bytes": 3, "sha256": "ab"}],
            "result": {"width": 8, "height": 4, "loss": 0.25, "fit": 0.5, "seed": "18446744073709551615",
                "seconds": 1.5}});
        let job = Job::read(done).unwrap();
        let (file, drawn) = (job.file("png").unwrap(), job.result.as_ref().unwrap());
        assert_eq!((file.bytes, drawn.seed), (3, u64::MAX));
        assert_eq!(drawn.figures, Figures { loss: Some(0.25), fit: Some(0.5), first_fit: None });
    }

    #[test]
    fn what_is_no_job_is_refused() {
        for wrong in [json!(null), json!({}), json!({"id": "../x", "state": "done"}), json!({"id": ID, "state": "odd"})]
        {
            assert!(Job::read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
