//! Following a job as if it were drawn here: its place among the others, its progress, its picture, and its files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Delivery;
use crate::cli::options::remote::Remote;
use crate::cli::terminal::detach::Detach;
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::stdout;
use crate::cli::{DONE, FAILED, INTERRUPTED};
use crate::client::{Drawn, Job, Server, Sight, State};
use crate::progress::{Ending, Event, Figures, Stop};
use crate::settings::Seed;
use crate::{Error, Result, picture};

/// How long another Ctrl-C is waited for.
const SECOND_PRESS: Duration = Duration::from_secs(3);

/// What following a job needs.
pub(in crate::cli) struct Following<'a> {
    pub(in crate::cli) server: &'a Server,
    /// How the server was found
    pub(in crate::cli) remote: &'a Remote,
    pub(in crate::cli) config: Option<&'a Path>,
    pub(in crate::cli) detach: &'a Detach,
    pub(in crate::cli) reporter: &'a Reporter,
}

/// Follows a job to its end, fetches its files, and returns the exit code that drawing it here would have.
pub(in crate::cli) fn follow(following: &Following, job: &Job, delivery: Option<&Delivery>) -> anyhow::Result<u8> {
    let Following { server, reporter, .. } = following;
    let mut told = Told { server, reporter, claim: None, iteration: 0, place: None };
    let watched = server.watch(&job.id, &mut |sight| told.tell(sight));
    let delivered = watched.map_err(anyhow::Error::from).and_then(|job| end(following, &job, delivery));
    match delivered {
        Err(error) if matches!(error.downcast_ref(), Some(Error::Stopped)) => {
            Ok(leave(following, job, delivery).map_or_else(|error| reporter.failed(&error), |()| INTERRUPTED))
        }
        delivered => delivered,
    }
}

/// What was told of a job.
struct Told<'a> {
    server: &'a Server,
    reporter: &'a Reporter,
    /// The worker's claim whose beginning was told
    claim: Option<u64>,
    /// Iterations
    iteration: usize,
    /// The place among the others, and how many they are
    place: Option<(u64, u64)>,
}

impl Told<'_> {
    fn tell(&mut self, sight: Sight) -> Result<()> {
        let job = match sight {
            Sight::Job(job) => job,
            Sight::Lost(why) => {
                let message = format!("{why}; trying again");
                self.reporter.tell(&Event::Warning { message });
                return Ok(());
            }
            Sight::Back => {
                self.reporter.tell(&Event::Warning { message: "the server answers again".into() });
                return Ok(());
            }
        };
        match job.state {
            State::Queued => self.wait(job),
            State::Running => self.run(job)?,
            State::Done => self.step(job),
            State::Dead | State::Cancelled => {}
        }
        Ok(())
    }

    fn wait(&mut self, job: &Job) {
        if self.claim.take().is_some() {
            let message = "the worker gave the job back; another one goes on".to_owned();
            self.reporter.tell(&Event::Warning { message });
        }
        let Some(position) = job.position else { return };
        let waiting = job.waiting.unwrap_or(position);
        if self.place.replace((position, waiting)) != Some((position, waiting)) {
            self.reporter.tell(&Event::Waiting { position, waiting, starts_in: job.starts_in });
        }
    }

    fn run(&mut self, job: &Job) -> Result<()> {
        let Some(iterations) = job.iterations else { return Ok(()) };
        if self.claim != Some(job.claim) {
            (self.claim, self.place, self.iteration) = (Some(job.claim), None, job.iteration.unwrap_or(0));
            let (width, height) = size(job);
            let done = self.iteration;
            let (seed, gpu, iterations_per_frame) = (seed(job), None, None);
            let started = Event::Started { iterations, done, width, height, seed, gpu, iterations_per_frame };
            self.reporter.tell(&started);
        }
        self.step(job);
        if job.preview.is_some() {
            self.reporter.show_image(|| Ok(self.server.preview(job)?.and_then(|png| decoded(&png))), false)?;
        }
        Ok(())
    }

    fn step(&mut self, job: &Job) {
        if let (Some(iteration), Some(loss)) = (job.iteration.filter(|count| *count > self.iteration), job.loss)
            && self.claim.is_some()
        {
            self.iteration = iteration;
            self.reporter.tell(&Event::Step { iteration: iteration - 1, loss, fit: job.fit, losses: Vec::new() });
        }
    }
}

