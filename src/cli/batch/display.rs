//! One display for all pictures of a batch, on standard error.

use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::super::report::{Progress, Reporter, line};
use crate::batch::{Closed, Drawn, Failures, Ledger, Message, Place, Planned, Task};
use crate::models::hub::megabytes;
use crate::session::Event;
use crate::{Error, Result};

/// The longest reason that is told again at the end, in characters.
const LONGEST_FAILURE: usize = 300;

/// Shows how a batch goes.
pub(super) struct Display {
    progress: Progress,
    bars: Option<Bars>,
    /// What each worker is at: its number among all that were begun, and its name
    current: Vec<(usize, String)>,
    begun: usize,
    ended: usize,
    started: Instant,
}

/// A bar for all pictures, and one for each worker beneath.
struct Bars {
    together: MultiProgress,
    all: ProgressBar,
    workers: Vec<ProgressBar>,
}

impl Bars {
    fn new(workers: usize) -> Self {
        let together = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bar = |template: &str| {
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = together.add(ProgressBar::new(0));
            bar.set_style(style);
            bar
        };
        let all = bar("{bar:30} {pos}/{len} pictures · {eta} left{msg}");
        let workers = (0..workers).map(|_| bar("{bar:30} {pos}/{len} · {msg}")).collect();
        Self { together, all, workers }
    }
}

impl Display {
    pub(super) fn new(reporter: &Reporter, workers: usize) -> Self {
        let progress = reporter.progress();
        let bars = (progress == Progress::Bar).then(|| Bars::new(workers));
        let current = vec![(0, String::new()); workers];
        Self { progress, bars, current, begun: 0, ended: 0, started: Instant::now() }
    }

    /// Shows a message that the ledger has noted.
    pub(super) fn tell(&mut self, message: &Message, ledger: &Ledger) {
        match message {
            Message::Planned(Planned::Bad(place, error)) => self.failed(&format!("{place}: {error}"), &error.hint()),
            Message::Planned(Planned::Warning(message)) => self.warn(message),
            Message::Planned(_) | Message::AllPlanned => {}
            Message::Begun { worker, task } => self.begin(*worker, task),
            Message::Event { worker, event } => self.event(*worker, event),
            Message::Ended { worker, task, result, seconds } => {
                self.ended += 1;
                self.end(*worker, task, result, *seconds, ledger);
            }
        }
        if let Some(bars) = &self.bars {
            bars.all.set_length(ledger.planned as u64);
            bars.all.set_position((ledger.drawn + ledger.skipped + ledger.failed) as u64);
            let failed = if ledger.failed > 0 { format!(" · {} failed", ledger.failed) } else { String::new() };
            bars.all.set_message(failed);
        }
    }

    /// Tells programs what became of a line.
    pub(super) fn closed(&self, closed: &Closed) {
        for record in closed.records.iter().filter(|_| self.progress == Progress::Json) {
            if let Ok(Value::Object(mut record)) = record.to_json() {
                record.insert("event".into(), "result".into());
                line(&Value::Object(record).to_string());
            }
        }
    }

    pub(super) fn warn(&self, message: &str) {
        match self.progress {
            Progress::Json => line(&json!({ "event": "warning", "message": message }).to_string()),
            _ => self.say(&format!("warning: {message}")),
        }
    }

    /// Tells how it all went.
    pub(super) fn finished(&self, ledger: &Ledger) {
        if let Some(bars) = &self.bars {
            let _ = bars.together.clear();
        }
        for text in failures(ledger, self.progress) {
            line(&text);
        }
        let Ledger { drawn, skipped, failed, .. } = ledger;
        let seconds = self.started.elapsed().as_secs_f64();
        match self.progress {
            Progress::Json => {
                let event = json!({
                    "event": "batch_finished", "drawn": drawn, "skipped": skipped, "failed": failed, "seconds": seconds
                });
                line(&event.to_string());
            }
            Progress::None => {}
            _ => line(&format!("{drawn} drawn, {skipped} there already, {failed} failed, {seconds:.1} s")),
        }
    }

    fn begin(&mut self, worker: usize, task: &Task) {
        self.begun += 1;
        let sample = &task.sample;
        let name = sample.files.output.display().to_string();
        if self.progress == Progress::Json {
            let event = json!({
                "event": "begun", "item": self.begun, "output": name,
                "prompt": sample.settings.prompt, "seed": sample.settings.seed,
            });
            line(&event.to_string());
        }
        if let Some(bar) = self.bars.as_ref().and_then(|bars| bars.workers.get(worker)) {
            bar.set_message(name.clone());
            bar.reset();
        }
        self.current[worker] = (self.begun, name);
    }

