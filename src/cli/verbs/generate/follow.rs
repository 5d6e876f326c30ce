//! Runs a job in the terminal: its picture may go to standard output, and its result becomes the exit code.

use std::cell::RefCell;
use std::path::PathBuf;

use candle_core::Tensor;

use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::stdout;
use crate::cli::{DONE, FAILED, INTERRUPTED};
use crate::device::ComputeDevice;
use crate::drawer;
use crate::files::{Existing, Naming, write_beside};
use crate::job::{Done, Job, Progress};
use crate::progress::{Event, Stop};
use crate::session::{End, Models};
use crate::{Error, Result};

/// Reports the events of a job.
struct Follower<'a> {
    reporter: &'a Reporter,
    /// The name of the picture if standard output does not take it
    name: PathBuf,
    /// Why standard output did not take it
    unprinted: RefCell<Option<anyhow::Error>>,
}

impl Progress for Follower<'_> {
    fn tell(&self, event: Event) {
        self.reporter.tell(&event);
    }

    fn show(&self, picture: &mut dyn FnMut() -> Result<Tensor>, is_final: bool) -> Result<()> {
        self.reporter.show(picture, is_final)
    }

    fn take(&self, png: &[u8]) -> Result<()> {
        stdout::print(png).map_err(|error| {
            *self.unprinted.borrow_mut() = Some(self.rescue(error, png));
            Error::Stopped
        })
    }
}

impl Follower<'_> {
    /// Saves a picture that standard output did not take.
    fn rescue(&self, error: anyhow::Error, png: &[u8]) -> anyhow::Error {
        let place = std::env::temp_dir().join(self.name.file_name().unwrap_or_default());
        match (error.downcast::<stdout::Unprinted>(), write_beside(&place, png, Existing::Keep)) {
            (Ok(error), Ok(kept)) => error.with_path(&kept).into(),
            (Ok(error), Err(_)) => error.into(),
            (Err(error), _) => error,
        }
    }
}

/// Runs a job, reports its result, prints the names of its files and returns the exit code.
pub(in crate::cli) fn run_job(
    job: Job,
    models: &Models,
    device: &ComputeDevice,
    stop: &Stop,
    reporter: &Reporter,
) -> anyhow::Result<u8> {
    let settings = job.settings.clone();
    let is_stream = job.products.output().as_os_str().is_empty();
    let is_movie = job.products.instead().is_some();
    let name = Naming::Free.path(&settings.prompt.all()[0].text, settings.seed.0);
    let follower = Follower { reporter, name, unprinted: RefCell::default() };
    let done = job.run(models, device, stop, &follower);
    if let Some(error) = follower.unprinted.into_inner() {
        return Err(error);
    }
    let Done { recipe, paths, lost, failed, end, .. } = done?;
    if lost.is_none() {
        // --pixel-zoom does not change movies. If a movie failed, its last picture was saved.
        let size = if is_movie && failed.is_none() {
            settings.upscaled_size()
        } else {
            drawer::of(&settings.drawer)?.finished_size(&settings)
        };
        reporter.tell(&Event::Finished {
            path: paths.first().filter(|_| !is_stream).cloned(),
            seed: settings.seed.0,
            iterations: recipe.result.iterations_done,
            figures: recipe.result.figures,
            seconds: reporter.seconds(),
            width: size.width,
            height: size.height,
            iterations_total: settings.iterations_to_run(),
            ending: end.ending(),
        });
    }
    for path in paths.iter().filter(|_| !is_stream) {
        stdout::print_path(path)?;
    }
    if let Some(error) = lost {
        return Err(error.into());
    }
    if let End::Fault(fault) = &end {
        let message = format!("{fault}; the last good picture was saved");
        reporter.tell(&Event::failed(message, fault.hint(), FAILED));
        return Ok(FAILED);
    }
    if let Some(error) = failed {
        let message = format!("{error}; the picture was saved");
        reporter.tell(&Event::failed(message, error.hint(), FAILED));
        return Ok(FAILED);
    }
    Ok(if matches!(end, End::Stopped) { INTERRUPTED } else { DONE })
}