/// Reports how a job ended, and fetches its files if it is done.
fn end(following: &Following, job: &Job, delivery: Option<&Delivery>) -> anyhow::Result<u8> {
    let reporter = following.reporter;
    match job.state {
        State::Cancelled => {
            let message = format!("the job {} was canceled", job.id);
            let hint = "submit it again if you still want it".to_owned();
            reporter.tell(&Event::failed(message, hint, INTERRUPTED));
            return Ok(INTERRUPTED);
        }
        State::Dead => {
            let message = job.error.clone().unwrap_or_else(|| "the server gives no reason".to_owned());
            let hint = job.hint.clone().unwrap_or_else(|| "ask whoever runs the server".to_owned());
            let message = format!("the job {} failed: {message}", job.id);
            reporter.tell(&Event::failed(message, hint, FAILED));
            return Ok(FAILED);
        }
        State::Queued | State::Running | State::Done => {}
    }
    let tell = |event: &Event| reporter.tell(event);
    let paths = delivery.map(|delivery| delivery.deliver(following.server, job, &tell)).transpose()?;
    let paths = paths.unwrap_or_default();
    reporter.tell(&finished(job, paths.first().cloned().filter(|_| delivery.is_some_and(|to| !to.is_stream))));
    paths.iter().try_for_each(|path| stdout::print_path(path))?;
    Ok(DONE)
}

/// The event of a job that is done.
fn finished(job: &Job, path: Option<PathBuf>) -> Event {
    let drawn = job.result.as_ref();
    let figures = drawn.map_or_else(Figures::default, |drawn| drawn.figures);
    let figures = Figures { loss: figures.loss.or(job.loss), fit: figures.fit.or(job.fit), ..figures };
    let (width, height) = drawn.map_or_else(|| size(job), |drawn| (drawn.width, drawn.height));
    let iterations_total = job.iterations.unwrap_or_default();
    let iterations = job.iteration.unwrap_or(iterations_total);
    let settled = iterations < iterations_total && job.settings.get("auto_stop").is_some_and(|auto| auto == true);
    Event::Finished {
        path,
        seed: drawn.map_or_else(|| seed(job), |drawn| drawn.seed),
        iterations,
        figures,
        seconds: drawn.map_or(0.0, |Drawn { seconds, .. }| *seconds),
        width,
        height,
        iterations_total,
        ending: if settled { Ending::Settled } else { Ending::Done },
    }
}

/// Leaves a job to its server, unless the user presses Ctrl-C again: then the job is canceled.
fn leave(following: &Following, job: &Job, delivery: Option<&Delivery>) -> anyhow::Result<()> {
    let Following { remote, config, detach, reporter, .. } = following;
    reporter.end();
    let output = delivery.map_or_else(|| " --watch".to_owned(), Delivery::as_option);
    let go_on = format!("the job goes on: text2art jobs {}{output}{}", job.id, remote.as_option());
    let acknowledgment = reporter.acknowledgment();
    if !detach.is_by_key() {
        acknowledgment.tell(go_on);
        return Ok(());
    }
    acknowledgment.tell(format!("{go_on}; press Ctrl-C again to cancel it"));
    if !detach.is_pressed_again(SECOND_PRESS) {
        return Ok(());
    }
    // The first connection has ended with the first Ctrl-C.
    let canceled = remote.connect(*config, &Stop::default())?.cancel(&job.id)?;
    let message = match canceled.state {
        State::Done | State::Dead => "the job had ended before",
        State::Queued | State::Running | State::Cancelled => "the job is canceled",
    };
    acknowledgment.tell(message.to_owned());
    Ok(())
}

/// The size of a job's picture, in pixels.
fn size(job: &Job) -> (usize, usize) {
    let size = job.settings.get("size").and_then(|size| size.as_str()?.parse::<picture::Size>().ok());
    size.map_or((0, 0), |size| (size.width, size.height))
}

fn seed(job: &Job) -> u64 {
    let seed = job.settings.get("seed").and_then(|seed| serde_json::from_value::<Seed>(seed.clone()).ok());
    seed.unwrap_or_default().0
}

/// The pixels of a PNG; none if it cannot be read, since a preview can be missed.
fn decoded(png: &[u8]) -> Option<image::RgbImage> {
    let mut file = tempfile::NamedTempFile::with_suffix(".png").ok()?;
    std::io::Write::write_all(&mut file, png).ok()?;
    picture::read(file.path()).ok()
}
