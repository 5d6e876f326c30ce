//! `text2art PROMPT`: draws a picture.

use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};

use candle_core::Tensor;

use super::report::{Progress, Reporter};
use super::{DONE, FAILED, INTERRUPTED, interrupt, output, sources};
use crate::models::hub::megabytes;
use crate::models::{Finder, Missing};
use crate::output::{
    Existing, InputRecord, ModelRecord, Naming, Recipe, ResultRecord, check_folder, encode, side_by_side, slug,
    write_whole,
};
use crate::picture;
use crate::session::memory::in_words;
use crate::session::{End, Event, Finished, Models, Plan, Session, run as run_session};
use crate::settings::{Overrides, Settings, combine};
use crate::{Error, Result};

/// What `generate` was asked for.
#[allow(clippy::struct_excessive_bools)] // each is a flag
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// What to draw; `|` separates prompts, `:2` weighs one
    ///
    /// Words are joined by spaces. `a castle | night sky:0.5 | blurry:-0.3:-0.7` is three prompts: the second
    /// counts half, the third is avoided, and no further once its distance is above 0.7. Write \| and \: for
    /// the characters themselves.
    #[arg(value_name = "PROMPT")]
    prompt: Vec<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// The PNG's file, or -
    ///
    /// `-` is standard output. {slug} in it becomes the prompt in a form every file system takes, {seed} the
    /// seed, and n in braces the first number that is free. A name that is taken is an error; the default name
    /// gets -2, -3 and so on.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<String>,
    /// Replace a file that is already there
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// Write the picture every N iterations, too
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = clap::value_parser!(u64).range(1..))]
    save_every: Option<u64>,
    /// Write what each CLIP sees in each iteration into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    save_cutouts: Option<PathBuf>,
    /// Repeat a picture's recipe; other options change it
    #[arg(long, value_name = "PICTURE", help_heading = "Settings")]
    from: Option<PathBuf>,
    /// A configuration file, or none
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,
    /// Print settings, sizes and memory, and draw nothing
    ///
    /// What is printed is a configuration file that --config reads.
    #[arg(long, help_heading = "Settings")]
    dry_run: bool,
    /// Use no network: models must be here
    #[arg(long, help_heading = "Models")]
    offline: bool,
    /// How to show progress on standard error
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", help_heading = "Output")]
    progress: Progress,
    /// Show nothing but warnings and errors
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
    /// Processor threads
    #[arg(long, value_name = "N", help_heading = "Machine", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Arguments {
    pub(super) fn progress(&self) -> Progress {
        if self.quiet && self.progress != Progress::Json { Progress::None } else { self.progress }
    }
}

/// Where the picture goes.
enum Target {
    StandardOutput,
    File(PathBuf, Existing),
}

pub(super) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    super::use_threads(arguments.threads)?;
    let (settings, recipe) = settings(arguments, reporter)?;
    settings.device.open()?;
    let target = target(arguments, &settings)?;
    for (_, path) in settings.input_files() {
        picture::dimensions(&path)?;
    }
    if let Some(folder) = &arguments.save_cutouts {
        check_folder(&folder.join("cutouts.png"))?;
    }
    // Hashed before the run, so that the recipe tells what was used.
    let inputs = Recipe::inputs(&settings)?;
    let stop = interrupt::stop_on_signal()?;
    let tell = |event| reporter.tell(&event);
    let recorded = recipe.map(|recipe| recipe.models).unwrap_or_default();
    let finder = Finder::new(arguments.offline || arguments.dry_run, &stop, &tell).with_commits_of(&recorded);
    if arguments.dry_run {
        return dry_run(settings, &target, &finder.without_conversions()).map(|()| DONE);
    }
    let models = Models::load(&settings, &finder)?;
    let plan = Plan::new(settings, &models)?;
    let warn = &mut |message| reporter.tell(&Event::Warning { message });
    let mut session = Session::new(&plan, &models, warn)?;
    let mut saver = Saver { settings: plan.settings(), inputs, models: &models, records: None };

    let mut aside = Aside { saved: false, failed: false, previous_loss: None };
    let mut watch = |event: Event, picture: Option<&Tensor>, session: &Session| -> Result<()> {
        reporter.tell(&event);
        let (Event::Step { iteration, loss, .. }, Some(picture)) = (event, picture) else { return Ok(()) };
        aside.write(reporter, || {
            let Some(folder) = &arguments.save_cutouts else { return Ok(None) };
            save_cutouts(folder, session, picture, iteration).map(|()| None)
        })?;
        let previous_loss = aside.previous_loss.replace(loss);
        let saved = aside.saved;
        aside.write(reporter, || {
            let (Target::File(path, existing), Some(every)) = (&target, arguments.save_every) else { return Ok(None) };
            if iteration == 0 || !(iteration as u64).is_multiple_of(every) {
                return Ok(None);
            }
            // The picture this iteration judged is that after `iteration` steps.
            let existing = if saved { Existing::Replace } else { *existing };
            write_whole(path, &saver.encode(picture, iteration, previous_loss, true)?, existing)?;
            Ok(Some(path.clone()))
        })
    };
    let finished = run_session(&mut session, &stop, &mut watch)?;
    let exit_code = deliver(&target, &mut saver, &finished, aside.saved, reporter)?;
    warn_of_other_models(&recorded, &models, reporter)?;
    Ok(exit_code)
}

