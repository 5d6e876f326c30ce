//! A folder of data, with a queue, a store and workers on them.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

#[cfg(all(feature = "postgres", feature = "s3"))]
use futures_util::TryStreamExt;
use text2art::error::{Error, Result};
#[cfg(all(feature = "postgres", feature = "s3"))]
use text2art::objects::Storage;
use text2art::objects::{Listed, Objects};
use text2art::queue::{Attempt, Cancelling, Enqueued, Filter, Job, JobId, NewJob, Queue, Rules, State};
use text2art::resolve::combine;
use text2art::settings::{Overrides, Settings};
use text2art::worker::{Elsewhere, Order, Places};

use crate::common::program::{LIMIT, Workplace};

/// A small picture, as a configuration file.
pub const SMALL: &str = "prompt = 'a red apple'\nsize = '32x32'\ncutouts = 1\nlearning_rate = 0.3\nseed = 5\n";

/// A lease that is over soon, in seconds.
const LEASE: f64 = 1.5;
/// The time between two looks at a job.
const LOOK: Duration = Duration::from_millis(10);

pub struct Place {
    pub workplace: Workplace,
    runtime: tokio::runtime::Runtime,
    queue: Queue,
    objects: Objects,
    /// What a worker is told about the place, beside the folder
    arguments: Vec<String>,
}

/// A database and a storage on other machines, for one test alone.
#[cfg(all(feature = "postgres", feature = "s3"))]
pub struct Farm {
    database: String,
    bucket: String,
    endpoint: String,
}

#[cfg(all(feature = "postgres", feature = "s3"))]
impl Farm {
    /// The farm that `.ci/with_postgres.sh` and `.ci/with_s3.sh` offer, if they do.
    pub fn from_environment() -> Option<Self> {
        let (address, endpoint) = (std::env::var("T2A_POSTGRES").ok()?, std::env::var("T2A_S3").ok()?);
        let name = format!("t{}", JobId::random().unwrap());
        let made = Command::new("psql").args([&address, "-qc", &format!("CREATE SCHEMA {name}")]).status().unwrap();
        assert!(made.success());
        let mark = if address.contains('?') { '&' } else { '?' };
        let database = format!("{address}{mark}options[search_path]={name}");
        Some(Self { database, bucket: format!("s3://text2art/{name}"), endpoint })
    }

    /// The options of `serve` and `worker`.
    pub fn arguments(&self) -> Vec<String> {
        let options = ["--database", &self.database, "--storage", &self.bucket, "--storage-endpoint", &self.endpoint];
        options.map(str::to_owned).to_vec()
    }

    fn elsewhere(&self) -> Elsewhere {
        let storage = Storage::new(self.bucket.parse().unwrap());
        let storage = Storage { endpoint: Some(self.endpoint.parse().unwrap()), ..storage };
        Elsewhere { database: Some(self.database.parse().unwrap()), database_listen: None, storage: Some(storage) }
    }
}

/// Settings from the text of a configuration file.
pub fn settings(text: &str) -> Settings {
    combine(&[toml::from_str::<Overrides>(text).unwrap()]).unwrap()
}

/// An order of a picture and other products.
pub fn order(text: &str, products: &[&str]) -> Order {
    let products = products.iter().map(|name| (*name).to_owned()).collect();
    Order::new(settings(text), products, std::collections::BTreeMap::new())
}

/// A job of an owner, which many jobs may wait beside.
pub fn job(owner: &str, order: &Order) -> NewJob {
    let prompt = order.settings.prompt.to_string();
    NewJob { max_waiting: 100_000, ..NewJob::new(owner, &order.to_json().unwrap(), &prompt, "vqgan", "normal") }
}

impl Place {
    pub fn new() -> Self {
        Self::with(&Elsewhere::default(), Vec::new())
    }

    /// A place on a farm.
    #[cfg(all(feature = "postgres", feature = "s3"))]
    pub fn on(farm: &Farm) -> Self {
        Self::with(&farm.elsewhere(), farm.arguments())
    }

    fn with(elsewhere: &Elsewhere, arguments: Vec<String>) -> Self {
        let workplace = Workplace::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let data = workplace.join("data");
        std::fs::create_dir(&data).unwrap();
        let places = Places::of(&data);
        let (queue, objects) = runtime.block_on(async {
            let queue = Queue::new(places.open_database(elsewhere, None).await.unwrap(), Rules::default());
            queue.migrate().await.unwrap();
            (queue, places.open_objects(elsewhere, None).await.unwrap())
        });
        Self { workplace, runtime, queue, objects, arguments }
    }

