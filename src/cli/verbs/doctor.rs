//! `text2art doctor`: what this machine and this program can do.

use serde::Serialize;

use crate::cli::options::sources;
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::device;
use crate::files::path_as_text;
use crate::gpu::{GpuFinding, GpuFindings};
use crate::machine::{self, MachineMemory, in_words};
use crate::models::hub::Environment;
use crate::models::manifest::Manifest;
use crate::models::{Finder, Role, embedded};
use crate::session::check_usable;

/// Arguments of `doctor`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Everything that `doctor` found.
#[derive(Serialize)]
struct Findings {
    /// The program and its version
    program: String,
    /// The system and architecture it is built for
    target: String,
    /// Optional parts of the build
    features: Vec<&'static str>,
    /// The processor that pictures are drawn on
    device: String,
    /// Number of threads
    threads: usize,
    /// The widest instructions of matrix products
    instruction_set: &'static str,
    memory: Option<MachineMemory>,
    nvidia: GpuFindings,
    /// The user's configuration file, and whether it exists
    config: Option<FileFinding>,
    /// The hub's cache, and whether it exists
    cache: Option<FileFinding>,
    /// Whether the environment forbids the network
    offline: bool,
    /// What is wrong with environment variables, and what to do; none if models can be looked up
    environment_problem: Option<String>,
    models: Vec<ModelFinding>,
}

#[derive(Serialize)]
struct FileFinding {
    #[serde(serialize_with = "path_as_text")]
    path: std::path::PathBuf,
    present: bool,
}

/// Whether an available model can be used.
#[derive(Serialize)]
struct ModelFinding {
    role: &'static str,
    name: String,
    /// What is wrong with the model; none if it can be used
    problem: Option<String>,
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<()> {
    let stop = interrupt::exit_on_signal()?;
    let tell = |event| reporter.tell(&event);
    let findings = findings(&Finder::new(true, &stop, &tell).without_conversions())?;
    if arguments.json {
        return stdout::print_json(&findings);
    }
    for (name, value) in findings.lines() {
        stdout::print_line(&format!("{name:<16} {value}"))?;
    }
    Ok(())
}

fn findings(finder: &Finder) -> crate::Result<Findings> {
    let features = [("cuda", cfg!(feature = "cuda")), ("cudnn", cfg!(feature = "cudnn"))];
    let (environment, environment_problem) = match Environment::read() {
        Ok(environment) => {
            let problem = environment.token_problem.clone();
            (Some(environment), problem)
        }
        Err(error) => (None, Some(format!("{error} ({})", error.hint()))),
    };
    let cache = environment.as_ref().map(|environment| environment.cache.clone());
    let mut models = vec![model(finder, Role::Vqgan, embedded::NAME), model(finder, Role::Clip, embedded::NAME)];
    if environment.is_some() {
        for entry in Manifest::get()?.models() {
            if finder.is_here(entry)? {
                models.push(model(finder, entry.role, &entry.name));
            }
        }
    }
    Ok(Findings {
        program: crate::PROGRAM.to_owned(),
        target: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        features: features.iter().filter(|(_, built)| *built).map(|(name, _)| *name).collect(),
        device: machine::processor(),
        threads: std::thread::available_parallelism().map_or(1, Into::into),
        instruction_set: machine::instruction_set(),
        memory: machine::memory(),
        nvidia: device::survey(),
        config: sources::users_file().map(|path| FileFinding { present: path.is_file(), path }),
        cache: cache.map(|path| FileFinding { present: path.is_dir(), path }),
        offline: environment.is_some_and(|environment| environment.offline),
        environment_problem,
        models,
    })
}

/// Loads a model to check that it can be used.
fn model(finder: &Finder, role: Role, name: &str) -> ModelFinding {
    let loaded = finder.open(role, name).and_then(|files| check_usable(&files));
    ModelFinding { role: role.option(), name: name.to_owned(), problem: loaded.err().map(|error| error.to_string()) }
}

impl Findings {
    /// The findings as names and values.
    fn lines(&self) -> Vec<(&str, String)> {
        let features = if self.features.is_empty() { "none".to_owned() } else { self.features.join(", ") };
        let memory = self.memory.map_or_else(
            || "unknown".to_owned(),
            |memory| format!("{}, {} free", in_words(memory.total), in_words(memory.available)),
        );
        let place = |file: &Option<FileFinding>| match file {
            Some(FileFinding { path, present: true }) => path.display().to_string(),
            Some(FileFinding { path, present: false }) => format!("{} (does not exist)", path.display()),
            None => "no home folder".to_owned(),
        };
        let network =
            if self.offline { "disabled (HF_HUB_OFFLINE)" } else { "allowed (missing models are downloaded)" };
        let mut lines = vec![
            ("program", format!("{} for {}", self.program, self.target)),
            ("features", features),
            ("device", self.device.clone()),
            ("threads", self.threads.to_string()),
            ("instructions", self.instruction_set.to_owned()),
            ("memory", memory),
        ];
        lines.extend(gpus(&self.nvidia));
        lines.extend([
            ("configuration", place(&self.config)),
            ("cache", place(&self.cache)),
            ("network", network.to_owned()),
        ]);
        lines.extend(self.environment_problem.iter().map(|problem| ("environment", problem.clone())));
        for model in &self.models {
            let state = model.problem.as_deref().unwrap_or("usable");
            lines.push(("model", format!("{} {}: {state}", model.role, model.name)));
        }
        lines
    }
}

/// The findings about NVIDIA GPUs.
fn gpus(findings: &GpuFindings) -> Vec<(&'static str, String)> {
    let GpuFindings { driver, driver_cuda, built_cuda, built_for, gpus, problem } = findings;
    let mut lines = Vec::new();
    if let Some(built) = built_cuda {
        let driver = driver.as_deref().unwrap_or("of unknown version");
        let known = driver_cuda.as_ref().map_or_else(String::new, |known| format!(", supports CUDA {known}"));
        let made_for = built_for.as_ref().map_or_else(String::new, |made_for| format!(" for {made_for}"));
        lines.push(("driver", format!("{driver}{known}; the program was built with CUDA {built}{made_for}")));
    }
    lines.extend(gpus.iter().map(|GpuFinding { gpu, problem }| {
        let free = gpu.free_memory.map_or_else(String::new, |free| format!(", {} free", in_words(free)));
        let (capability, total) = (gpu.compute_capability, in_words(gpu.total_memory));
        let state = problem.as_ref().map_or("usable", |obstacle| &obstacle.problem);
        ("GPU", format!("{gpu}, compute capability {capability}, {total}{free}: {state}"))
    }));
    lines.extend(problem.iter().map(|obstacle| ("GPU", format!("none: {obstacle}"))));
    lines
}
