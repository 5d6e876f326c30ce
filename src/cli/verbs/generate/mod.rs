//! `text2art PROMPT`: draws a picture; `text2art animate PROMPT`: draws an animation.

mod arguments;
mod dry_run;
mod follow;
#[cfg(feature = "server")]
mod jobs;
mod target;

use crate::cli::DONE;
use crate::cli::options::other_prior::OtherPrior;
use crate::cli::options::{device, trust};
use crate::cli::terminal::interrupt;
use crate::cli::terminal::report::Reporter;
use crate::files::checkpoint_of;
use crate::job::{Aside, Checkpoints, Delivery, Job, Limits, check_cutouts};
use crate::models::{Finder, ModelRecord};
use crate::output::{Beside, Recipe};
use crate::progress::{Event, Stop};
use crate::session::{ModelStore, Models, begins_with_prior};
use crate::settings::Settings;
use crate::{Result, picture};
pub(in crate::cli) use arguments::{Arguments, Subject, prompt};
use arguments::{Repeated, settings};
use dry_run::dry_run;
pub(in crate::cli) use follow::run_job;
pub(in crate::cli) use target::check_checkpoint;
#[cfg(feature = "server")]
pub(in crate::cli) use target::with_film;
use target::{files, products};

pub(in crate::cli) fn run(arguments: &Arguments, subject: Subject, reporter: &Reporter) -> anyhow::Result<u8> {
    #[cfg(feature = "server")]
    if arguments.jobs_from_stdin {
        return jobs::run(reporter);
    }
    let stop = || {
        let stop = interrupt::stop_on_signal(reporter, "iteration")?;
        if arguments.stop_when_stdin_ends {
            interrupt::stop_with_parent(&stop)?;
        }
        Ok(stop)
    };
    draw(arguments, subject, reporter, stop, &mut ModelStore::default())
}

/// Draws what the arguments ask for, with the models of a store. `stop` is called before the work begins, and returns the
/// signal that stops it.
fn draw(
    arguments: &Arguments,
    subject: Subject,
    reporter: &Reporter,
    stop: impl FnOnce() -> anyhow::Result<Stop>,
    store: &mut ModelStore,
) -> anyhow::Result<u8> {
    let (settings, recipe) = settings(arguments, subject, reporter)?;
    let device = device::open(settings.device, settings.precision, reporter)?;
    let products = products(arguments, &files(arguments, subject), &settings)?;
    // Palette files were already read with the settings.
    for (_, path) in settings.input_files().iter().filter(|(option, _)| *option != "palette") {
        picture::dimensions(path)?;
    }
    let cutouts = arguments
        .save_cutouts
        .as_ref()
        .map(|folder| check_cutouts(folder, arguments.force).map(|existing| (folder.clone(), existing)));
    let cutouts = cutouts.transpose()?;
    let checkpoints = arguments.checkpoint_every.map(|every| {
        let beside = Beside {
            checkpoint_every: Some(every),
            save_every: arguments.save_every,
            save_cutouts: arguments.save_cutouts.clone(),
            ..Beside::of(&products)
        };
        Checkpoints { path: checkpoint_of(products.output()), every, beside, earlier_frames: None }
    });
    checkpoints.iter().try_for_each(|checkpoints| checkpoints.beside.check_names())?;
    let aside = Aside { checkpoints, save_every: arguments.save_every, cutouts };
    let inputs = Recipe::inputs(&settings)?;
    let stop = stop()?;
    let tell = |event| reporter.tell(&event);
    let other_prior = recipe.as_ref().and_then(|repeated| other_prior(&repeated.recipe, &settings));
    let (recorded, named) = recipe.map(|Repeated { recipe, named }| (recipe.models, named)).unzip();
    let recorded = recorded.unwrap_or_default();
    let finder = Finder::new(arguments.conduct.offline || arguments.dry_run, &stop, &tell).with_commits_of(&recorded);
    let max_memory = arguments.conduct.max_memory();
    let strange = match named {
        Some(named) => trust::strange(&Models::missing(&settings, &finder)?, &named)?,
        None => Vec::new(),
    };
    if arguments.dry_run {
        let asked = if arguments.trust { Vec::new() } else { strange };
        let finder = finder.without_conversions();
        return dry_run(settings, max_memory, (&products, &device), &finder, &asked).map(|()| DONE);
    }
    let or = "; or choose other models with --vqgan and --clip";
    trust::get_consent(&strange, arguments.trust, or, &finder, &stop, reporter)?;
    if let Some(other) = other_prior {
        reporter.tell(&Event::Warning { message: other.warning() });
    }
    let models = store.load(&settings, &finder)?;
    let limits = Limits { max_memory, jobs: 1 };
    let job = Job { settings, products, limits, inputs, resumed: None, aside, delivery: Delivery::Always };
    let exit_code = run_job(job, &models, &device, &stop, reporter)?;
    warn_of_other_models(&recorded, &models, reporter)?;
    Ok(exit_code)
}

/// How the embedded prior differs from the one of a recipe, if it drew the first picture there and draws it now.
fn other_prior(recipe: &Recipe, settings: &Settings) -> Option<OtherPrior> {
    // A recipe that was written by hand names no models. Earlier versions did not record priors.
    let had_one = recipe.prior().is_some() || !recipe.models.is_empty() && begins_with_prior(&recipe.settings);
    if had_one && begins_with_prior(settings) { OtherPrior::than_in(recipe) } else { None }
}

/// Warns if the file of a model differs from the one in the recipe. Files are hashed during the run, so this is
/// known only after it.
fn warn_of_other_models(recorded: &[ModelRecord], models: &Models, reporter: &Reporter) -> Result<()> {
    for used in models.records()? {
        let before = recorded.iter().find(|before| before.role == used.role && before.name == used.name);
        if let Some(before) = before.filter(|before| before.sha256 != used.sha256) {
            let (name, then, now) = (&used.name, &before.sha256, &used.sha256);
            let message =
                format!("{name} is not the file that the recipe was made with: its SHA-256 is {now}, but was {then}");
            reporter.tell(&Event::Warning { message });
        }
    }
    Ok(())
}