/// The settings of all sources, the strongest first: flags, recipe, environment, configuration file.
fn settings(arguments: &Arguments, reporter: &Reporter) -> Result<(Settings, Option<Recipe>)> {
    let mut flags = arguments.overrides.clone();
    if !arguments.prompt.is_empty() {
        let prompt = arguments.prompt.join(" ").parse().map_err(|problem: String| {
            Error::usage(
                problem,
                r"separate prompts by | and write weights as :2; \| and \: are the characters themselves",
            )
        })?;
        flags.prompt = Some(prompt);
    }
    let mut warnings = Vec::new();
    let recipe = arguments.from.as_deref().map(Recipe::read).transpose()?;
    let from = recipe.as_ref().map_or_else(Overrides::default, |recipe| recipe.settings.clone().into());
    let mut environment = sources::environment(&mut |message| warnings.push(message))?;
    let mut config = sources::config_file(arguments.config.as_deref())?;
    if recipe.is_some() {
        // A recipe is complete: what it does not name is not to come from weaker sources.
        for weaker in [&mut environment, &mut config] {
            (weaker.stop_at, weaker.init_image, weaker.image_prompt, weaker.noise_prompt) = (None, None, None, None);
        }
    }
    let settings = combine(&[flags, from, environment, config])?;
    if let Some(recipe) = &recipe {
        recipe.check_inputs(&settings)?;
    }
    for message in warnings {
        reporter.tell(&Event::Warning { message });
    }
    Ok((settings, recipe))
}

/// Prints what would be done, as a configuration file. Nothing is fetched for it.
fn dry_run(settings: Settings, target: &Target, finder: &Finder) -> anyhow::Result<()> {
    let picture = match target {
        Target::StandardOutput => "standard output".to_owned(),
        Target::File(path, _) => path.display().to_string(),
    };
    let mut comments = vec![format!("picture: {picture}")];
    let missing = Models::missing(&settings, finder)?;
    let settings = if missing.is_empty() {
        let plan = Plan::new(settings.clone(), &Models::load(&settings, finder)?)?;
        plan.check()?;
        comments.push(format!("drawn at {}, delivered at {}", plan.work_size(), settings.size));
        comments.push(format!("memory: about {}", in_words(plan.memory())));
        plan.settings().clone()
    } else {
        comments.push("memory: told when the models are here".to_owned());
        settings
    };
    for Missing { name, files, bytes } in missing {
        let bytes = bytes.map_or_else(|| "of unknown size".to_owned(), megabytes);
        comments.push(format!("to be downloaded: {name}, {}, {bytes}", files.join(" and ")));
    }
    for comment in comments {
        output::print_line(&format!("# {comment}"))?;
    }
    output::print(toml::to_string(&settings)?.as_bytes())
}

/// Finds out where the picture goes, and that it can go there, before any work.
fn target(arguments: &Arguments, settings: &Settings) -> Result<Target> {
    let prompt = &settings.prompt.all()[0].text;
    let seed = settings.seed.0;
    let Some(template) = &arguments.output else {
        let path = Naming::Free.path(prompt, seed);
        check_folder(&path)?;
        return Ok(Target::File(path, Existing::Keep));
    };
    if template == "-" {
        let hint = "name a file with --output, or send the output to a file or a program";
        if std::io::stdout().is_terminal() {
            return Err(Error::usage("a picture is not written to a terminal", hint));
        }
        if arguments.save_every.is_some() {
            return Err(Error::usage("--save-every cannot rewrite standard output", hint));
        }
        return Ok(Target::StandardOutput);
    }
    let path = Naming::Template(template.clone()).path(prompt, seed);
    let existing = output::check_target(&path, arguments.force)?;
    Ok(Target::File(path, existing))
}

/// Tells where a recipe's model is not the file of today.
fn warn_of_other_models(recorded: &[ModelRecord], models: &Models, reporter: &Reporter) -> Result<()> {
    for used in models.records()? {
        let before = recorded.iter().find(|before| before.role == used.role && before.name == used.name);
        if let Some(before) = before.filter(|before| before.sha256 != used.sha256) {
            let (name, then, now) = (&used.name, &before.sha256, &used.sha256);
            let message = format!("{name} is not the file the recipe was made with: SHA-256 {now}, it was {then}");
            reporter.tell(&Event::Warning { message });
        }
    }
    Ok(())
}

