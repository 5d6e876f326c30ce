//! What a worker is given: its queue, its store, its share of the machine, and its limits.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::devices::{VISIBLE, share};
use super::report::WorkerEvent;
use crate::device::{self, ComputeDevice, DeviceChoice};
use crate::error::{Error, Result};
use crate::machine;
use crate::objects::Objects;
use crate::queue::{JobId, Queue};

/// Names another program to run in place of this one, for tests.
const CHILD: &str = "T2A_CHILD";
/// How many jobs a process draws before another takes its place, by default.
pub const JOBS_PER_PROCESS: u32 = 100;
/// The most slots of a worker.
const MOST_SLOTS: usize = 256;

/// Is called after each change of a job.
pub type Notify = Arc<dyn Fn(&JobId) + Send + Sync>;
/// Is told what happens.
pub type Report = Arc<dyn Fn(WorkerEvent) + Send + Sync>;

/// All that a worker needs.
#[derive(Clone)]
pub struct Setup {
    /// Where the jobs are
    pub queue: Queue,
    /// Where their files are
    pub objects: Objects,
    /// A folder of its own machine to work in, which workers can share
    pub folder: PathBuf,
    /// How many jobs run at once, from 1
    pub slots: usize,
    /// The program that draws, with the command line of this one
    pub program: PathBuf,
    /// How many jobs of the same models a process draws before another takes its place; 1 starts a process for each job
    pub jobs_per_process: u32,
    /// The threads of each job
    pub threads: u16,
    /// The memory of each job, in bytes
    pub max_memory: Option<u64>,
    /// Whether jobs may use only models that are already downloaded
    pub offline: bool,
    /// The device that jobs are drawn on, in words
    pub device: String,
    /// The GPU of each slot, as a value of `CUDA_VISIBLE_DEVICES`; none if jobs are drawn on the processor
    pub gpus: Vec<String>,
    /// What decides which jobs the worker can draw, once it runs
    pub abilities: String,
    /// How long things may take
    pub limits: Limits,
    /// Is called after each change of a job
    pub notify: Option<Notify>,
    /// Is told what happens
    pub report: Report,
}

/// How long things may take, and how often they happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest time for a job
    pub wall: Duration,
    /// The longest time without an event of the process that draws
    pub silence: Duration,
    /// The time for a process to save its picture when the worker ends
    pub grace: Duration,
    /// The least time between two previews
    pub preview_pause: Duration,
    /// The least time between two checkpoints in the store
    pub checkpoint_pause: Duration,
    /// How long a process without a job keeps its models loaded
    pub idle: Duration,
    /// The time between two questions for a job while there is none
    pub poll: Duration,
    /// The time between two announcements of the worker
    pub announce: Duration,
    /// The time between two searches for lost jobs
    pub reap: Duration,
}

impl Limits {
    /// The limits that go with a lease: those of the default are for the usual lease of 60 s.
    #[must_use]
    pub fn of(lease: Duration) -> Self {
        Self {
            wall: Duration::from_hours(6),
            silence: Duration::from_mins(10),
            grace: Duration::from_secs(15),
            preview_pause: lease / 30,
            checkpoint_pause: lease / 6,
            idle: Duration::from_mins(5),
            poll: lease / 240,
            announce: lease / 4,
            reap: lease / 6,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(Duration::from_mins(1))
    }
}

impl Setup {
    /// A worker with the usual limits, whose jobs share the processors and the free memory of the machine. Each has a GPU
    /// of its own, unless the settings of all jobs `choose` the processor.
    ///
    /// # Errors
    ///
    /// If the number of slots is out of range, there are fewer GPUs, or the system does not say where this program is.
    pub fn new(
        queue: Queue,
        objects: Objects,
        folder: PathBuf,
        slots: usize,
        choose: Option<DeviceChoice>,
    ) -> Result<Self> {
        if !(1..=MOST_SLOTS).contains(&slots) {
            return Err(Error::usage(
                format!("a worker cannot have {slots} slots"),
                format!("choose a number from 1 to {MOST_SLOTS}"),
            ));
        }
        let program = match std::env::var_os(CHILD) {
            Some(program) => PathBuf::from(program),
            None => std::env::current_exe().map_err(|error| {
                Error::usage(
                    format!("the system does not say where this program is: {error}"),
                    "start the program by its whole path",
                )
            })?,
        };
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = u16::try_from(processors / slots).unwrap_or(u16::MAX).max(1);
        // As for a picture of its own, a quarter of the machine is left to others.
        let memory = machine::memory().map(|memory| memory.available.min(memory.total / 4 * 3));
        let max_memory = memory.map(|bytes| (bytes / slots as u64).max(1));
        let limits = Limits::of(queue.rules().lease);
        let found = if choose == Some(DeviceChoice::Cpu) { Vec::new() } else { device::gpus() };
        let numbers: Vec<usize> = found.iter().map(|gpu| gpu.number).collect();
        let gpus = share(slots, &numbers, std::env::var(VISIBLE).ok().as_deref())?;
        let names: Vec<String> = found.iter().take(slots).map(ToString::to_string).collect();
        let device = if names.is_empty() { ComputeDevice::processor().kind() } else { names.join(", ") };
        let (notify, report): (_, Report) = (None, Arc::new(drop::<WorkerEvent>));
        let offline = false;
        Ok(Self {
            queue,
            objects,
            folder,
            slots,
            program,
            jobs_per_process: JOBS_PER_PROCESS,
            threads,
            max_memory,
            offline,
            device,
            gpus,
            abilities: String::new(),
            limits,
            notify,
            report,
        })
    }
}

/// Ends workers.
#[derive(Debug)]
pub struct Switch(watch::Sender<bool>);

/// Says whether a worker must end.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// A shutdown, and the switch that requests it. Dropping the switch requests it as well.
    #[must_use]
    pub fn new() -> (Switch, Self) {
        let (sender, receiver) = watch::channel(false);
        (Switch(sender), Self(receiver))
    }

    /// Whether the shutdown was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until the shutdown is requested.
    pub async fn requested(&mut self) {
        // An error says that the switch is gone.
        let _ = self.0.wait_for(|requested| *requested).await;
    }
}

impl Switch {
    /// Requests the shutdown.
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}
