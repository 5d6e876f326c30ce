//! Checkpoints in the store, from which a later claim of the job continues on any machine.
//!
//! One row of the database names a list of all that belongs together: the state of the run, and the pieces of its file
//! of frames. That file only grows, so each checkpoint stores only what is new in it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::fs::File;

use super::slot::unusable;
use crate::PROGRAM;
use crate::device::ComputeDevice;
use crate::error::{Error, Result};
use crate::files::{checkpoint_of, frames_of, remove_if_present};
use crate::objects::{Objects, Stored, job_key};
use crate::output::{Checkpoint, KeptFrames};
use crate::queue::{Artifact, Claim, Queue};

/// The name of the picture in the folder of a job.
pub(super) const PICTURE: &str = "picture.png";
/// The name of the row that names the list.
const NAME: &str = "checkpoint";
/// The version of the list.
const FORMAT: u32 = 1;
/// The largest list that is read, in bytes.
const LARGEST_LIST: u64 = 1 << 20;
/// The most pieces of a file of frames: then the whole file is stored again, in one piece.
const MOST_PIECES: usize = 64;
/// The second name of a checkpoint while it is stored.
const TAKEN: &str = "taken.t2a";
const BYTES: &str = "application/octet-stream";

/// All that belongs to a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct List {
    format: u32,
    /// The program and its version
    program: String,
    /// The kind of device
    device: String,
    /// The iterations that are done
    pub(super) iteration: u32,
    /// How long the work took so far
    pub(super) seconds: f64,
    state: Piece,
    frames: Vec<Piece>,
}

/// An object of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Piece {
    object: String,
    bytes: u64,
    sha256: String,
}

/// What a job has from its earlier claims.
pub(super) enum Earlier {
    /// Nothing.
    Nothing,
    /// A checkpoint, whose files are in the folder now.
    Checkpoint(Box<Restored>),
    /// A checkpoint that cannot be used, and why.
    Useless(String),
}

/// A checkpoint that was fetched.
#[derive(Debug, Clone)]
pub(super) struct Restored {
    object: String,
    pub(super) list: List,
}

/// Stores the checkpoints of a claim.
pub(super) struct Keeper {
    queue: Queue,
    objects: Objects,
    claim: Claim,
    folder: PathBuf,
    /// The last list, with its object
    last: Option<Restored>,
    number: u32,
    began: Instant,
    /// How long the work of earlier claims took
    before: f64,
}

impl Keeper {
    /// The keeper of a claim whose work begins now, in a folder, after a checkpoint or from the beginning.
    pub(super) fn new(
        queue: &Queue,
        objects: &Objects,
        claim: &Claim,
        folder: &Path,
        restored: Option<Restored>,
        number: u32,
    ) -> Self {
        Self {
            queue: queue.clone(),
            objects: objects.clone(),
            claim: claim.clone(),
            folder: folder.to_owned(),
            before: restored.as_ref().map_or(0.0, |restored| restored.list.seconds),
            last: restored,
            number,
            began: Instant::now(),
        }
    }

