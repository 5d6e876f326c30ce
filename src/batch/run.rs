//! Workers that draw planned pictures while the plan is still being read.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::draw::{Drawn, Means, draw};
use super::places::Place;
use super::plan::{Group, Planned, Sample, Work};
use crate::device::{ComputeDevice, DeviceChoice};
use crate::job::Limits;
use crate::models::Finder;
use crate::progress::{Event, Stop};
use crate::session::ModelStore;
use crate::{Error, Result};

/// The most pictures that wait for a worker; reading pauses until there are fewer.
const WAITING: usize = 1024;
/// The interval at which the stop signal is checked.
const INTERVAL: Duration = Duration::from_millis(50);

/// How a batch is run.
pub struct Run {
    /// The device of each worker; all workers run at the same time
    pub devices: Vec<DeviceChoice>,
    /// Whether pictures are scored
    pub scored: bool,
    /// The CLIP models that score; if empty, those that draw
    pub rank_with: Vec<String>,
    /// Whether the network is not used
    pub offline: bool,
    /// The most memory of all pictures that are being drawn, in bytes
    pub max_memory: Option<u64>,
    /// The signal that stops the batch
    pub stop: Stop,
}

/// Draws the pictures of a batch.
pub trait Studio: Send + Sync {
    /// The number of workers that draw at the same time.
    fn workers(&self) -> usize;

    /// Draws a sample, or reads its picture if it already exists. `tell` gets the events.
    ///
    /// # Errors
    /// If the sample cannot be drawn, scored or written; [`Error::Stopped`] if the batch was stopped.
    fn draw(&self, worker: usize, sample: &Sample, tell: &dyn Fn(Event)) -> Result<Drawn>;
}

/// A picture for a worker.
#[derive(Clone)]
pub struct Task {
    /// Its line
    pub place: Place,
    /// Its group
    pub group: usize,
    /// Its index in the samples of the group
    pub index: usize,
    /// The picture
    pub sample: Sample,
}

/// A message about the progress of a batch.
pub enum Message {
    /// A line was read; groups are numbered in the order of these messages, from 0
    Planned(Planned),
    /// All lines were read
    AllPlanned,
    /// A worker starts a picture
    Begun {
        /// The worker
        worker: usize,
        /// The picture
        task: Task,
    },
    /// A worker reports an event
    Event {
        /// The worker
        worker: usize,
        /// The event
        event: Event,
    },
    /// A worker finished a picture
    Ended {
        /// The worker
        worker: usize,
        /// The picture
        task: Task,
        /// The result
        result: Result<Drawn>,
        /// The time it took, in seconds
        seconds: f64,
    },
}

/// The state that all workers share.
struct Shared {
    studio: Arc<dyn Studio>,
    stop: Stop,
    waiting: Mutex<Receiver<Task>>,
    /// The number of workers that have a picture
    busy: AtomicUsize,
    messages: Sender<Message>,
}

/// The messages of a batch, until all pictures are finished or the batch is stopped.
pub struct Messages {
    received: Receiver<Message>,
    shared: Arc<Shared>,
    all_planned: bool,
    /// Pictures that are planned but not finished
    open: HashSet<(usize, usize)>,
    groups: usize,
}

/// Starts threads that read a plan and draw its pictures, until `stop` is requested.
///
/// # Errors
/// If the system does not allow more threads; in that case nothing is drawn.
pub fn start(
    studio: Arc<dyn Studio>,
    stop: Stop,
    plan: impl Iterator<Item = Planned> + Send + 'static,
) -> Result<Messages> {
    let (messages, received) = channel();
    let (tasks, waiting) = sync_channel(WAITING);
    let busy = AtomicUsize::new(0);
    let workers = studio.workers();
    let shared = Shared { studio, stop: stop.clone(), waiting: waiting.into(), busy, messages: messages.clone() };
    let shared = Arc::new(shared);
    let thread = |error: std::io::Error| Error::thread(&error);
    // If a later thread fails to start, the sender of tasks is dropped, and the workers end at once.
    for worker in 0..workers {
        let shared = shared.clone();
        Builder::new().name("worker".into()).spawn(move || work(worker, &shared)).map_err(thread)?;
    }
    Builder::new().name("plan".into()).spawn(move || read(plan, &stop, &tasks, &messages)).map_err(thread)?;
    Ok(Messages { received, shared, all_planned: false, open: HashSet::new(), groups: 0 })
}

