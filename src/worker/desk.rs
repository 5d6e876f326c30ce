//! A slot, and the process that is kept in it between jobs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::beats::Reasons;
use super::follow::{Ran, follow};
use super::process::{Process, Work};
use super::report::{Parting, WorkerEvent};
use super::setup::Setup;
use super::slot::Slot;
use super::uploads::Uploads;
use crate::error::{Error, Result};
use crate::queue::Progress;

/// A slot with its process. While a job is drawn, the process belongs to whoever draws: if that is dropped, the process
/// ends.
pub(super) struct Desk {
    pub(super) slot: Slot,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The process without a job, and the time since which it has had none
    kept: Option<(Process, Instant)>,
    /// Why the last process ended
    parting: Option<Parting>,
}

impl Desk {
    pub(super) fn new(slot: Slot) -> Self {
        Self { slot, state: Mutex::default() }
    }

    /// Draws a job with the kept process if it suits the job, otherwise with a new process in its place.
    ///
    /// # Errors
    ///
    /// If the system cannot start a process.
    pub(super) async fn draw(
        &self,
        setup: &Setup,
        work: &Work<'_>,
        reasons: &mut Reasons,
        progress: &watch::Sender<Progress>,
        uploads: &Uploads,
    ) -> Result<Ran> {
        loop {
            let mut process = self.process(setup, work).await?;
            let ran = follow(&mut process, &setup.limits, reasons, progress, uploads).await;
            self.keep(setup, process, &ran).await;
            if !ran.is_void() {
                return Ok(ran);
            }
        }
    }

    /// The process for a job, which it has been given.
    async fn process(&self, setup: &Setup, work: &Work<'_>) -> Result<Process> {
        let kept = self.state().kept.take();
        if let Some((mut process, _)) = kept {
            let parting = if process.child.has_ended() {
                Parting::Died
            } else if !process.suits(work) {
                Parting::Unsuitable
            } else if process.assign(setup, work).await.is_ok() {
                return Ok(process);
            } else {
                Parting::Died
            };
            self.end(process, parting).await;
        }
        let process = Process::start(setup, &self.slot, work).await.map_err(|error| {
            let program = setup.program.display();
            Error::network(format!("cannot start {program}: {error}"), "check the worker's machine")
        })?;
        let after = self.state().parting.take();
        let process_id = process.child.id();
        setup.tell(WorkerEvent::ProcessStarted { slot: self.slot.number(), process: process_id, after });
        Ok(process)
    }

    /// Keeps a process for the next job, unless the last job left it in doubt.
    async fn keep(&self, setup: &Setup, process: Process, ran: &Ran) {
        match process.parting(ran, setup.jobs_per_process) {
            None => self.state().kept = Some((process, Instant::now())),
            Some(parting) => self.end(process, parting).await,
        }
    }

    /// Ends the kept process if it has had no job for too long, so that its memory is free for others.
    pub(super) async fn rest(&self, setup: &Setup) {
        let limit = setup.limits.idle;
        let kept = self.state().kept.take();
        let Some((mut process, since)) = kept else { return };
        if process.child.has_ended() {
            self.end(process, Parting::Died).await;
        } else if since.elapsed() < limit {
            self.state().kept = Some((process, since));
        } else {
            let (slot, process_id) = (self.slot.number(), process.child.id());
            setup.tell(WorkerEvent::ProcessIdle { slot, process: process_id, limit });
            self.end(process, Parting::Idle).await;
        }
    }

    /// Ends the kept process.
    pub(super) async fn close(&self) {
        let kept = self.state().kept.take();
        if let Some((process, _)) = kept {
            process.child.end().await;
        }
    }

    async fn end(&self, process: Process, parting: Parting) {
        process.child.end().await;
        self.state().parting = Some(parting);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is changed in single steps.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
