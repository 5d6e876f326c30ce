//! `text2art batch`: draws many pictures from a file of prompts.

mod display;
#[cfg(feature = "server")]
mod remote;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueHint;

use super::generate::prompt;
use crate::batch::{
    Common, Form, Ledger, Place, Places, Plan, Planned, Record, Results, Run, Source, Studio, is_own_sheet, is_page,
    on_this_machine, open, start, write_sheet,
};
use crate::cli::options::conduct::Conduct;
use crate::cli::options::{device, sources};
use crate::cli::terminal::report::{Progress, Reporter};
use crate::cli::terminal::{interrupt, line, stdout};
use crate::cli::{DONE, FAILED, INTERRUPTED};
#[cfg(feature = "server")]
use crate::client::Address;
use crate::device::DeviceChoice;
use crate::files::{Existing, check_target};
use crate::models::{Finder, Role};
use crate::progress::{Event, Stop};
use crate::resolve::combine;
use crate::settings::Overrides;
use crate::text::{at_least_one, count};
use crate::video::FileNames;
use crate::{Error, Result};
pub(super) use display::Display;

/// The arguments of `batch`.
#[derive(clap::Args)]
#[allow(clippy::option_option, reason = "an option whose value may be left out")]
pub(in crate::cli) struct Arguments {
    /// File of prompts (text, CSV, TSV, JSON or TOML), or - for standard input
    ///
    /// * text: one prompt per line, with options after two hyphens
    ///   (`a red apple -- --seed 3`); lines that begin with `#` are comments
    /// * .csv, .tsv: a header, then one picture per line; values are
    ///   separated by commas, semicolons or tabs
    /// * .json: an array of objects or strings
    /// * .jsonl: one object per line
    /// * .toml: one [[picture]] table per picture
    ///
    /// In all formats except text, columns or keys are setting names such
    /// as `prompt`, `seed` or `output`. In every format,
    /// `a {red,green} apple` and `--seed {1..8}` expand to several pictures.
    /// The options of a line override options on the command line.
    /// The file must be UTF-8 or UTF-16.
    #[arg(value_name = "FILE", verbatim_doc_comment)]
    file: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Name of each picture; may contain {slug}, {seed} and {number}
    ///
    /// If a name is taken, -2, -3 and so on are appended. A picture that already exists with the same settings is not drawn
    /// again. Folders that are missing are created if the name has such a field in it.
    #[arg(short, long, value_name = "TEMPLATE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    output: Option<OsString>,
    /// Draw all pictures again, and replace files that already exist
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// Write a checkpoint of each picture every N iterations
    ///
    /// The checkpoint of apple.png is apple.png.t2a, in the same folder. If the batch is stopped or killed, the same
    /// command resumes the picture, and the result is identical to an uninterrupted run. The checkpoint is deleted when
    /// the picture is done. For --gif or --mp4, the frames so far are kept in apple.png.t2a-frames until then. In the
    /// batch file, `checkpoint_every` sets N for one picture.
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    checkpoint_every: Option<u64>,
    #[command(flatten)]
    files: FileNames,
    /// Format of the batch file [default: detected from its name and content]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Form>,
    /// Draw each prompt with N seeds, and rank the pictures by CLIP
    ///
    /// Uses the prompt's seed and the N-1 seeds after it. If a seed is already taken for the same prompt and settings, the
    /// next free one is used instead, so `--seed {1..3} --samples 4` draws 12 different pictures.
    #[arg(long, value_name = "N", default_value = "1", value_parser = |text: &str| count::<u16>(text, 1..=4096))]
    samples: u16,
    /// Keep the N best pictures of each prompt and delete the rest
    ///
    /// Deletes only samples drawn by this or an earlier batch.
    #[arg(long, value_name = "N", requires = "samples", value_parser = |text: &str| count::<u16>(text, 1..=4096))]
    keep: Option<u16>,
    /// CLIP models that rank the samples (comma-separated) [default: the --clip models]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    rank_with: Vec<String>,
    /// Number of pictures to draw at the same time on each device
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Machine", value_parser = |text: &str| count::<u16>(text, 1..=256))]
    jobs: u16,
    /// Devices to spread the pictures over (comma-separated), instead of --device
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "device", help_heading = "Machine")]
    devices: Vec<DeviceChoice>,
    /// File for the results, one JSON line per picture, or `none`
    #[arg(long, value_name = "FILE", default_value = "results.jsonl", help_heading = "Output")]
    results: PathBuf,
    /// Also write one sheet with all pictures, as a .png or .html file; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    contact_sheet: Vec<PathBuf>,
    /// Configuration file, or `none`
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,
    /// Print what would be drawn, as JSON lines, without drawing
    #[arg(long, help_heading = "Settings")]
    dry_run: bool,
    /// Draw the pictures on a server, and fetch the files [default URL: same as for `submit`]
    ///
    /// The files and results are those of a batch on this machine. The first Ctrl-C stops waiting, but the server keeps
    /// drawing: run the same command again to fetch the pictures. A second Ctrl-C cancels the jobs. Without URL, the address
    /// comes from `TEXT2ART_SERVER`, else from `server` in the configuration file, else it is port 8080 of this machine.
    #[cfg(feature = "server")]
    #[arg(long, value_name = "URL", help_heading = "Server")]
    #[arg(conflicts_with_all = ["jobs", "devices", "device", "checkpoint_every", "threads", "max_memory"])]
    server: Option<Option<Address>>,
    #[command(flatten)]
    pub(in crate::cli) conduct: Conduct,
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    #[cfg(feature = "server")]
    if let Some(address) = &arguments.server {
        return remote::run(arguments, address.clone(), reporter);
    }
    let common = common(arguments, reporter)?;
    let devices = devices(&arguments.overrides, &arguments.devices, arguments.jobs, reporter)?;
    let sheets = sheets(arguments)?;
    let stop = interrupt::stop_on_signal(reporter, "iteration")?;
    check_rank_with(arguments, &stop, reporter)?;
    let (keep, scored) = (common.keep, common.is_scored());
    let (plan, results) = plan(arguments, common, &stop)?;
    if arguments.dry_run {
        return dry_run(plan, &stop, reporter);
    }
    let run = Run {
        devices,
        scored,
        rank_with: arguments.rank_with.clone(),
        offline: arguments.conduct.offline,
        max_memory: arguments.conduct.max_memory(),
        stop: stop.clone(),
    };
    let mut display = Display::new(reporter, run.devices.len());
    let (ledger, exit_code) = draw((on_this_machine(run), stop), plan, Ledger::new(keep, results), &mut display)?;
    write_sheets(&sheets, &ledger, reporter)?;
    Ok(exit_code)
}

