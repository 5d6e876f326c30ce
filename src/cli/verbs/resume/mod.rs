//! `text2art resume`: continues a picture from a checkpoint.

mod elsewhere;
mod exactly;
mod own;
mod prior;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueHint;

use super::generate::{check_checkpoint, prompt, run_job};
use crate::cli::options::conduct::Conduct;
use crate::cli::options::{device, trust};
use crate::cli::terminal::interrupt;
use crate::cli::terminal::preview::PreviewKind;
use crate::cli::terminal::report::Reporter;
use crate::files::{Naming, check_fields, check_new_target, check_target, checkpoint_of, is_template, picture_of};
use crate::job::{Aside, Checkpoints, Delivery, Job, Limits, Resumed};
use crate::models::Finder;
use crate::output::{Beside, Checkpoint, Kind, PICTURE, Product, Products, Recipe, Stage, kind_of};
use crate::progress::Event;
use crate::resolve::check;
use crate::session::{Models, Plateau};
use crate::settings::{Schedule, Settings};
use crate::text::{at_least_one, whole_number};
use crate::video::{KINDS, Timeline};
use crate::{Error, PROGRAM, Result};
use elsewhere::EarlierFrames;
use own::Own;

/// The arguments of `resume`.
#[derive(clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(in crate::cli) struct Arguments {
    /// A checkpoint that --checkpoint-every wrote
    #[arg(value_name = "FILE")]
    checkpoint: PathBuf,
    /// Total number of iterations, or +N for N more
    #[arg(short = 'n', long, value_name = "[+]N", allow_negative_numbers = true)]
    iterations: Option<Length>,
    /// Continue with another prompt
    #[arg(long, value_name = "PROMPT")]
    prompt: Option<String>,
    /// Reset the optimizer's state
    #[arg(long)]
    reset_optimizer: bool,
    /// Write the picture to FILE; its GIF, MP4, SVG, frames, reveal and checkpoint go to the same folder
    #[arg(short, long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    output: Option<OsString>,
    /// Replace files that already exist
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// Also write the picture every N iterations
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    save_every: Option<u64>,
    /// Write a checkpoint every N iterations [default: as in the original run]
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    checkpoint_every: Option<u64>,
    /// Show the picture in the terminal while it is drawn
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", help_heading = "Output")]
    pub(in crate::cli) preview: PreviewKind,
    /// Download the models named in the checkpoint without asking
    #[arg(long, help_heading = "Models")]
    trust: bool,
    /// Refuse if the picture could differ from that of an uninterrupted run
    #[arg(long, hide = true)]
    exactly: bool,
    /// Stop when standard input ends: for a program that starts this one, and may be killed
    #[arg(long, hide = true)]
    pub(in crate::cli) stop_when_stdin_ends: bool,
    #[command(flatten)]
    pub(in crate::cli) conduct: Conduct,
}

/// The length of the run.
#[derive(Clone, Copy)]
enum Length {
    /// The total number of iterations
    Total(usize),
    /// The number of iterations to add to those already done
    More(usize),
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.trim().strip_prefix('+') {
            Some(more) => whole_number(more).map(Self::More),
            None => whole_number(text).map(Self::Total),
        }
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let warn = |message| reporter.tell(&Event::Warning { message });
    let path = &arguments.checkpoint;
    let mut checkpoint = Checkpoint::read(path)?;
    let resolved = checkpoint.beside.resolved(path);
    let recorded = std::mem::replace(&mut checkpoint.beside, resolved);
    let settings = &checkpoint.recipe.settings;
    trust::check_paths(settings, path, arguments.trust)?;
    let opened = device::open(settings.device, settings.precision, reporter)?;
    check_inputs(&checkpoint.recipe)?;
    let drew_first = prior::drew_first(&checkpoint.recipe);
    let changes = change(arguments, &mut checkpoint)?;
    let own = Own { checkpoint: path, recipe: &checkpoint.recipe, force: arguments.force };
    let picture = picture(arguments, &own)?;
    let is_moved = arguments.output.is_some();
    let timeline = Timeline::of(&own.recipe.settings);
    let kept = timeline.frames_before(checkpoint.state.iteration);
    let products = products(picture, &own, &checkpoint.beside, kept, is_moved)?;
    let earlier_frames = is_moved.then(|| EarlierFrames::find(&own, &checkpoint, kept)).flatten();
    let cutouts = checkpoint.beside.save_cutouts.as_ref().map(|folder| own.cutouts(folder)).transpose()?;
    let Checkpoint { recipe, device: kind, mut beside, state } = checkpoint;
    let prior = prior::checked(path, &recipe, &state, drew_first)?;
    changes.into_iter().for_each(warn);
    let here = [(recipe.program.as_str(), PROGRAM), (kind.as_str(), &opened.kind())]
        .map(|(then, now)| (then != now).then(|| format!("{then}, not {now}")));
    if arguments.exactly {
        exactly::check(path, &here, &products, &beside, state.iteration)?;
    }
    for other in here.into_iter().flatten() {
        warn(format!("the checkpoint was made with {other}; the picture can differ from that of an uninterrupted run"));
    }
    beside = if is_moved {
        let Beside { picture_folder, files, .. } = Beside::of(&products);
        Beside { picture_folder, files, svg_sha256: None, ..beside }
    } else {
        recorded
    };
    beside.check_names()?;
    beside.save_every = arguments.save_every.or(beside.save_every);
    beside.checkpoint_every = arguments.checkpoint_every.or(beside.checkpoint_every);

