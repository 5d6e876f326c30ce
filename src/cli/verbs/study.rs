//! `text2art study`: subjects in many styles, side by side.

use std::path::{Path, PathBuf};

use clap::ValueHint;

use super::batch::{Display, devices, draw, source, weaker};
use crate::batch::{
    Common, Form, Ledger, Places, Plan, Results, Run, Study, is_own_page, is_own_sheet, is_page, on_this_machine,
    sheet_names, write_study,
};
use crate::cli::PROGRAM;
use crate::cli::options::conduct::Conduct;
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::device::DeviceChoice;
use crate::files::{Existing, check_target};
use crate::models::embedded;
use crate::progress::Event;
use crate::settings::{Overrides, SeedChoice, StyleName};
use crate::styles::{Group, Style};
use crate::text::{at_least_one, count, near_names, question};
use crate::video::FileNames;
use crate::{Error, Result};

/// What `--styles` calls all styles.
const ALL: &str = "all";

/// The arguments of `study`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// File of subjects, in any format that `batch` reads, or - for standard input
    ///
    /// Each line is a prompt, such as `a mushroom`, with options after two hyphens if needed. Each subject is drawn without
    /// a style and in each style, with one seed.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Styles to compare: groups, styles (comma-separated), or `all`
    ///
    /// `text2art styles` lists the groups and their styles. `all` and groups leave out styles that the embedded model does
    /// not know if it alone judges pictures.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = ALL)]
    styles: Vec<String>,
    /// Page to write, an .html file; its pictures go to a folder beside it
    ///
    /// The page filters and sorts the styles by name and by score. Pictures that exist already with the same settings are
    /// not drawn again, so the same command continues a study that was stopped.
    #[arg(short, long, value_name = "FILE", default_value = "study.html", help_heading = "Output", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// Also write PNGs with labels, numbered if there are several
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    sheet: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Draw all pictures again, and replace files that already exist
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// Write a checkpoint of each picture every N iterations
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    checkpoint_every: Option<u64>,
    /// Format of the file [default: detected from its name and content]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Form>,
    /// Number of pictures to draw at the same time on each device
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Machine", value_parser = |text: &str| count::<u16>(text, 1..=256))]
    jobs: u16,
    /// Devices to spread the pictures over (comma-separated), instead of --device
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "device", help_heading = "Machine")]
    devices: Vec<DeviceChoice>,
    /// Configuration file, or `none`
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) conduct: Conduct,
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let force = arguments.force;
    if !is_page(&arguments.output) {
        let problem = "unsupported file type; expected .html";
        return Err(Error::file(&arguments.output, problem, "give the page a name that ends in .html").into());
    }
    let page = check_target(&arguments.output, force || is_own_page(&arguments.output))?;
    if arguments.overrides.style.is_some() {
        let hint = "name the styles to compare with --styles";
        return Err(Error::usage("--style does not work with `study`, which decides the styles", hint).into());
    }
    let mut weaker = weaker(&arguments.overrides, arguments.config.as_deref(), reporter)?;
    for layer in &mut weaker {
        // Styles are compared on one seed.
        layer.seed = layer.seed.map(SeedChoice::seed).transpose()?.map(SeedChoice::from);
    }
    let styles = styles(&arguments.styles, is_embedded(&weaker))?;
    let folder = arguments.output.with_extension("");
    let study = Study::new(&styles, &folder)?;
    let sheets = arguments.sheet.as_deref().map(|path| check_sheets(path, study.rows(), force)).transpose()?;
    let devices = devices(&arguments.overrides, &arguments.devices, arguments.jobs, reporter)?;
    let stop = interrupt::stop_on_signal(reporter, "iteration")?;
    let source = source(&arguments.file, arguments.format, &stop);
    let source = study.of(source.map_err(|error| with_subjects(error, &arguments.file))?);
    make_folder(&folder)?;
    let places = Places::new(None, FileNames::default(), force)?;
    let checkpoint_every = arguments.checkpoint_every;
    let common = Common { weaker, samples: 1, keep: None, scored: true, force, still: true, checkpoint_every };
    let plan = Plan::new(common, source, places, Results::none().known().clone());
    let run = Run {
        devices,
        scored: true,
        rank_with: Vec::new(),
        offline: arguments.conduct.offline,
        max_memory: arguments.conduct.max_memory(),
        stop: stop.clone(),
    };
    let mut display = Display::new(reporter, run.devices.len());
    let ledger = Ledger::new(None, Results::none());
    let (ledger, exit_code) = draw((on_this_machine(run), stop), plan, ledger, &mut display)?;
    let cards = ledger.cards();
    if cards.is_empty() {
        return Ok(exit_code);
    }
    let sheets = arguments.sheet.as_deref().zip(sheets);
    for path in write_study((&arguments.output, page), sheets, &cards)? {
        reporter.tell(&Event::Saved { path: path.clone() });
        stdout::print_path(&path)?;
    }
    Ok(exit_code)
}