/// The contact sheets, and what to do with an existing file for each.
fn sheets(arguments: &Arguments) -> Result<Vec<(&Path, Existing)>> {
    let sheets = arguments.contact_sheet.iter().map(PathBuf::as_path);
    sheets.map(|path| Ok((path, check_sheet(path, arguments.force)?))).collect()
}

/// Writes the contact sheets and reports them. Standard output has only what the lines of the batch asked for.
fn write_sheets(sheets: &[(&Path, Existing)], ledger: &Ledger, reporter: &Reporter) -> Result<()> {
    for (path, existing) in sheets {
        let path = write_sheet(path, &ledger.cards(), *existing)?;
        if matches!(reporter.progress(), Progress::Bar | Progress::Lines) {
            line(&format!("contact sheet: {}", path.display()));
        }
        reporter.tell(&Event::Saved { path });
    }
    Ok(())
}

/// The plan of a batch, and where its results go.
fn plan(arguments: &Arguments, common: Common, stop: &Stop) -> Result<(Plan, Results)> {
    let places = Places::new(arguments.output.clone(), arguments.files.clone(), arguments.force)?;
    let source = source(&arguments.file, arguments.format, stop)?;
    let results = match arguments.results.to_str() {
        Some("none") => Results::none(),
        _ if arguments.dry_run => Results::none(),
        _ => Results::open(&arguments.results)?,
    };
    let known = results.known().clone();
    Ok((Plan::new(common, source, places, known), results))
}

/// Draws all pictures of a plan until a stop, prints the names of their files, and reports the progress. Returns the exit
/// code.
pub(super) fn draw(
    (studio, stop): (Arc<dyn Studio>, Stop),
    plan: impl Iterator<Item = Planned> + Send + 'static,
    mut ledger: Ledger,
    display: &mut Display,
) -> anyhow::Result<(Ledger, u8)> {
    // A failure to write results is reported only once, and does not stop the batch: each picture has its recipe.
    let mut unwritten = false;
    // If names cannot be printed, the batch still continues.
    let mut printed = Ok(());
    for message in start(studio, stop.clone(), plan)? {
        let noted = ledger.note(&message);
        display.tell(&message, &ledger);
        match noted {
            Ok(Some(closed)) => {
                display.closed(&closed);
                printed = printed.and_then(|()| closed.files.iter().try_for_each(|path| stdout::print_path(path)));
            }
            Err(error) if !unwritten => {
                unwritten = true;
                display.warn(&format!("{error}; the batch continues"));
            }
            Ok(None) | Err(_) => {}
        }
    }
    display.finished(&ledger, stop.is_requested());
    printed?;
    let exit_code = if stop.is_requested() {
        INTERRUPTED
    } else if ledger.failed > 0 {
        FAILED
    } else {
        DONE
    };
    Ok((ledger, exit_code))
}

