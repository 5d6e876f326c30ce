//! `text2art PROMPT`: draws a picture.

mod arguments;
mod aside;
mod deliver;
mod dry_run;
mod saver;
mod target;

use candle_core::Tensor;

use super::report::Reporter;
use super::{DONE, interrupt};
use crate::Result;
use crate::models::Finder;
use crate::output::{Existing, ModelRecord, Recipe, check_folder, write_whole};
use crate::picture;
use crate::session::{Event, Models, Plan, Session, run as run_session};
pub(super) use arguments::Arguments;
use arguments::settings;
use aside::{Aside, save_cutouts};
use deliver::deliver;
use dry_run::dry_run;
use saver::Saver;
use target::{Target, target};

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

    let mut aside = Aside::default();
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
