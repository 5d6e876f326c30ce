//! Shows the progress of a batch on standard error.

use std::time::Instant;

use serde_json::{Value, json};

use crate::batch::{Closed, Drawn, Failures, Ledger, Message, Place, Planned, Task};
use crate::cli::terminal;
use crate::cli::terminal::report::{Progress, Reporter};
use crate::cli::terminal::{Bar, Tone, Unit, json_line, line};
use crate::models::hub::megabytes;
use crate::progress::{Event, Figures};
use crate::{Error, Result};

/// The longest error that programs get again at the end, in characters.
const LONGEST_FAILURE: usize = 300;

/// The display of a batch.
pub(in crate::cli) struct Display {
    progress: Progress,
    bars: Option<Bars>,
    /// The picture of each worker: its number in the order of their starts, and its name
    current: Vec<(usize, String)>,
    begun: usize,
    ended: usize,
    started: Instant,
}

/// A bar for all pictures, and below it a bar for each worker, or for the first workers that draw.
struct Bars {
    all: Bar,
    /// The bars, each with its worker
    workers: Vec<(Option<usize>, Bar)>,
}

impl Bars {
    fn new(workers: usize, shown: usize) -> Self {
        let mut all = Bar::new(Unit::Pictures, None);
        all.show(0);
        let owner = |index| (shown >= workers).then_some(index);
        Self { all, workers: (0..shown).map(|index| (owner(index), Bar::new(Unit::Iterations, None))).collect() }
    }

    /// The bar of a worker, if it has one.
    fn of(&mut self, worker: usize) -> Option<&mut Bar> {
        self.workers.iter_mut().find(|(owner, _)| *owner == Some(worker)).map(|(_, bar)| bar)
    }

    /// Gives a free bar, if any, to a worker that has none.
    fn take(&mut self, worker: usize) {
        let has_one = self.workers.iter().any(|(owner, _)| *owner == Some(worker));
        if let Some((owner, _)) = self.workers.iter_mut().find(|(owner, _)| !has_one && owner.is_none()) {
            *owner = Some(worker);
        }
    }

    /// Clears the bar of a worker. If there are fewer bars than workers, another worker can take this bar.
    fn rest(&mut self, worker: usize, workers: usize) {
        let are_enough = self.workers.len() >= workers;
        if let Some((owner, bar)) = self.workers.iter_mut().find(|(owner, _)| *owner == Some(worker)) {
            bar.rest();
            owner.take_if(|_| !are_enough);
        }
    }
}

impl Display {
    /// A display of this number of workers, each with a bar.
    pub(in crate::cli) fn new(reporter: &Reporter, workers: usize) -> Self {
        Self::with_bars(reporter, workers, workers)
    }

    /// A display of `workers` workers, of which at most `shown` have a bar while they draw.
    pub(in crate::cli) fn with_bars(reporter: &Reporter, workers: usize, shown: usize) -> Self {
        let progress = reporter.progress();
        let bars = (progress == Progress::Bar).then(|| Bars::new(workers, shown.min(workers)));
        let current = vec![(0, String::new()); workers];
        Self { progress, bars, current, begun: 0, ended: 0, started: Instant::now() }
    }

    /// Shows a message that the ledger has recorded.
    pub(in crate::cli) fn tell(&mut self, message: &Message, ledger: &Ledger) {
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
        if let Some(bars) = &mut self.bars {
            bars.all.set_total(Some(ledger.planned as u64));
            bars.all.set_note(if ledger.failed > 0 { format!("{} failed", ledger.failed) } else { String::new() });
            bars.all.show((ledger.drawn + ledger.skipped + ledger.failed) as u64);
        }
    }

    /// Reports the outcome of a line to programs.
    pub(in crate::cli) fn closed(&self, closed: &Closed) {
        for record in closed.records.iter().filter(|_| self.progress == Progress::Json) {
            if let Ok(Value::Object(mut record)) = record.to_json() {
                record.insert("event".into(), "result".into());
                json_line(&Value::Object(record).to_string());
            }
        }
    }

    pub(in crate::cli) fn warn(&self, message: &str) {
        match self.progress {
            Progress::Json => json_line(&json!({ "event": "warning", "message": message }).to_string()),
            _ => terminal::warning(message),
        }
    }

