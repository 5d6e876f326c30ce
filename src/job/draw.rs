//! Draws a picture, and writes files during the run.

use candle_core::Tensor;
use sha2::{Digest, Sha256};

use super::aside::{Writer, save_cutouts};
use super::checkpoints::in_iterations;
use super::deliver::{Drawn, deliver};
use super::enlarge::Enlarger;
use super::moment::Moment;
use super::{Aside, Delivery, Done, Job, Limits, Progress};
use crate::device::ComputeDevice;
use crate::files::{Existing, to_hex, write_whole};
use crate::output::{Make, Product, Products, SVG, Saver, is_due};
use crate::picture::to_pixels;
use crate::progress::{Event, Stop};
use crate::session::memory::refuse_above_room;
use crate::session::{End, Finished, Models, Plan, Session, prepare_no_text, prior_record, run};
use crate::settings::Settings;
use crate::video::Recording;
use crate::{Error, Result};

/// Draws and delivers a job.
pub(super) fn draw(
    job: Job,
    models: &Models,
    device: &ComputeDevice,
    stop: &Stop,
    progress: &dyn Progress,
) -> Result<Done> {
    let Job { settings, products, limits, inputs, resumed, aside, delivery } = job;
    let Aside { mut checkpoints, save_every, cutouts } = aside;
    let warn = &mut |message| progress.tell(Event::Warning { message });
    let plan = plan(settings, limits, models, device)?;
    plan.check()?;
    prepare_no_text(plan.settings(), models, stop, warn)?;
    check_encoding(&products, &plan, limits)?;
    let encoding = products.encoding(plan.settings());
    let lost = encoding.and_then(|(path, encoding)| encoding.loss_of_alpha(path));
    if let Some(message) = lost.filter(|_| plan.settings().transparent) {
        progress.tell(Event::Warning { message });
    }
    let mut session = Session::new(&plan, models, warn)?;
    let (mut earlier, mut prior) = (Vec::new(), prior_record(plan.settings()));
    if let Some(resumed) = resumed {
        session.restore(resumed.state)?;
        (earlier, prior) = (resumed.earlier, resumed.prior);
    }
    products.create_folders()?;
    let enlarger = Enlarger::new(plan.settings(), models, plan.device(), session.surroundings())?;
    let mut saver = Saver::new(plan.settings(), inputs, models, earlier, prior);
    let save_every = in_iterations(save_every, plan.settings());
    let keeping = checkpoints.as_ref().map(super::Checkpoints::keeping);
    let mut recording = Recording::start(&products, plan.settings(), session.iteration(), keeping.as_ref(), warn)?;
    let mut writer = Writer::new(progress, delivery);
    let mut watch = |event: Event, picture: Option<&Tensor>, session: &Session| -> Result<()> {
        let iteration = match &event {
            Event::Step { iteration, .. } => Some(*iteration),
            _ => None,
        };
        progress.tell(event);
        let (Some(iteration), Some(picture)) = (iteration, picture) else { return Ok(()) };
        models.start_hashing();
        let moment = Moment::new(session, &enlarger, picture);
        progress.show(&mut || moment.delivered(), false)?;
        writer.write(|| {
            let Some(cutouts) = &cutouts else { return Ok(None) };
            save_cutouts(cutouts, session, picture, iteration).map(|()| None)
        })?;
        let saved = writer.saved;
        writer.write(|| {
            let due = products.picture().zip(encoding).filter(|_| is_due(save_every, iteration));
            let Some((Product { path, existing, .. }, (_, encoding))) = due else { return Ok(None) };
            let existing = if saved { Existing::Replace } else { *existing };
            let picture = moment.enlarged()?;
            write_whole(path, &saver.encode(encoding, &picture, iteration, moment.figures()?, true)?, existing)?;
            Ok(Some(Event::Saved { path: path.clone() }))
        })?;
        let warn = &mut |message| progress.tell(Event::Warning { message });
        let recipe = || saver.recipe(iteration, moment.figures()?, true);
        recording.see(iteration, || moment.enlarged(), recipe, warn)?;
        match checkpoints.as_mut().filter(|checkpoints| checkpoints.is_due(session)) {
            Some(checkpoints) => checkpoints.save(session, &mut saver, &recording, &mut writer),
            None => Ok(()),
        }
    };
    let mut finished = run(&mut session, stop, &mut watch)?;
    progress.show(&mut || Ok(finished.picture.clone()), true)?;
    let is_stopped = matches!(finished.end, End::Stopped);
    // If the run can only start over, a checkpoint is of no use.
    let is_worth_it = delivery == Delivery::Always || (is_stopped && session.iteration() > 0);
    let is_to_fail = delivery == Delivery::WhenDone && !matches!(finished.end, End::Done | End::Plateau);
    let stills = if is_to_fail { Vec::new() } else { stills(&products, plan.settings(), &finished) };
    if let Some(checkpoints) = checkpoints.as_mut().filter(|_| is_worth_it) {
        let svg = stills.iter().find(|(product, _)| product.kind == SVG).and_then(|(_, bytes)| bytes.as_ref().ok());
        if let Some(svg) = svg {
            // The checkpoint records which files belong to the run.
            checkpoints.beside.svg_sha256 = Some(to_hex(&Sha256::digest(svg)));
        }
        checkpoints.save(&session, &mut saver, &recording, &mut writer)?;
    }
    match finished.end {
        End::Stopped if is_to_fail => return Err(Error::Stopped),
        End::Fault(fault) if is_to_fail => return Err(fault),
        _ => {}
    }
    // Other forms of the picture, such as an SVG, have no size in pixels.
    finished.picture = enlarger.enlarge_last(finished.picture, progress)?;
    let stills = stills
        .into_iter()
        .map(|(product, bytes)| write_whole(&product.path, &bytes?, product.existing).map(|()| product.path.clone()));
    let stills = stills.collect();
    let drawn = Drawn { finished, recording, stills, is_saved: writer.saved };
    let done = deliver(&products, &mut saver, drawn, delivery, progress)?;
    if let Some(checkpoints) = checkpoints.filter(|_| delivery == Delivery::WhenDone && done.failed.is_none())
        && let Err(error) = super::remove_checkpoint(&checkpoints.path)
    {
        progress.tell(Event::Warning { message: error.to_string() });
    }
    Ok(done)
}