    fn event(&self, worker: usize, event: &Event) {
        let (item, name) = &self.current[worker];
        if self.progress == Progress::Json {
            if let Ok(Value::Object(mut event)) = serde_json::to_value(event) {
                event.insert("item".into(), (*item).into());
                line(&Value::Object(event).to_string());
            }
            return;
        }
        let bar = self.bars.as_ref().and_then(|bars| bars.workers.get(worker));
        match (event, bar) {
            (Event::Warning { message }, _) => self.warn(&format!("{name}: {message}")),
            (Event::Download { model, bytes, from, .. }, _) if self.progress != Progress::None => {
                let size = bytes.map_or_else(|| "of unknown size".into(), megabytes);
                self.say(&format!("downloading {model}: {size}, from {from}"));
            }
            (Event::Converting { file }, _) if self.progress != Progress::None => {
                self.say(&format!("converting {file}, once"));
            }
            (Event::Downloaded { file, all_done, all_total, .. }, Some(bar)) => {
                bar.set_length(all_total.unwrap_or(*all_done));
                bar.set_position(*all_done);
                bar.set_message(format!("bytes of {file}"));
            }
            (Event::Started { iterations, .. }, Some(bar)) => {
                bar.set_length(*iterations as u64);
                bar.set_message(name.clone());
            }
            (Event::Step { iteration, loss, .. }, Some(bar)) => {
                bar.set_position(*iteration as u64 + 1);
                bar.set_message(format!("loss {loss:.4} · {name}"));
            }
            _ => {}
        }
    }

    fn end(&self, worker: usize, task: &Task, result: &Result<Drawn>, seconds: f64, ledger: &Ledger) {
        let name = task.sample.files.output.display();
        if let Some(bar) = self.bars.as_ref().and_then(|bars| bars.workers.get(worker)) {
            bar.set_message("");
        }
        match result {
            Ok(drawn) if self.progress == Progress::Lines => {
                let loss = drawn.recipe.result.loss.map_or_else(String::new, |loss| format!(", loss {loss:.4}"));
                let score = drawn.score.map_or_else(String::new, |score| format!(", score {score:.4}"));
                let more = if ledger.all_planned { "" } else { "+" };
                let done = ledger.drawn + ledger.skipped + ledger.failed;
                line(&format!("{done} of {}{more}: {name}{loss}{score}, {seconds:.1} s", ledger.planned));
            }
            Ok(_) | Err(Error::Stopped) => {}
            Err(error) => self.failed(&format!("{}: {name}: {error}", task.place), &error.hint()),
        }
    }

    fn failed(&self, message: &str, hint: &str) {
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.progress == Progress::Json {
            line(&json!({ "event": "item_failed", "message": message, "hint": hint }).to_string());
        } else {
            self.say(&format!("error: {message}\nhint: {hint}"));
        }
    }

    /// Writes something above the bars.
    pub(super) fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.together.suspend(write),
            None => write(),
        }
    }

    fn say(&self, text: &str) {
        self.above(|| line(text));
    }
}

/// What failed, to be told again at the end: among many lines it was long ago.
fn failures(ledger: &Ledger, progress: Progress) -> Vec<String> {
    let Failures { first, more } = &ledger.failures;
    let shown = |(place, error): &(Place, String)| {
        let words = error.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = words.chars().take(LONGEST_FAILURE).collect();
        let cut = if short.len() < words.len() { "…" } else { "" };
        (place.line, format!("{place}: {short}{cut}"))
    };
    let lines: Vec<_> = first.iter().map(shown).collect();
    match progress {
        Progress::None => Vec::new(),
        _ if lines.is_empty() => Vec::new(),
        Progress::Json => {
            let lines: Vec<_> =
                lines.iter().map(|(line, message)| json!({ "line": line, "message": message })).collect();
            vec![json!({ "event": "failures", "failures": lines, "more": more }).to_string()]
        }
        _ => {
            let more = (*more > 0).then(|| format!("  and {more} more"));
            let told = lines.into_iter().map(|(_, text)| format!("  {text}")).chain(more);
            std::iter::once("failed:".to_owned()).chain(told).collect()
        }
    }
}