    let stop = interrupt::stop_on_signal(reporter, "iteration")?;
    if arguments.stop_when_stdin_ends {
        interrupt::stop_with_parent(&stop)?;
    }
    let tell = |event| reporter.tell(&event);
    let finder = Finder::new(arguments.conduct.offline, &stop, &tell).with_commits_of(&recipe.models);
    let strange = trust::strange(&Models::missing(&recipe.settings, &finder)?, &[])?;
    trust::get_consent(&strange, arguments.trust, "", &finder, &stop, reporter)?;
    let models = Models::load(&recipe.settings, &finder)?;
    check_models(path, &recipe, &models)?;
    products.create_folders()?;
    earlier_frames.iter().try_for_each(|frames| frames.copy(&products, warn))?;
    let earlier_frames = beside.kept_frames.take().map(|kept| (path.clone(), kept));
    let checkpoints = beside.checkpoint_every.map(|every| {
        let path = checkpoint_of(products.output());
        Checkpoints { path, every, beside: beside.clone(), earlier_frames }
    });
    let job = Job {
        settings: recipe.settings,
        products,
        limits: Limits { max_memory: arguments.conduct.max_memory(), jobs: 1 },
        inputs: recipe.inputs,
        resumed: Some(Resumed { state, earlier: recipe.earlier, prior }),
        aside: Aside { checkpoints, save_every: beside.save_every, cutouts },
        delivery: Delivery::Always,
    };
    run_job(job, &models, &opened, &stop, reporter)
}

/// Checks that the input files are those of the checkpoint.
fn check_inputs(recipe: &Recipe) -> Result<()> {
    recipe.check_inputs(&recipe.settings).map_err(|error| match error {
        Error::File { path, problem, .. } => {
            Error::file(path, problem, "restore the file, and resume in the folder where the run started")
        }
        other => other,
    })
}

/// Where the picture goes: to its path so far, or to that of `--output`.
fn picture(arguments: &Arguments, own: &Own) -> Result<Product> {
    let settings = &own.recipe.settings;
    if let Some(template) = &arguments.output {
        check_fields(template)?;
        let picture = Naming::Template(template.clone()).path(&settings.prompt.all()[0].text, settings.seed.0);
        kind_of(&picture, &[PICTURE])?;
        let check = if is_template(template) { check_new_target } else { check_target };
        let existing = check(&picture, arguments.force)?;
        check_checkpoint(&picture, arguments.force || checkpoint_of(&picture) == arguments.checkpoint)?;
        return Ok(Product { kind: PICTURE, path: picture, existing });
    }
    let picture = picture_of(&arguments.checkpoint).filter(|picture| kind_of(picture, &[PICTURE]).is_ok());
    let picture = picture.ok_or_else(|| {
        let problem = "the checkpoint was renamed, so its name does not say where the picture goes";
        Error::file(&arguments.checkpoint, problem, "name the picture with --output")
    })?;
    // A picture that an earlier part of this run wrote may be replaced.
    let existing = check_target(&picture, arguments.force || own.is_of_run(&picture))?;
    Ok(Product { kind: PICTURE, path: picture, existing })
}

/// Where all files go: those other than the picture go to their paths so far, or beside the picture if it has moved.
/// `kept` is the number of frames at the checkpoint.
fn products(picture: Product, own: &Own, beside: &Beside, kept: usize, is_moved: bool) -> Result<Products> {
    let sha256 = beside.svg_sha256.as_deref();
    let product = |kind: Kind| {
        let path = beside.files.get(kind.option)?;
        Some(if is_moved {
            elsewhere::product(&picture.path, kind, path, own.force)
        } else {
            own.product(kind, path, kept, sha256)
        })
    };
    let others = KINDS.into_iter().filter(|kind| *kind != PICTURE).filter_map(product).collect::<Result<_>>()?;
    let products = Products::new(picture, others);
    products.check_names()?;
    Ok(products)
}