    /// Stores the checkpoint that is in the folder, if it is newer than the last one.
    ///
    /// # Errors
    ///
    /// If it cannot be read or stored. The last one is still there then.
    pub(super) async fn save(&mut self) -> Result<()> {
        let checkpoint = checkpoint_of(&self.folder.join(PICTURE));
        let taken = self.folder.join(TAKEN);
        // The child gives the name to another file with each checkpoint. The second name holds on to this one.
        remove_if_present(&taken).map_err(|error| unusable(&taken, &error))?;
        match std::fs::hard_link(&checkpoint, &taken) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            linked => linked.map_err(|error| unusable(&taken, &error))?,
        }
        let path = taken.clone();
        let head = tokio::task::spawn_blocking(move || Head::read(&path));
        let head = head.await.map_err(|_| Error::fault("a checkpoint could not be read"))??;
        let done = self.last.as_ref().map_or(0, |last| last.list.iteration);
        if head.iteration <= done {
            return Ok(());
        }
        self.number += 1;
        let key = |name: String| job_key(&self.claim.job, self.claim.number, &name);
        let frames = self.frames(head.frames, &frames_of(&checkpoint)).await?;
        let object = key(format!("checkpoint-{}", self.number));
        let state = Piece::of(object.clone(), self.objects.create_from(&object, &taken, BYTES).await?);
        let list = List {
            format: FORMAT,
            program: head.program,
            device: head.device,
            iteration: head.iteration,
            seconds: self.before + self.began.elapsed().as_secs_f64(),
            state,
            frames,
        };
        let object = key(format!("checkpoint-{}.json", self.number));
        let json = serde_json::to_vec(&list).map_err(|error| Error::fault(format!("a list of objects: {error}")))?;
        let Stored { bytes, sha256 } = self.objects.create(&object, json, "application/json").await?;
        let artifact = Artifact {
            name: NAME.to_owned(),
            object: object.clone(),
            media_type: "application/json".to_owned(),
            bytes,
            sha256,
        };
        if !self.queue.keep(&self.claim, &artifact).await? {
            // The claim is over, and the next one has the last checkpoint.
            return Ok(());
        }
        let current = Restored { object, list };
        if let Some(last) = self.last.replace(current.clone()) {
            self.forget(&last, &current).await;
        }
        Ok(())
    }

    /// The pieces of the file of frames as far as it belongs to the checkpoint; the new ones are stored.
    async fn frames(&self, kept: Option<KeptFrames>, path: &Path) -> Result<Vec<Piece>> {
        let Some(kept) = kept else { return Ok(Vec::new()) };
        let length = |pieces: &[Piece]| pieces.iter().map(|piece| piece.bytes).sum::<u64>();
        let mut pieces = self.last.as_ref().map(|last| last.list.frames.clone()).unwrap_or_default();
        if pieces.len() >= MOST_PIECES || length(&pieces) > kept.bytes {
            pieces.clear();
        }
        let begin = length(&pieces);
        if begin == kept.bytes {
            return Ok(pieces);
        }
        let object = job_key(&self.claim.job, self.claim.number, &format!("frames-{}", self.number));
        let stored = self.objects.create_from_part(&object, path, begin..kept.bytes, BYTES).await?;
        if begin + stored.bytes != kept.bytes {
            return Err(Error::fault("the file of frames is shorter than its checkpoint says"));
        }
        pieces.push(Piece::of(object, stored));
        Ok(pieces)
    }

    /// Deletes the objects of a checkpoint that the next one does not have.
    async fn forget(&self, last: &Restored, current: &Restored) {
        let needed: HashSet<&str> = current.objects().collect();
        for object in last.objects().filter(|object| !needed.contains(object)) {
            // What stays is collected later.
            let _ = self.objects.delete(object).await;
        }
    }

    /// How many checkpoints were numbered: a later keeper of the same claim begins behind them.
    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

/// Fetches the checkpoint of an earlier claim into the folder of a job.
///
/// # Errors
///
/// If the database or the store cannot be reached, or the folder not be written.
pub(super) async fn restore(queue: &Queue, objects: &Objects, claim: &Claim, folder: &Path) -> Result<Earlier> {
    let artifacts = queue.artifacts(&claim.job).await?;
    let Some(row) = artifacts.into_iter().find(|artifact| artifact.name == NAME) else { return Ok(Earlier::Nothing) };
    match fetch(objects, &row.object, folder).await {
        Ok(list) => Ok(Earlier::Checkpoint(Box::new(Restored { object: row.object, list }))),
        Err(error @ Error::Network { .. }) => Err(error),
        Err(error) => Ok(Earlier::Useless(error.to_string())),
    }
}