/// What is written beside the iterations. That it cannot be is no reason to lose the run: it is told once.
struct Aside {
    /// The picture was written under its name
    saved: bool,
    failed: bool,
    previous_loss: Option<f64>,
}

impl Aside {
    fn write(&mut self, reporter: &Reporter, write: impl FnOnce() -> Result<Option<PathBuf>>) -> Result<()> {
        match write() {
            Ok(Some(path)) => {
                self.saved = true;
                reporter.tell(&Event::Saved { path });
            }
            Err(error @ Error::Write { .. }) if !self.failed => {
                self.failed = true;
                let message = format!("{error}; the picture goes on, and is written when it is done");
                reporter.tell(&Event::Warning { message });
            }
            Ok(None) | Err(Error::Write { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Writes an iteration's cutouts, side by side, a file for each perceptor.
fn save_cutouts(folder: &Path, session: &Session, picture: &Tensor, iteration: usize) -> Result<()> {
    for (name, cutouts) in session.judge().look(picture, iteration)? {
        let path = folder.join(format!("{iteration:06}-{}.png", slug(&name)));
        write_whole(&path, &encode(&side_by_side(&cutouts)?, None)?, Existing::Replace)?;
    }
    Ok(())
}

/// Writes pictures with their recipe.
struct Saver<'a> {
    settings: &'a Settings,
    inputs: Vec<InputRecord>,
    models: &'a Models,
    records: Option<Vec<ModelRecord>>,
}

impl Saver<'_> {
    /// A PNG whose recipe makes this picture again; `cut_short` where the settings alone would go on.
    fn encode(&mut self, picture: &Tensor, iterations: usize, loss: Option<f64>, cut_short: bool) -> Result<Vec<u8>> {
        let models = match &self.records {
            Some(records) => records.clone(),
            None => self.records.insert(self.models.records()?).clone(),
        };
        let mut settings = self.settings.clone();
        if cut_short {
            settings.stop_at = Some(iterations);
        }
        let result = ResultRecord { iterations_done: iterations, loss };
        encode(picture, Some(&Recipe::new(settings, models, self.inputs.clone(), result)))
    }
}

/// Writes the final picture. A name that another program took during the run is not worth losing it: the
/// next free one beside it is taken. Returns where it is.
fn write_beside(path: &Path, bytes: &[u8], existing: Existing) -> Result<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut free = path.to_owned();
    for number in 2..10_000 {
        match write_whole(&free, bytes, existing) {
            Err(Error::Write { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
                free = path.with_file_name(format!("{stem}-{number}.png"));
            }
            written => return written.map(|()| free),
        }
    }
    write_whole(&free, bytes, existing).map(|()| free)
}

/// Keeps a picture that cannot be written where it was to be: its folder vanished, or its disk is full.
fn rescue(error: Error, path: &Path, bytes: &[u8]) -> Error {
    let Error::Write { path: _, source } = &error else { return error };
    let place = std::env::temp_dir().join(path.file_name().unwrap_or_default());
    match write_beside(&place, bytes, Existing::Keep) {
        Ok(kept) => Error::Write {
            path: path.to_owned(),
            source: std::io::Error::new(source.kind(), format!("{source}; the picture is kept as {}", kept.display())),
        },
        Err(_) => error,
    }
}

/// Writes the final picture, tells how the run went, and returns the exit code.
fn deliver(
    target: &Target,
    saver: &mut Saver,
    finished: &Finished,
    saved: bool,
    reporter: &Reporter,
) -> anyhow::Result<u8> {
    let (iterations, loss) = (finished.iterations, finished.loss);
    let cut_short = matches!(finished.end, End::Stopped | End::Fault(_));
    let bytes = saver.encode(&finished.picture, iterations, loss, cut_short)?;
    let path = match target {
        Target::StandardOutput => {
            output::print(&bytes)?;
            None
        }
        Target::File(path, existing) => {
            // What an earlier save of this run wrote is ours to replace.
            let existing = if saved { Existing::Replace } else { *existing };
            let path = write_beside(path, &bytes, existing).map_err(|error| rescue(error, path, &bytes))?;
            reporter.tell(&Event::Saved { path: path.clone() });
            Some(path)
        }
    };
    let seed = saver.settings.seed.0;
    reporter.tell(&Event::Finished { path: path.clone(), seed, iterations, loss, seconds: reporter.seconds() });
    if let Some(path) = path {
        output::print_line(&path.display().to_string())?;
    }
    Ok(match &finished.end {
        End::Done | End::Plateau => DONE,
        End::Stopped => INTERRUPTED,
        End::Fault(fault) => {
            let message = format!("{fault}; the last good picture was saved");
            reporter.tell(&Event::Failed { message, hint: fault.hint(), exit_code: FAILED });
            FAILED
        }
    })
}