/// An error about the file of subjects. If there is no such file, and its name reads like subjects, the hint says how to
/// give them.
fn with_subjects(error: Error, path: &Path) -> Error {
    let (named, problem, hint) = match error {
        Error::File { path, problem, hint } => (path, problem, hint),
        other => return other,
    };
    let has_extension = path.extension().is_some_and(|extension| !extension.to_string_lossy().contains([' ', ',']));
    let text = path.to_str().filter(|text| !has_extension && !path.exists() && text.contains([' ', ',']));
    let subjects: Vec<&str> = text.iter().flat_map(|text| text.split(',')).map(str::trim).collect();
    let hint = match shlex::try_join(subjects.iter().copied().filter(|subject| !subject.is_empty())) {
        Ok(subjects) if !subjects.is_empty() => {
            format!("write one subject per line to a file, or run: printf '%s\\n' {subjects} | {PROGRAM} study -")
        }
        _ => hint,
    };
    Error::File { path: named, problem, hint }
}

/// Whether the embedded model alone judges the pictures, as far as is known without their lines.
fn is_embedded(weaker: &[Overrides]) -> bool {
    let any = Overrides { prompt: "any".parse().ok(), ..Overrides::default() };
    let settings = crate::resolve::combine(&[weaker, &[any]].concat());
    settings.is_ok_and(|settings| settings.clip.iter().all(|clip| clip == embedded::NAME))
}

/// The styles that names of groups and of styles stand for.
fn styles(names: &[String], is_embedded: bool) -> Result<Vec<StyleName>> {
    let named = |style: &Style| style.name.parse::<StyleName>().map_err(Error::fault);
    let mut found = Vec::new();
    for name in names {
        let groups = Group::all()?;
        let of_group = groups.iter().find(|group| group.name.eq_ignore_ascii_case(name.trim()));
        let styles: Vec<&Style> = match of_group {
            Some(group) => group.styles.iter().collect(),
            None if name.trim().eq_ignore_ascii_case(ALL) => Style::all()?.collect(),
            None => {
                found.push(name.parse::<StyleName>().map_err(|problem| unknown(name, &problem, groups))?);
                continue;
            }
        };
        for style in styles {
            if !is_embedded || style.is_embedded()? {
                found.push(named(style)?);
            }
        }
    }
    if found.is_empty() {
        let names = names.join(",");
        let problem = format!("--styles {names}: the embedded model knows no style of these groups");
        return Err(Error::usage(problem, "choose other styles, or a published model with --model"));
    }
    Ok(found)
}

fn unknown(name: &str, problem: &str, groups: &[Group]) -> Error {
    let near = question(&near_names(name.trim(), groups.iter().map(|group| group.name.as_str())));
    let hint = near.unwrap_or_else(|| "run `text2art styles` for all groups and styles".to_owned());
    Error::usage(format!("--styles: {problem}"), hint)
}

/// Checks that sheets can be written. Returns what to do with existing files.
fn check_sheets(path: &Path, rows: usize, force: bool) -> Result<Existing> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return Err(Error::file(
            path,
            "unsupported file type; expected .png",
            "give the sheet a name that ends in .png",
        ));
    }
    let mut existing = Existing::Keep;
    for name in sheet_names(path, rows) {
        if check_target(&name, force || is_own_sheet(&name))? == Existing::Replace {
            existing = Existing::Replace;
        }
    }
    Ok(existing)
}

/// Makes the folder of the pictures, if it is not there.
fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|source| Error::Write { path: path.to_owned(), source })
}