async fn fetch(objects: &Objects, object: &str, folder: &Path) -> Result<List> {
    let refusal = |problem: String| Error::usage(problem, "draw the picture again");
    let list = objects.read(object, LARGEST_LIST).await?;
    let list: List = serde_json::from_slice(&list)
        .map_err(|error| refusal(format!("the list of the checkpoint cannot be read: {error}")))?;
    if list.format != FORMAT || list.program != PROGRAM {
        return Err(refusal(format!("the checkpoint was made with {}, not {PROGRAM}", list.program)));
    }
    // What a GPU is called, only the process that draws knows.
    let here = ComputeDevice::processor().kind();
    if list.device.starts_with("cpu") && list.device != here {
        return Err(refusal(format!("the checkpoint was made with {}, not {here}", list.device)));
    }
    let checkpoint = checkpoint_of(&folder.join(PICTURE));
    objects.fetch(&list.state.object, &checkpoint, &list.state.sha256).await?;
    if !list.frames.is_empty() {
        let path = frames_of(&checkpoint);
        let mut file = File::create_new(&path).await.map_err(|error| unusable(&path, &error))?;
        for piece in &list.frames {
            objects.append(&piece.object, &mut file, &piece.sha256).await?;
        }
    }
    Ok(list)
}

impl Restored {
    fn objects(&self) -> impl Iterator<Item = &str> {
        let pieces = self.list.frames.iter().chain([&self.list.state]).map(|piece| piece.object.as_str());
        pieces.chain([self.object.as_str()])
    }
}

impl Piece {
    fn of(object: String, Stored { bytes, sha256 }: Stored) -> Self {
        Self { object, bytes, sha256 }
    }
}

/// What the list says about a checkpoint.
struct Head {
    program: String,
    device: String,
    iteration: u32,
    frames: Option<KeptFrames>,
}

impl Head {
    fn read(path: &Path) -> Result<Self> {
        let Checkpoint { recipe, device, beside, state } = Checkpoint::read(path)?;
        let iteration = u32::try_from(state.iteration).unwrap_or(u32::MAX);
        Ok(Self { program: recipe.program, device, iteration, frames: beside.kept_frames })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::tests::{Bench, within};

    #[test]
    fn only_what_is_new_of_the_frames_is_stored() {
        within(async {
            let bench = Bench::new().await;
            let claim = bench.claim().await;
            let path = bench.join("picture.png.t2a-frames");
            let mut keeper = Keeper::new(&bench.queue, &bench.objects, &claim, &bench.join(""), None, 0);
            let kept = |bytes| KeptFrames { frames: 1, bytes, sha256: String::new() };
            let mut last = Vec::new();
            for number in 1..=MOST_PIECES {
                keeper.number += 1;
                // More than the checkpoint knows is in the file.
                std::fs::write(&path, vec![7; 10 * number + 3]).unwrap();
                let pieces = keeper.frames(Some(kept(10 * number as u64)), &path).await.unwrap();
                assert_eq!(pieces[..number - 1], last[..]);
                assert_eq!((pieces.len(), pieces[number - 1].bytes), (number, 10));
                keeper.last = Some(list(pieces.clone()));
                last = pieces;
            }
            keeper.number += 1;
            let pieces = keeper.frames(Some(kept(10 * MOST_PIECES as u64 + 1)), &path).await.unwrap();
            assert_eq!(pieces.iter().map(|piece| piece.bytes).collect::<Vec<_>>(), [10 * MOST_PIECES as u64 + 1]);
            assert!(keeper.frames(Some(kept(1 << 20)), &path).await.is_err());
            assert_eq!(keeper.frames(None, &path).await.unwrap(), []);
        });
    }

    fn list(frames: Vec<Piece>) -> Restored {
        let state = Piece { object: "jobs/a/1/checkpoint-1".into(), bytes: 0, sha256: String::new() };
        let (program, device) = (PROGRAM.to_owned(), String::new());
        let list = List { format: FORMAT, program, device, iteration: 1, seconds: 0.0, state, frames };
        Restored { object: "jobs/a/1/checkpoint-1.json".into(), list }
    }
}
