//! A process that draws a single job, or one job after another with the same models.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use tokio::process::ChildStderr;
use tokio::sync::mpsc;

use super::child::Child;
use super::events::lines;
use super::follow::Ran;
use super::order::Order;
use super::prepare::conduct;
use super::report::Parting;
use super::setup::Setup;
use super::slot::Slot;
use super::task::Task;
use crate::device::DeviceChoice;
use crate::gpu::Precision;
use crate::models::{Finder, Identity, Role};
use crate::progress::Stop;
use crate::session::Models;

/// What all jobs of a process have in common. The threads, the memory and the network are the same for all processes of
/// a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// The models, with their files; none if they are not on this machine yet
    models: Vec<(Role, String, Option<Identity>)>,
    device: DeviceChoice,
    precision: Precision,
    gpu: Option<String>,
}

impl Key {
    /// The key of an order whose files are in a folder; none if its process can draw no other job. Looks for models on the
    /// disk.
    pub(super) fn of(order: &Order, folder: &Path, gpu: Option<&str>) -> Option<Self> {
        let models = Models::needed(&order.settings).ok()?;
        // The name of a file in the folder of a job means a different file for each job.
        let is_own = |name: &str| Path::new(name).is_relative() && folder.join(name).exists();
        if models.iter().any(|(_, name)| is_own(name)) {
            return None;
        }
        let (stop, silent) = (Stop::default(), |_| {});
        let finder = Finder::new(true, &stop, &silent);
        let identified = |(role, name): (Role, String)| {
            let identity = finder.identity(role, &name).ok();
            (role, name, identity)
        };
        let models = models.into_iter().map(identified).collect();
        let (device, precision) = (order.settings.device, order.settings.precision);
        Some(Self { models, device, precision, gpu: gpu.map(str::to_owned) })
    }
}

/// A job for a process.
pub(super) struct Work<'a> {
    /// What the job has in common with others; none if it has a process of its own
    pub(super) key: Option<Key>,
    /// Its folder, in that of the worker
    pub(super) folder: &'a Path,
    /// The words of its command line
    pub(super) words: Vec<String>,
    /// The GPU that it sees, if not all
    pub(super) gpu: Option<&'a str>,
}

/// A process that draws. It ends when this value is dropped.
pub(super) struct Process {
    pub(super) child: Child,
    /// The lines of its standard error
    pub(super) said: mpsc::Receiver<String>,
    key: Option<Key>,
    /// The number of the last job, from 1; none if it draws one job alone
    pub(super) task: Option<u64>,
}

impl Process {
    /// Starts a process for a job: one that can draw others as well, if the job has a key.
    ///
    /// # Errors
    ///
    /// If the system cannot start it.
    pub(super) async fn start(setup: &Setup, slot: &Slot, work: &Work<'_>) -> io::Result<Self> {
        let Some(key) = &work.key else {
            let words: Vec<OsString> = work.words.iter().map(OsString::from).collect();
            return Ok(Self::new(Child::start(setup, slot, work.folder, &words, work.gpu)?, None));
        };
        let words = ["generate", "--jobs-from-stdin"].map(str::to_owned).into_iter().chain(conduct(setup));
        let words: Vec<OsString> = words.map(OsString::from).collect();
        let line = line(setup, work, 1)?;
        // Its current folder must not be one that is removed.
        let started = Child::start(setup, slot, &setup.folder, &words, key.gpu.as_deref())?;
        let mut process = Self::new(started, Some(key.clone()));
        process.task = Some(1);
        // Whoever follows the process learns why it does not read.
        let _ = process.child.say(&line).await;
        Ok(process)
    }

    fn new((child, errors): (Child, ChildStderr), key: Option<Key>) -> Self {
        Self { child, said: lines(errors), key, task: None }
    }

    /// Whether this can be the process of a job.
    pub(super) fn suits(&self, work: &Work) -> bool {
        self.key.is_some() && self.key == work.key
    }

    /// Whether the process has not drawn another job before.
    pub(super) fn is_new(&self) -> bool {
        self.task.is_none_or(|number| number == 1)
    }

    /// Gives the process its next job.
    ///
    /// # Errors
    ///
    /// If it no longer reads.
    pub(super) async fn assign(&mut self, setup: &Setup, work: &Work<'_>) -> io::Result<()> {
        let number = self.task.map_or(1, |number| number + 1);
        let line = line(setup, work, number)?;
        self.task = Some(number);
        self.child.say(&line).await
    }

    /// Why the process draws no other job after the last one; none if it can. `most` is the number of jobs of a process.
    pub(super) fn parting(&self, ran: &Ran, most: u32) -> Option<Parting> {
        let Some(number) = self.task else { return Some(Parting::Alone) };
        let has_failed = ran.has_begun && (ran.exceeded.is_some() || (ran.has_ended && !ran.is_success()));
        if ran.reason.is_some() {
            Some(Parting::Stopped)
        } else if has_failed {
            Some(Parting::Failed)
        } else if !ran.is_alive {
            Some(Parting::Died)
        } else {
            (number >= most.into()).then_some(Parting::Full)
        }
    }
}

/// A job as a process reads it.
fn line(setup: &Setup, work: &Work, number: u64) -> io::Result<String> {
    let folder = work.folder.strip_prefix(&setup.folder).ok().and_then(Path::to_str);
    let folder = folder.ok_or_else(|| io::Error::other("the folder of the job has another place"))?.to_owned();
    Ok(serde_json::to_string(&Task { number, folder, arguments: work.words.clone() })?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::settings::Overrides;

    #[test]
    fn jobs_of_the_same_models_have_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str, gpu: Option<&str>| {
            let overrides: Overrides = toml::from_str(&format!("prompt = 'a'\n{text}")).unwrap();
            let settings = crate::resolve::combine(&[overrides]).unwrap();
            Key::of(&Order::new(settings, Vec::new(), BTreeMap::new()), folder.path(), gpu)
        };
        let plain = of("", None);
        assert!(plain.is_some());
        assert_eq!(plain, of("seed = 7\nsize = '64x32'\npalette = 'red, blue'", None));
        let others = [
            of("drawer = 'pixel'", None),
            of("clip = ['vit-b32']", None),
            of("device = 'cpu'", None),
            of("", Some("0")),
        ];
        for (number, other) in others.iter().enumerate() {
            assert!(other.is_some() && *other != plain, "{number}: {other:?}");
        }
        // A file that was changed is another model.
        let models = tempfile::tempdir().unwrap();
        let path = models.path().join("clip.safetensors");
        let given = format!("clip = ['{}']", path.display());
        let mut keys = vec![of(&given, None)];
        for content in ["weights", "other weights"] {
            std::fs::write(&path, content).unwrap();
            keys.push(of(&given, None));
            assert_eq!(keys.last(), Some(&of(&given, None)));
        }
        assert!(keys.iter().all(Option::is_some) && keys[0] != keys[1] && keys[1] != keys[2]);
        // A file of the job is a different file for the next one.
        assert!(of("clip = ['own.safetensors']", None).is_some());
        std::fs::write(folder.path().join("own.safetensors"), "").unwrap();
        assert_eq!(of("clip = ['own.safetensors']", None), None);
    }
}