/// Applies the changes that the arguments request. Returns their consequences, in sentences.
fn change(arguments: &Arguments, checkpoint: &mut Checkpoint) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let (recipe, state) = (&mut checkpoint.recipe, &mut checkpoint.state);
    let done = state.iteration;
    let before = recipe.settings.clone();
    let settings = &mut recipe.settings;
    if let Some(text) = &arguments.prompt {
        settings.prompt = prompt(text)?;
        said.extend(settings.prompt.doubts().iter().cloned());
        if settings.prompt != before.prompt {
            // How well the picture fits other prompts cannot be compared.
            state.fit = None;
            if !settings.prompt_weights.is_empty() {
                settings.prompt_weights.clear();
                said.push(
                    "the keyframes of --prompt-weights belong to the earlier prompts, and no longer apply".into(),
                );
            }
        }
    }
    if let Some(length) = arguments.iterations {
        settings.stop_at = None;
        settings.iterations = match length {
            Length::Total(total) => total,
            Length::More(more) => done.saturating_add(more),
        };
        if let Some(each) = settings.iterations_of_frame() {
            if !settings.iterations.is_multiple_of(each) {
                let problem = format!("-n {} is not a whole number of frames", settings.iterations);
                return Err(Error::usage(problem, format!("use a multiple of {each}, the iterations of a frame")));
            }
            settings.length = Some(settings.iterations / each);
        }
        check(settings)?;
        if settings.iterations < done {
            let problem = format!("-n {}: {done} iterations are already done", settings.iterations);
            return Err(Error::usage(problem, "use a larger number, or +N for N more iterations"));
        }
    }
    let settled = state.plateau.as_ref().is_some_and(Plateau::is_reached);
    if settled && arguments.iterations.is_some() {
        state.plateau = None;
    }
    if done >= settings.iterations_to_run() || state.plateau.as_ref().is_some_and(Plateau::is_reached) {
        let total = settings.iterations;
        let (problem, hint, more) = if settings.stop_at.is_some() && done < total && !settled {
            let problem = format!("the run stopped after {done} of {total} iterations because of --stop-at");
            (problem, format!("add -n {total} to finish it"), format!("-n {total} finishes it"))
        } else {
            let problem = format!("the run is already finished after {done} iterations");
            (problem, "say how many iterations to add, such as -n +100".into(), "-n +100 adds 100 more".into())
        };
        if arguments.prompt.is_some() || arguments.reset_optimizer {
            return Err(Error::usage(problem, hint));
        }
        said.push(format!("{problem}; {more}"));
    }
    if settings.iterations != before.iterations {
        for ((what, point, then), (_, _, now)) in points(&before).into_iter().zip(points(settings)) {
            said.push(format!(
                "the run now has {} iterations instead of {}: {what} at {point}, which is iteration {now} instead of \
                 {then}",
                settings.iterations, before.iterations
            ));
        }
    }
    if let (Some(seconds), true) = (settings.seconds, settings.iterations != before.iterations && done > 0) {
        let moving = KINDS.into_iter().filter(|kind| kind.moves());
        for path in moving.filter_map(|kind| checkpoint.beside.files.get(kind.option)) {
            said.push(format!(
                "the run now has {} iterations instead of {}: new frames are chosen to fill {seconds} seconds; the \
                 frames in {} were chosen for {} iterations",
                settings.iterations,
                before.iterations,
                path.display(),
                before.iterations
            ));
        }
    }
    if arguments.reset_optimizer {
        state.optimizer = None;
    }
    let passed = settled && state.plateau.is_none();
    let other = settings.prompt != before.prompt || arguments.reset_optimizer || passed;
    if done > 0 && (other || course(settings, done) != course(&before, done)) {
        let reset_optimizer = arguments.reset_optimizer;
        recipe.earlier.push(Stage { iterations_done: done, settings: before, reset_optimizer });
    }
    Ok(said)
}

/// What changes at points that depend on the length of the run: what it is, the point, and its iteration.
fn points(settings: &Settings) -> Vec<(&'static str, String, usize)> {
    let Settings { learning_rate_drops, zooms, cut_power, iterations, .. } = settings;
    let changes = |schedule: &Option<Schedule>| {
        schedule.as_ref().map_or_else(Vec::new, |schedule| schedule.relative(*iterations))
    };
    let all = [
        ("the learning rate drops", learning_rate_drops.relative(*iterations)),
        ("the share of zooms changes", changes(zooms)),
        ("the cut power changes", changes(cut_power)),
    ];
    all.into_iter().flat_map(|(what, points)| points.into_iter().map(move |(point, at)| (what, point, at))).collect()
}

/// The factors of the learning rate and the values of schedules in the iterations so far, with these settings. If other
/// settings give the same ones, a run from the beginning gives the same picture.
fn course(settings: &Settings, done: usize) -> Vec<(f64, Option<f64>, Option<f64>)> {
    let Settings { learning_rate_drops, zooms, cut_power, iterations, .. } = settings;
    let at = |iteration| {
        let value = |schedule: &Option<Schedule>| schedule.as_ref().map(|schedule| schedule.at(iteration, *iterations));
        (learning_rate_drops.factor(iteration, *iterations), value(zooms), value(cut_power))
    };
    (0..done).map(at).collect()
}

/// Checks that the models are those of the checkpoint: its latent is meaningless to other models.
fn check_models(path: &Path, recipe: &Recipe, models: &Models) -> Result<()> {
    for (then, now) in recipe.models.iter().zip(models.records()?) {
        if then.sha256 != now.sha256 {
            let problem = format!(
                "the checkpoint was made with another file of the {} model {}: its SHA-256 was {}, but is {}",
                then.role, then.name, then.sha256, now.sha256
            );
            return Err(Error::file(path, problem, "restore the model's weights"));
        }
    }
    Ok(())
}