    /// Asks the database or the store, which may be away for a while.
    fn ask<T>(&self, question: impl AsyncFn() -> Result<T>) -> T {
        let started = Instant::now();
        loop {
            match self.runtime.block_on(question()) {
                Err(Error::Network { .. }) if started.elapsed() < LIMIT => std::thread::sleep(LOOK * 10),
                answered => return answered.unwrap(),
            }
        }
    }

    /// What servers and workers are told about the place, beside the folder.
    #[cfg(all(feature = "postgres", feature = "s3"))]
    pub fn arguments(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }

    /// A command that works on the jobs, and writes its messages into the file `log`.
    pub fn command(&self) -> Command {
        self.command_with(LEASE)
    }

    /// A command whose claims last so many seconds without a beat.
    pub fn command_with(&self, lease: f64) -> Command {
        let mut command = self.workplace.command();
        let log = OpenOptions::new().create(true).append(true).open(self.workplace.join("log")).unwrap();
        command.args(["worker", "--data", "data", "--lease", &lease.to_string()]).args(&self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// Starts a worker.
    pub fn worker(&self) -> Worker {
        Worker::start(&mut self.command())
    }

    /// What the workers said.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.workplace.read("log")).into_owned()
    }

    pub fn submit(&self, job: &NewJob) -> JobId {
        match self.runtime.block_on(self.queue.enqueue(job)).unwrap() {
            Enqueued::New(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub fn job(&self, id: &JobId) -> Job {
        self.ask(|| self.queue.job(id, None)).unwrap()
    }

    /// The jobs in a state, at most 100.
    pub fn jobs(&self, state: State) -> Vec<Job> {
        let filter = Filter { state: Some(state), limit: 100, ..Filter::default() };
        self.ask(|| self.queue.jobs(&filter))
    }

    /// How many jobs have not ended.
    pub fn left(&self) -> u64 {
        let counts = self.ask(|| self.queue.counts());
        counts.queued + counts.running
    }

    pub fn cancel(&self, id: &JobId) -> Cancelling {
        self.ask(|| self.queue.cancel(id, None))
    }

    pub fn attempts(&self, id: &JobId) -> Vec<Attempt> {
        self.ask(|| self.queue.attempts(id))
    }

    /// The outcomes of all claims of a job, the first one first.
    pub fn outcomes(&self, id: &JobId) -> Vec<String> {
        self.attempts(id).into_iter().rev().map(|attempt| attempt.outcome.unwrap_or_default()).collect()
    }

    /// Waits until a job is as it should be.
    pub fn wait(&self, id: &JobId, is_right: impl Fn(&Job) -> bool) -> Job {
        let started = Instant::now();
        loop {
            let job = self.job(id);
            if is_right(&job) {
                return job;
            }
            assert!(started.elapsed() < LIMIT, "{job:?}\n{}", self.log());
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until a job has ended in a state.
    pub fn ends(&self, id: &JobId, state: State) -> Job {
        let job = self.wait(id, |job| !matches!(job.state, State::Queued | State::Running));
        assert_eq!(job.state, state, "{job:?}\n{}", self.log());
        job
    }

    /// Waits until a job has been drawn for some iterations.
    pub fn draws(&self, id: &JobId, iterations: u32) -> Job {
        self.wait(id, |job| job.state == State::Running && job.iteration.is_some_and(|done| done >= iterations))
    }

    /// Waits until a running job has a checkpoint in the store.
    pub fn has_checkpoint(&self, id: &JobId) {
        self.wait(id, |_| self.artifacts(id).iter().any(|(name, _)| name == "checkpoint"));
    }

    /// Waits until a claim of a running job, the first being 1, has stored a checkpoint of its own.
    pub fn has_checkpoint_of(&self, id: &JobId, claim: usize) {
        let own = format!("/{claim}/");
        self.wait(id, |_| self.artifacts(id).iter().any(|(name, key)| name == "checkpoint" && key.contains(&own)));
    }

    /// The files of a job, by name, with their objects.
    pub fn artifacts(&self, id: &JobId) -> Vec<(String, String)> {
        let artifacts = self.ask(|| self.queue.artifacts(id));
        artifacts.into_iter().map(|artifact| (artifact.name, artifact.object)).collect()
    }

    /// The bytes of a file of a job.
    pub fn file(&self, id: &JobId, name: &str) -> Vec<u8> {
        let artifacts = self.artifacts(id);
        let (_, object) = artifacts.iter().find(|(known, _)| known == name).unwrap();
        self.object(object)
    }

    /// The bytes of an object.
    pub fn object(&self, key: &str) -> Vec<u8> {
        self.ask(|| self.objects.read(key, 1 << 30))
    }

    /// Stores an object. Returns its digest.
    pub fn store(&self, key: &str, bytes: &[u8]) -> String {
        self.runtime.block_on(self.objects.create(key, bytes.to_vec(), "image/png")).unwrap().sha256
    }

    /// The objects of all jobs.
    pub fn objects(&self) -> Vec<String> {
        let listed: Vec<Listed> = self.ask(|| self.objects.list("jobs"));
        listed.into_iter().map(|listed| listed.key).collect()
    }

    /// The objects of all jobs, however many there are.
    #[cfg(all(feature = "postgres", feature = "s3"))]
    pub fn all_objects(&self) -> Vec<String> {
        let pages = self.ask(async || self.objects.pages("jobs")?.try_collect::<Vec<Vec<Listed>>>().await);
        pages.into_iter().flatten().map(|listed| listed.key).collect()
    }

    /// Draws the picture of an order without a server, as `NAME.png`, `NAME.gif` and `NAME.mp4`.
    pub fn draw(&self, name: &str, order: &Order) {
        let config = format!("{name}.toml");
        self.workplace.write(&config, toml::to_string(&order.settings).unwrap());
        let output = format!("{name}.png");
        let mut arguments = vec!["--config", &config, "--output", &output, "--quiet"];
        let products: Vec<String> = order.products.iter().map(|product| format!("--{product}")).collect();
        arguments.extend(products.iter().map(String::as_str));
        self.workplace.run(&arguments).succeeded();
    }

    /// How many iterations of a small picture take about so long here, at least 6.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn iterations(&self, seconds: f64) -> usize {
        const MEASURED: f64 = 4.0;
        static EACH: OnceLock<f64> = OnceLock::new();
        let each = EACH.get_or_init(|| {
            self.workplace.write("measured.toml", format!("{SMALL}iterations = {MEASURED}\n"));
            let arguments = ["--config", "measured.toml", "-o", "measured.png", "--progress", "json"];
            let events = self.workplace.run(&arguments).succeeded().events();
            events.last().unwrap()["seconds"].as_f64().unwrap() / MEASURED
        });
        ((seconds / each) as usize).clamp(6, 5000)
    }

    /// Writes a program that draws nothing: it says so much, and copies a picture. A poisoned prompt kills
    /// it. Returns its path, for `T2A_CHILD`.
    #[cfg(unix)]
    pub fn fake(&self) -> String {
        self.draw("drawn", &order(&format!("{SMALL}iterations = 1\n"), &[]));
        let picture = self.workplace.argument("drawn.png");
        let finished = r#"{"event":"finished","path":"picture.png","seed":5,"iterations":4,"loss":0.5,"seconds":0.1,"#;
        let finished = format!(
            r#"{finished}"fit":0.34,"first_fit":0.21,"width":32,"height":32,"iterations_total":4,"ending":"done"}}"#
        );
        let script = format!(
            r#"if grep -q poison order.toml; then kill -9 0; fi
echo '{{"event":"started","iterations":4,"done":0,"width":32,"height":32,"seed":5,"gpu":null}}' >&2
for iteration in 0 1 2 3; do
    sleep "0.0$(($$ % 4))"
    echo '{{"event":"step","iteration":'$iteration',"loss":0.5,"fit":0.3,"losses":{{}}}}' >&2
done
cp '{picture}' picture.png
echo '{finished}' >&2"#
        );
        program(&self.workplace, "fake", &script)
    }

    /// Writes a program that waits for the file `go` of the workplace, and then does what the fake does. Returns its path.
    #[cfg(unix)]
    pub fn slow_fake(&self) -> String {
        let (fake, go) = (self.fake(), self.workplace.argument("go"));
        // Two minutes at most, so that nothing is left behind.
        let wait = format!("for try in $(seq 1200); do if [ -e '{go}' ]; then break; fi; sleep 0.1; done");
        program(&self.workplace, "slow-fake", &format!("{wait}\nexec '{fake}' \"$@\""))
    }

    /// Writes a program that draws nothing: the system kills it at a heavy prompt, and it refuses all others. Returns its
    /// path.
    #[cfg(unix)]
    pub fn unable_fake(&self) -> String {
        let failed = r#"{"event":"failed","message":"this machine is too small","hint":"ask for less","exit_code":2}"#;
        let script = format!("if grep -q heavy order.toml; then kill -9 0; fi\necho '{failed}' >&2\nexit 2");
        program(&self.workplace, "unable-fake", &script)
    }

    /// Asserts that all files of a job are those that were drawn under a name.
    pub fn is_drawn(&self, id: &JobId, name: &str, order: &Order) {
        let mut products: Vec<&str> = order.products.iter().map(String::as_str).collect();
        products.push("png");
        for product in products {
            let (found, drawn) = (self.file(id, &format!("picture.{product}")), format!("{name}.{product}"));
            assert!(found == self.workplace.read(&drawn), "{product} of {id}: {:?}\n{}", self.attempts(id), self.log());
        }
    }

    /// The processes that draw, or wait for a job: those that work in the folder of the workers.
    #[cfg(target_os = "linux")]
    pub fn children(&self) -> Vec<u32> {
        self.children_of("data")
    }

    /// The processes that draw for the workers with this folder of data.
    #[cfg(target_os = "linux")]
    pub fn children_of(&self, data: &str) -> Vec<u32> {
        let work = self.workplace.join(data).join("work").canonicalize().unwrap();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
        let works = |number: &u32| {
            std::fs::read_link(format!("/proc/{number}/cwd")).is_ok_and(|folder| folder.starts_with(&work))
        };
        numbers.filter(works).collect()
    }

    /// Waits until no process draws.
    #[cfg(target_os = "linux")]
    pub fn nothing_draws(&self) {
        let started = Instant::now();
        while !self.children().is_empty() {
            assert!(started.elapsed() < LIMIT, "{:?}\n{}", self.children(), self.log());
            std::thread::sleep(LOOK);
        }
    }

    /// The folder that the workers work in.
    pub fn work(&self) -> PathBuf {
        self.workplace.join("data/work")
    }
}

/// A program around a script of the shell: it draws what its command line says, or the jobs that a worker writes.
#[cfg(unix)]
const AROUND: &str = r#"#!/bin/sh
draw() {
SCRIPT
}
case "$*" in
*--jobs-from-stdin*) ;;
*) draw "$@"; exit ;;
esac
while read -r task; do
    number=${task#*'"number":'}
    number=${number%%,*}
    folder=${task#*'"folder":"'}
    folder=${folder%%'"'*}
    echo '{"event":"task_begun","number":'$number'}' >&2
    cd "$folder" || exit 1
    (draw </dev/null)
    code=$?
    cd ../..
    echo '{"event":"task_ended","number":'$number',"exit_code":'$code'}' >&2
    [ $code = 0 ] || exit $code
done
"#;

/// Writes a script of the shell as a program that a worker can start. The script kills all of it with `kill -9 0`. Returns
/// its path.
#[cfg(unix)]
fn program(place: &Workplace, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;

    place.write(name, AROUND.replace("SCRIPT", script));
    std::fs::set_permissions(place.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    place.argument(name)
}

/// Starts a worker whose pictures are drawn by a script of the shell.
#[cfg(unix)]
pub fn fake_worker(place: &Workplace, script: &str) -> Worker {
    let mut command = place.command();
    command.args(["worker", "--data", "data"]).env("T2A_CHILD", program(place, "fake", script));
    Worker::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
}

/// A worker, which is killed when it is dropped.
pub struct Worker(pub Child);

impl Worker {
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        crate::common::program::signal(&self.0, name);
    }

    /// Lets the worker end, which must succeed.
    #[cfg(unix)]
    pub fn end(mut self) {
        self.signal("TERM");
        let status = crate::common::program::end(&mut self.0, Instant::now(), || "a worker".to_owned());
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
