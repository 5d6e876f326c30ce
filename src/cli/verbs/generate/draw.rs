//! A picture is drawn, with all that is written beside it.

use std::path::PathBuf;

use candle_core::Tensor;
use sha2::{Digest, Sha256};

use super::{Aside, Target, deliver, save_cutouts};
use crate::Result;
use crate::cli::terminal::report::Reporter;
use crate::drawer;
use crate::files::{Existing, checkpoint_of, to_hex, write_whole};
use crate::output::{Beside, InputRecord, Saver, Stage, is_due};
use crate::picture::to_pixels;
use crate::progress::{Event, Stop};
use crate::session::{Models, Plan, Session, SessionState, run};
use crate::settings::Settings;
use crate::video::{Outputs, Recording};

/// A picture to draw, with all that was decided before.
pub(in crate::cli) struct Drawing {
    pub(in crate::cli) settings: Settings,
    /// The most memory to take, in bytes
    pub(in crate::cli) max_memory: Option<u64>,
    pub(in crate::cli) target: Target,
    pub(in crate::cli) moving: Outputs,
    /// The cells as an SVG
    pub(in crate::cli) svg: Option<(PathBuf, Existing)>,
    /// The folder for what each CLIP sees
    pub(in crate::cli) cutouts: Option<(PathBuf, Existing)>,
    pub(in crate::cli) beside: Beside,
    /// The files it is made from, hashed before the run, so that the recipe says what was used
    pub(in crate::cli) inputs: Vec<InputRecord>,
    /// What it goes on from
    pub(in crate::cli) resumed: Option<Resumed>,
}

/// What a picture goes on from.
pub(in crate::cli) struct Resumed {
    pub(in crate::cli) state: SessionState,
    /// The run so far, if its settings were others
    pub(in crate::cli) earlier: Vec<Stage>,
}

/// Draws, writes the picture, reports how it went and returns the exit code.
pub(in crate::cli) fn draw(drawing: Drawing, models: &Models, stop: &Stop, reporter: &Reporter) -> anyhow::Result<u8> {
    let Drawing { settings, max_memory, target, moving, svg, cutouts, mut beside, inputs, resumed } = drawing;
    let plan = Plan::within(max_memory, settings, models)?;
    let warn = &mut |message| reporter.tell(&Event::Warning { message });
    let mut session = Session::new(&plan, models, warn)?;
    let mut aside = Aside::default();
    let mut earlier = Vec::new();
    if let Some(resumed) = resumed {
        session.restore(resumed.state)?;
        earlier = resumed.earlier;
    }
    let mut saver = Saver::new(plan.settings(), inputs, models, earlier);
    let mut recording = Recording::start(&moving, plan.settings(), session.iteration())?;
    let mut watch = |event: Event, picture: Option<&Tensor>, session: &Session| -> Result<()> {
        reporter.tell(&event);
        let (Event::Step { iteration, .. }, Some(picture)) = (event, picture) else { return Ok(()) };
        models.start_hashing();
        reporter.show(|| session.delivered(picture), false)?;
        aside.write(reporter, || {
            let Some(cutouts) = &cutouts else { return Ok(None) };
            save_cutouts(cutouts, session, picture, iteration).map(|()| None)
        })?;
        let saved = aside.saved;
        aside.write(reporter, || {
            let (Target::File(path, existing), true) = (&target, is_due(beside.save_every, iteration)) else {
                return Ok(None);
            };
            // The picture this iteration judged is that after `iteration` steps.
            let loss = session.last().and_then(|last| last.loss_before);
            let existing = if saved { Existing::Replace } else { *existing };
            write_whole(path, &saver.encode(&session.delivered(picture)?, iteration, loss, true)?, existing)?;
            Ok(Some(Event::Saved { path: path.clone() }))
        })?;
        let loss = session.last().and_then(|last| last.loss_before);
        let warn = &mut |message| reporter.tell(&Event::Warning { message });
        recording.see(iteration, || session.delivered(picture), || saver.recipe(iteration, loss, true), warn)?;
        if !is_due(beside.checkpoint_every, session.iteration()) {
            return Ok(());
        }
        recording.settle();
        aside.write(reporter, || save_checkpoint(&target, &beside, &mut saver, session))
    };
    let finished = run(&mut session, stop, &mut watch)?;
    reporter.show(|| Ok(finished.picture.clone()), true)?;
    let svg = svg.map(|(path, existing)| {
        let vector = drawer::vector(plan.settings())?;
        let text = vector(plan.settings(), &to_pixels(&finished.picture)?.into_rgba8())?;
        // The checkpoint says which files are the run's own.
        beside.svg_sha256 = Some(to_hex(&Sha256::digest(&text)));
        Ok((path, existing, text))
    });
    aside.write(reporter, || save_checkpoint(&target, &beside, &mut saver, &session))?;
    let svg = svg.map(|drawn: Result<_>| {
        let (path, existing, text) = drawn?;
        write_whole(&path, text.as_bytes(), existing).map(|()| path)
    });
    deliver(&target, &mut saver, (recording, svg), &finished, aside.saved, reporter)
}

/// Writes where a run stands, if that is asked for.
fn save_checkpoint(target: &Target, beside: &Beside, saver: &mut Saver, session: &Session) -> Result<Option<Event>> {
    let (Target::File(picture, _), Some(_)) = (target, beside.checkpoint_every) else { return Ok(None) };
    let iteration = session.iteration();
    let checkpoint = saver.checkpoint(session, beside.clone())?;
    let path = checkpoint_of(picture);
    // What was there was asked for before the run.
    write_whole(&path, &checkpoint.encode()?, Existing::Replace)?;
    Ok(Some(Event::Checkpoint { path, iteration }))
}