/// Reads the plan and hands out its pictures. Ends early if nobody receives them.
fn read(plan: impl Iterator<Item = Planned>, stop: &Stop, tasks: &SyncSender<Task>, messages: &Sender<Message>) {
    let mut groups = 0;
    for planned in plan {
        if stop.is_requested() {
            return;
        }
        let mut to_do = Vec::new();
        if let Planned::Group(Group { place, samples }) = &planned {
            let samples = samples.iter().enumerate().filter(|(_, sample)| !matches!(sample.work, Work::Nothing(_)));
            let task = |(index, sample): (usize, &Sample)| Task {
                place: place.clone(),
                group: groups,
                index,
                sample: sample.clone(),
            };
            to_do.extend(samples.map(task));
            groups += 1;
        }
        if messages.send(Message::Planned(planned)).is_err() {
            return;
        }
        for task in to_do {
            if tasks.send(task).is_err() {
                return;
            }
        }
    }
    let _ = messages.send(Message::AllPlanned);
}

/// Draws waiting pictures until there are no more, or the batch is stopped.
fn work(worker: usize, shared: &Shared) {
    let stop = &shared.stop;
    while !stop.is_requested() {
        let task = shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(INTERVAL);
        let task = match task {
            Ok(task) => task,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        shared.busy.fetch_add(1, Ordering::SeqCst);
        // After a stop, nothing new is started.
        if !stop.is_requested() {
            let _ = shared.messages.send(Message::Begun { worker, task: task.clone() });
            let began = Instant::now();
            let tell = |event| drop(shared.messages.send(Message::Event { worker, event }));
            let drawn = || shared.studio.draw(worker, &task.sample, &tell);
            let result = catch_unwind(AssertUnwindSafe(drawn));
            let result = result.unwrap_or_else(|_| Err(Error::fault("the thread that drew the picture panicked")));
            let elsewhere = result.as_ref().ok().and_then(|drawn| drawn.seconds);
            let seconds = elsewhere.unwrap_or_else(|| began.elapsed().as_secs_f64());
            let _ = shared.messages.send(Message::Ended { worker, task, result, seconds });
        }
        shared.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

/// This machine.
struct Machine {
    run: Run,
    models: Mutex<ModelStore>,
}

/// A studio that draws on the devices of this machine.
#[must_use]
pub fn on_this_machine(run: Run) -> Arc<dyn Studio> {
    Arc::new(Machine { run, models: Mutex::default() })
}

impl Studio for Machine {
    fn workers(&self) -> usize {
        self.run.devices.len()
    }

    fn draw(&self, worker: usize, sample: &Sample, tell: &dyn Fn(Event)) -> Result<Drawn> {
        let Run { devices, scored, rank_with, offline, max_memory, stop } = &self.run;
        let mut sample = sample.clone();
        if devices[worker] != DeviceChoice::Auto {
            sample.settings.device = devices[worker];
        }
        // Lines can name devices, and several names can mean one GPU; a GPU that is already open is not opened again.
        let device = ComputeDevice::open(sample.settings.device, sample.settings.precision)?;
        let (models, judges) = {
            let mut store = self.models.lock().unwrap_or_else(PoisonError::into_inner);
            let finder = Finder::new(*offline, stop, tell);
            let models = store.load(&sample.settings, &finder)?;
            let judges = match (scored, rank_with.as_slice()) {
                (false, _) => Vec::new(),
                (true, []) => models.clips.clone(),
                (true, names) => names.iter().map(|name| store.clip(name, &finder)).collect::<Result<_>>()?,
            };
            (models, judges)
        };
        let jobs = devices.iter().filter(|device| **device == devices[worker]).count();
        let limits = Limits { max_memory: *max_memory, jobs };
        draw(&sample, Means { models: &models, device: &device, limits }, &judges, stop, tell)
    }
}

impl Messages {
    fn note(&mut self, message: &Message) {
        match message {
            Message::Planned(Planned::Group(group)) => {
                let to_do = group.samples.iter().enumerate();
                let to_do = to_do.filter(|(_, sample)| !matches!(sample.work, Work::Nothing(_)));
                self.open.extend(to_do.map(|(index, _)| (self.groups, index)));
                self.groups += 1;
            }
            Message::AllPlanned => self.all_planned = true,
            Message::Ended { task, .. } => drop(self.open.remove(&(task.group, task.index))),
            Message::Planned(_) | Message::Begun { .. } | Message::Event { .. } => {}
        }
    }
}

impl Iterator for Messages {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        loop {
            if self.all_planned && self.open.is_empty() {
                return None;
            }
            // A worker sends its last message before it stops being busy.
            let idle = self.shared.stop.is_requested() && self.shared.busy.load(Ordering::SeqCst) == 0;
            match self.received.recv_timeout(if idle { Duration::ZERO } else { INTERVAL }) {
                Ok(message) => {
                    self.note(&message);
                    return Some(message);
                }
                Err(RecvTimeoutError::Timeout) if idle => return None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}