    /// Reports the result of the batch.
    pub(in crate::cli) fn finished(&mut self, ledger: &Ledger, interrupted: bool) {
        self.bars = None;
        let write = if self.progress == Progress::Json { json_line } else { line };
        for text in failures(ledger, self.progress) {
            write(&text);
        }
        let Ledger { drawn, skipped, failed, .. } = ledger;
        let seconds = self.started.elapsed().as_secs_f64();
        match self.progress {
            Progress::Json => {
                let event = json!({
                    "event": "batch_finished", "drawn": drawn, "skipped": skipped, "failed": failed, "seconds": seconds
                });
                json_line(&event.to_string());
            }
            Progress::None => {}
            _ => {
                let counts = format!("{drawn} drawn, {skipped} already done, {failed} failed, {seconds:.1} s");
                if interrupted {
                    terminal::labeled(Tone::Warning, "interrupted:", &counts);
                } else {
                    line(&counts);
                }
            }
        }
    }

    fn begin(&mut self, worker: usize, task: &Task) {
        self.begun += 1;
        let sample = &task.sample;
        let name = sample.files.output().display().to_string();
        if self.progress == Progress::Json {
            let event = json!({
                "event": "begun", "item": self.begun, "output": name,
                "prompt": sample.settings.prompt, "seed": sample.settings.seed,
            });
            json_line(&event.to_string());
        }
        if let Some(bar) = self.bars.as_mut().and_then(|bars| bars.of(worker)) {
            bar.set_unit(Unit::Iterations, None);
            bar.set_name(&name);
            bar.set_note(String::new());
            bar.begin(0);
        }
        self.current[worker] = (self.begun, name);
    }

    fn event(&mut self, worker: usize, event: &Event) {
        let (item, name) = &self.current[worker];
        if self.progress == Progress::Json {
            if let Ok(Value::Object(mut event)) = serde_json::to_value(event) {
                event.insert("item".into(), (*item).into());
                json_line(&Value::Object(event).to_string());
            }
            return;
        }
        match event {
            Event::Warning { message } => self.warn(&format!("{name}: {message}")),
            Event::Download { model, bytes, from, .. } if self.progress != Progress::None => {
                let size = bytes.map_or_else(|| "of unknown size".into(), megabytes);
                line(&format!("downloading {model}: {size}, from {from}"));
            }
            Event::Converting { file } if self.progress != Progress::None => line(&format!("converting {file}, once")),
            _ => {}
        }
        let Some(bars) = &mut self.bars else { return };
        if matches!(event, Event::Started { .. }) {
            bars.take(worker);
        }
        let Some(bar) = bars.of(worker) else { return };
        match event {
            Event::Downloaded { file, all_done, all_total, .. } => {
                bar.set_unit(Unit::Bytes, *all_total);
                bar.set_name(file);
                bar.show(*all_done);
            }
            Event::Started { iterations, done, .. } => {
                bar.set_unit(Unit::Iterations, Some(*iterations as u64));
                bar.set_name(name);
                bar.begin(*done as u64);
            }
            Event::Step { iteration, loss, fit, .. } => {
                let figures = Figures::lately(Some(*loss), *fit);
                bar.set_note(figures.in_short().unwrap_or_default());
                bar.show(*iteration as u64 + 1);
            }
            _ => {}
        }
    }

    fn end(&mut self, worker: usize, task: &Task, result: &Result<Drawn>, seconds: f64, ledger: &Ledger) {
        let name = task.sample.files.output().display();
        let workers = self.current.len();
        if let Some(bars) = &mut self.bars {
            bars.rest(worker, workers);
        }
        match result {
            Ok(drawn) if self.progress == Progress::Lines => {
                let how = drawn.recipe.result.figures.behind_words();
                let score = drawn.score.map_or_else(String::new, |score| format!(", score {score:.4}"));
                let more = if ledger.all_planned { "" } else { "+" };
                let done = ledger.drawn + ledger.skipped + ledger.failed;
                line(&format!("{done} of {}{more}: {name}{how}{score}, {seconds:.1} s", ledger.planned));
            }
            Ok(_) | Err(Error::Stopped) => {}
            Err(error) => self.failed(&format!("{}: {name}: {error}", task.place), &error.hint()),
        }
    }

    fn failed(&self, message: &str, hint: &str) {
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.progress == Progress::Json {
            json_line(&json!({ "event": "item_failed", "message": message, "hint": hint }).to_string());
        } else {
            terminal::error(&message, hint);
        }
    }
}

/// The lines that failed, at the end, because their errors may have scrolled away. Programs get the errors again.
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
            let mut lines: Vec<usize> = lines.into_iter().map(|(line, _)| line).collect();
            lines.sort_unstable();
            lines.dedup();
            let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
            let word = if lines.len() == 1 && more.is_empty() { "line" } else { "lines" };
            let listed = lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let file = first.first().map_or("", |(place, _)| &place.file);
            vec![format!("failed: {file} {word} {listed}{more}")]
        }
    }
}