/// The plan of the run, if there is enough memory for all jobs.
pub(super) fn plan(settings: Settings, limits: Limits, models: &Models, device: &ComputeDevice) -> Result<Plan> {
    let Limits { max_memory, jobs } = limits;
    let plan = Plan::within(max_memory.map(|bytes| bytes / jobs.max(1) as u64), settings, models, device)?;
    if jobs > 1 {
        let needed = plan.memory().saturating_mul(jobs as u64);
        let what = format!("{jobs} pictures at the same time");
        refuse_above_room(needed, None, plan.device(), &what, "lower ‹jobs›")?;
    }
    Ok(plan)
}

/// Checks that there is memory to encode the pictures of all jobs, beside what is held during the run.
fn check_encoding(products: &Products, plan: &Plan, Limits { max_memory, jobs }: Limits) -> Result<()> {
    for (path, size, bytes) in products.encoded(plan.settings())? {
        let needed = bytes.saturating_mul(jobs.max(1) as u64).saturating_add(plan.held());
        let what = format!("the {size} pixels of {}, with the models,", path.display());
        let is_picture = products.picture().is_some_and(|picture| picture.path == path);
        let hint = if is_picture {
            "give the picture a name that ends in .png, or make it smaller"
        } else {
            "make the picture smaller, or leave out ‹tile-proof›"
        };
        refuse_above_room(needed, max_memory, &ComputeDevice::processor(), &what, hint)?;
    }
    Ok(())
}

/// The picture in its other forms.
fn stills<'a>(products: &'a Products, settings: &Settings, finished: &Finished) -> Vec<(&'a Product, Result<Vec<u8>>)> {
    let still = |product: &'a Product| {
        let Make::Still(form) = product.kind.make else { return None };
        let encode = |pixels| (form.encode)(settings, &pixels, finished.drawing.as_ref());
        Some((product, to_pixels(&finished.picture).and_then(encode)))
    };
    products.iter().filter_map(still).collect()
}