/// The options common to all lines, checked as far as possible without a line.
fn common(arguments: &Arguments, reporter: &Reporter) -> Result<Common> {
    let weaker = weaker(&arguments.overrides, arguments.config.as_deref(), reporter)?;
    let samples = usize::from(arguments.samples);
    let keep = arguments.keep.map(usize::from);
    if let Some(keep) = keep.filter(|keep| *keep > samples) {
        let problem = format!("--keep {keep} is more than --samples {samples}");
        return Err(Error::usage(problem, format!("keep at most {samples}, or draw more samples")));
    }
    let scored = !arguments.rank_with.is_empty();
    let still = !arguments.contact_sheet.is_empty();
    let (force, checkpoint_every) = (arguments.force, arguments.checkpoint_every);
    Ok(Common { weaker, samples, keep, scored, force, still, checkpoint_every })
}

/// The settings that a line overrides: those of the command line, the environment and the configuration file.
pub(super) fn weaker(overrides: &Overrides, config: Option<&Path>, reporter: &Reporter) -> Result<Vec<Overrides>> {
    let mut warnings = Vec::new();
    let environment = sources::environment(&mut |message| warnings.push(message))?;
    let weaker = vec![overrides.clone(), environment, sources::config_file(config)?];
    let any = Overrides { prompt: Some(prompt("any")?), ..Overrides::default() };
    combine(&[weaker.as_slice(), &[any]].concat())?;
    for message in warnings {
        reporter.tell(&Event::Warning { message });
    }
    Ok(weaker)
}

/// Checks, before pictures are drawn, that the models that rank are available or can be downloaded. A dry run downloads
/// none.
fn check_rank_with(arguments: &Arguments, stop: &Stop, reporter: &Reporter) -> Result<()> {
    let tell = |event| reporter.tell(&event);
    let finder = Finder::new(arguments.conduct.offline || arguments.dry_run, stop, &tell).without_conversions();
    for name in &arguments.rank_with {
        if arguments.dry_run {
            finder.missing(Role::Clip, name).map_err(of_rank_with)?;
        } else {
            finder.open(Role::Clip, name).map_err(of_rank_with)?;
        }
    }
    Ok(())
}

/// The error with the name of the option that named the model.
fn of_rank_with(error: Error) -> Error {
    match error {
        Error::Usage { message, hint } => Error::usage(message.replacen("--clip", "--rank-with", 1), hint),
        other => other,
    }
}

/// The device of each worker.
pub(super) fn devices(
    overrides: &Overrides,
    named: &[DeviceChoice],
    jobs: u16,
    reporter: &Reporter,
) -> Result<Vec<DeviceChoice>> {
    let common = [overrides.device.unwrap_or_default()];
    let all = named.is_empty();
    for device in if all { &common[..] } else { named } {
        device::open(*device, overrides.precision.unwrap_or_default(), reporter)?;
    }
    let jobs = usize::from(jobs);
    // Without a list, `auto` lets each line decide.
    let named = if all { &[DeviceChoice::Auto][..] } else { named };
    Ok(named.iter().flat_map(|device| std::iter::repeat_n(*device, jobs)).collect())
}

/// Checks that a sheet can be written. Returns what to do with an existing file.
fn check_sheet(path: &Path, force: bool) -> Result<Existing> {
    let is_picture = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if !is_picture && !is_page(path) {
        let problem = "unsupported file type; expected .png or .html";
        return Err(Error::file(path, problem, "give the contact sheet a name that ends in .png or .html"));
    }
    // A later run of the batch replaces its own sheet, which then has all pictures.
    check_target(path, force || is_own_sheet(path))
}

/// The lines; none if the batch was stopped before the first line.
pub(super) fn source(file: &Path, format: Option<Form>, stop: &Stop) -> Result<Source> {
    match open(file, format, stop) {
        Err(Error::Stopped) => {
            let name = file.display().to_string();
            Ok(Source { name, is_stream: true, entries: Box::new(std::iter::empty()) })
        }
        source => source,
    }
}

/// Prints what would be drawn, as a file that `batch` reads.
fn dry_run(plan: impl Iterator<Item = Planned>, stop: &Stop, reporter: &Reporter) -> anyhow::Result<u8> {
    let mut exit_code = DONE;
    for planned in plan {
        if stop.is_requested() {
            return Ok(INTERRUPTED);
        }
        match planned {
            Planned::Group(group) => {
                for sample in group.samples {
                    let record = Record { picture: Some((sample.files, sample.settings)), outcome: None };
                    stdout::print_json_line(&record.to_json()?)?;
                }
            }
            Planned::Same(_) => {}
            Planned::Warning(message) => reporter.tell(&Event::Warning { message }),
            Planned::Bad(place, error) => {
                tell_bad(&place, &error, reporter);
                exit_code = FAILED;
            }
        }
    }
    Ok(exit_code)
}

fn tell_bad(place: &Place, error: &Error, reporter: &Reporter) {
    let message = format!("{place}: {error}");
    reporter.tell(&Event::failed(message, error.hint(), FAILED));
}
