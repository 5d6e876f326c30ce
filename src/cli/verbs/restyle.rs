//! `text2art restyle`: redraws the frames of a film to match a prompt.

use std::path::{Path, PathBuf};

use clap::ValueHint;

use super::generate::prompt;
use crate::cli::options::conduct::Conduct;
use crate::cli::options::{device, sources};
use crate::cli::terminal::preview::PreviewKind;
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::cli::{DONE, INTERRUPTED};
use crate::drawer;
use crate::files::{Existing, check_folder, check_target, work_of};
use crate::job::{Film, Limits, MEMORY, Restyle, SMOOTH, film_of, frames_in, wrote_frames_to};
use crate::models::Finder;
use crate::output::{Product, Recipe, kind_of};
use crate::progress::{Event, Stop};
use crate::resolve::combine;
use crate::session::Models;
use crate::settings::{ANIMATION, FrameRate, Overrides, Settings};
use crate::text::number;
use crate::video::{Folder, FrameSource, GIF, MP4, Survey, Timing};
use crate::{Error, Result, picture};

/// The smallest default weight that keeps a frame close to its source: clip-generator's 2, which multiplies half of the mean
/// square.
const HOLD: f64 = 1.0;

/// The arguments of `restyle`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Folder of pictures, sorted by number, or an animated GIF
    ///
    /// All frames must have the same size. The new frames have this size too, unless you give --size, --aspect or --quality.
    /// `ffmpeg -i film.mp4 frames/%06d.png` turns a film into pictures.
    #[arg(value_name = "FRAMES")]
    source: PathBuf,
    /// What to draw, written like the prompt of a picture
    #[arg(value_name = "PROMPT", required = true)]
    prompt: Vec<String>,
    /// Folder for the new frames, or a film: a name that ends in .mp4 or .gif
    ///
    /// To continue an interrupted run, run the same command again. Until a film is finished, a folder next to the output, such
    /// as film.mp4.t2a-film, keeps what the next run needs.
    #[arg(short, long, value_name = "DIR|FILE", help_heading = "Output", value_hint = ValueHint::AnyPath)]
    output: PathBuf,
    /// Folder in which to keep the new frames of a film
    #[arg(long, value_name = "DIR", help_heading = "Output", value_hint = ValueHint::DirPath)]
    frames: Option<PathBuf>,
    /// Share of the previous frame in the start of each frame (0 to less than 1) [default: 0.75]
    ///
    /// A frame starts from a mix of the previous finished frame and its own source. A larger share makes the film steadier,
    /// but moving things leave trails. With a VQGAN, pixels also keep this share where the source stands still. Every frame
    /// but the first takes only the remaining share of --iterations, since the previous frame has done the rest. With 0, each
    /// frame is drawn on its own, and the film flickers.
    #[arg(long, value_name = "SHARE", help_heading = "Start", value_parser = number, allow_negative_numbers = true)]
    memory: Option<f64>,
    /// Weight with which both neighbors are mixed into each frame (0 to 1) [default: 0.3, or 0 with --memory 0]
    ///
    /// The mix is made of the drawer's parameters, such as the latent of a VQGAN. The frame itself has weight 1.
    #[arg(long, value_name = "WEIGHT", help_heading = "Start", value_parser = number, allow_negative_numbers = true)]
    smooth: Option<f64>,
    #[command(flatten)]
    overrides: Overrides,
    /// Redraw all frames, and replace files that already exist
    ///
    /// If such a run is interrupted, run the same command again to continue.
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// Configuration file, or `none`
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,
    /// Show the frames in the terminal while they are drawn
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", help_heading = "Output")]
    pub(in crate::cli) preview: PreviewKind,
    #[command(flatten)]
    pub(in crate::cli) conduct: Conduct,
}

/// The destination of a film.
struct Target {
    /// The movie; none if only frames are wanted
    movie: Option<Product>,
    /// The folder of the frames
    frames: PathBuf,
    /// Whether to keep the frames when the movie is finished
    keeps_frames: bool,
    /// The folder for what the next run needs to continue
    work: PathBuf,
    /// What happens to existing frames that do not belong to the film
    existing: Existing,
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let (memory, smooth) = shares(arguments)?;
    let target = target(arguments)?;
    let source = FrameSource::open(&arguments.source)?;
    refuse_to_replace_source(&source, &target)?;
    let stop = interrupt::stop_on_signal(reporter, "iteration")?;
    let survey = source.survey(&stop)?;
    let (settings, timing) = settings(arguments, &source, &survey, reporter)?;
    if let Some(movie) = &target.movie {
        (movie.kind.check)(&settings)?;
    }
    let device = device::open(settings.device, settings.precision, reporter)?;
    for (_, path) in settings.input_files().iter().filter(|(option, _)| *option != "palette") {
        picture::dimensions(path)?;
    }
    let inputs = Recipe::inputs(&Settings { init_image: None, ..settings.clone() })?;
    let tell = |event| reporter.tell(&event);
    let models = Models::load(&settings, &Finder::new(arguments.conduct.offline, &stop, &tell))?;
    let limits = Limits { max_memory: arguments.conduct.max_memory(), jobs: 1 };
    let video = settings.video();
    let (frames, work) = (target.frames.clone(), target.work.clone());
    let (existing, afresh) = (target.existing, arguments.force);
    let restyle = Restyle { settings, source, survey, memory, smooth, limits, inputs, frames, work, existing, afresh };
    let film = restyle.run(&models, &device, &stop, reporter)?;
    let mut made = Vec::new();
    if film.done > 0 {
        if let Some(movie) = &target.movie {
            let frames = (target.frames.as_path(), film.done);
            made.push(film_of(movie, &video, frames, timing.as_ref(), reporter)?);
        }
        if target.keeps_frames {
            made.push(target.frames.clone());
        }
    }
    finish(film, &target, made, &stop, reporter)
}

/// Reports what was made, and returns the exit code.
fn finish(film: Film, target: &Target, made: Vec<PathBuf>, stop: &Stop, reporter: &Reporter) -> anyhow::Result<u8> {
    let (done, frames, is_whole) = (film.done, film.frames, film.is_whole());
    if is_whole {
        film.finish(target.keeps_frames)?;
    }
    for path in made {
        reporter.tell(&Event::Saved { path: path.clone() });
        stdout::print_path(&path)?;
    }
    if !is_whole {
        let message = format!("{done} of {frames} frames are drawn; run the same command again to continue");
        reporter.tell(&Event::Warning { message });
    }
    Ok(if is_whole && !stop.is_requested() { DONE } else { INTERRUPTED })
}

/// The share of the previous frame, and the weight of neighbors.
fn shares(arguments: &Arguments) -> Result<(f64, f64)> {
    let memory = arguments.memory.unwrap_or(MEMORY);
    if !(0.0..1.0).contains(&memory) {
        let problem = format!("--memory {memory} is out of range: it must be at least 0 and less than 1");
        return Err(Error::usage(problem, "give a share such as 0.75"));
    }
    let smooth = arguments.smooth.unwrap_or(if memory > 0.0 { SMOOTH } else { 0.0 });
    if !(0.0..=1.0).contains(&smooth) {
        let problem = format!("--smooth {smooth} is out of range: it must be from 0 to 1");
        return Err(Error::usage(problem, "give a weight such as 0.3"));
    }
    Ok((memory, smooth))
}

/// The destination of the film, which can be written to.
fn target(arguments: &Arguments) -> Result<Target> {
    let output = &arguments.output;
    let work = work_of(output);
    // Files of an interrupted run belong to this run.
    let replaces = arguments.force || work.is_dir();
    // That run may have written its frames to another folder.
    let existing_in = |frames: &Path| {
        if arguments.force || wrote_frames_to(&work, frames) { Existing::Replace } else { Existing::Keep }
    };
    if output.extension().is_none() || output.is_dir() {
        if arguments.frames.is_some() {
            let hint = "leave out --frames, or name a film with --output, such as film.mp4";
            return Err(Error::usage("--frames is not needed, because --output is already a folder of frames", hint));
        }
        // Frames of this film may exist already; it is not known yet which.
        Folder::check(output, Existing::Replace)?;
        let existing = existing_in(output);
        return Ok(Target { movie: None, frames: output.clone(), keeps_frames: true, work, existing });
    }
    let kind = kind_of(output, &[MP4, GIF])?;
    let movie = Some(Product { kind, path: output.clone(), existing: check_target(output, replaces)? });
    check_folder(&work)?;
    if let Some(frames) = &arguments.frames {
        Folder::check(frames, Existing::Replace)?;
    }
    let frames = arguments.frames.clone().unwrap_or_else(|| frames_in(&work));
    // Frames in the working folder always belong to this film.
    let existing = if arguments.frames.is_some() { existing_in(&frames) } else { Existing::Replace };
    Ok(Target { movie, frames, keeps_frames: arguments.frames.is_some(), work, existing })
}

/// Refuses to write the film or its frames over the source.
fn refuse_to_replace_source(source: &FrameSource, target: &Target) -> Result<()> {
    if let Some(movie) = target.movie.as_ref().filter(|movie| source.is_read_from(&movie.path)) {
        let problem = "the film would replace its source";
        return Err(Error::file(&movie.path, problem, "choose another name"));
    }
    let end = |path: &Path| path.canonicalize().ok();
    if end(source.path()).is_some_and(|path| Some(path) == end(&target.frames)) {
        let problem = "the new frames would replace the source frames";
        return Err(Error::file(&target.frames, problem, "choose another folder"));
    }
    Ok(())
}

/// The settings of all frames, and how long each frame is shown if the source says so.
fn settings(
    arguments: &Arguments,
    source: &FrameSource,
    survey: &Survey,
    reporter: &Reporter,
) -> Result<(Settings, Option<Timing>)> {
    let mut flags = arguments.overrides.clone();
    refuse_what_films_decide(&flags)?;
    flags.prompt = Some(prompt(&arguments.prompt.join(" "))?);
    flags.init_image = Some(source.file(0).to_owned().into());
    if flags.size.is_none() && flags.aspect.is_none() && flags.quality.is_none() {
        flags.size = Some(survey.size);
    }
    let is_timed = flags.fps.is_none() && flags.seconds.is_none() && flags.frame_every.is_none();
    let timing = survey.timing.clone().filter(|_| is_timed);
    let mut warnings = Vec::new();
    let environment = sources::environment(&mut |message| warnings.push(message))?;
    // Defaults for animations do not apply to films.
    let [environment, file] =
        [environment, sources::config_file(arguments.config.as_deref())?].map(|layer| layer.without_group(ANIMATION));
    let layers = [flags, environment, file];
    let is_held = layers.iter().any(|layer| layer.init_weight.is_some());
    let mut settings = combine(&layers)?;
    refuse_what_frames_cannot_do(&settings)?;
    if let Some(timing) = &timing {
        settings.fps = faster(timing.rate, settings.blend.unwrap_or(0))?;
    }
    if !is_held {
        settings.init_weight = drawer::of(&settings.drawer)?.usual_init_weight(&settings.vqgan).max(HOLD);
    }
    warnings.extend(settings.prompt.doubts().to_vec());
    for message in warnings {
        reporter.tell(&Event::Warning { message });
    }
    Ok((settings, timing))
}

/// The frame rate at which the film with the frames in between is as long as without them.
///
/// # Errors
/// If no film can have this rate.
fn faster(rate: FrameRate, blend: usize) -> Result<FrameRate> {
    let times = u32::try_from(blend).unwrap_or(u32::MAX).saturating_add(1);
    let thousandths = u64::from(rate.thousandths()) * u64::from(times);
    format!("{thousandths}/1000").parse().map_err(|_| {
        #[allow(clippy::cast_precision_loss, reason = "it is only shown")]
        let needed = thousandths as f64 / 1000.0;
        let problem = format!(
            "with --blend {blend}, the film would need {needed} frames per second to be as long as its source, but the \
             limit is 240"
        );
        Error::usage(problem, "lower --blend, or set a frame rate with --fps, which then shows each frame once")
    })
}

/// Refuses the init image and the options that only animations have: the film sets the number of frames and what each one
/// starts from, and each frame has its own iterations.
fn refuse_what_films_decide(flags: &Overrides) -> Result<()> {
    if flags.init_image.is_some() {
        let hint = "leave out --init-image; --init-weight sets how close each frame stays to its source";
        return Err(Error::usage(
            "--init-image does not work with `restyle`, which starts from the frames of the film",
            hint,
        ));
    }
    let Some(refused) = flags.given().find(|option| option.group == ANIMATION) else { return Ok(()) };
    let reason = match refused.name {
        "length" => "the film sets the number of frames",
        "iterations_per_frame" => "--iterations and --memory set this number",
        "zoom" | "angle" | "pan_x" | "pan_y" | "wander" => "each frame stays in line with its source",
        "story" => "the story would start over in each frame",
        "crossfade" => "a film has no story",
        _ => "the keyframes would start over in each frame",
    };
    Err(does_not_work(refused.option, reason, format!("leave out --{}", refused.option)))
}

/// The error about an option that restyled films do not have.
fn does_not_work(option: &str, reason: &str, hint: String) -> Error {
    Error::usage(format!("--{option} does not work with `restyle`: {reason}"), hint)
}

/// Refuses settings that do not work for a frame that continues another.
fn refuse_what_frames_cannot_do(settings: &Settings) -> Result<()> {
    let blueprint = drawer::of(&settings.drawer)?;
    if !blueprint.has("init_image") {
        let problem = format!("restyle needs a drawer that can start from a picture, but {} cannot", blueprint.name());
        return Err(Error::usage(problem, "choose another drawer with --drawer"));
    }
    let refused = [
        ("hires", settings.hires.is_some(), "the previous frame already has the full size"),
        ("average", settings.average.is_some(), "--memory and --smooth average over frames instead"),
        ("stop-at", settings.stop_at.is_some(), "give fewer --iterations instead"),
    ];
    match refused.iter().find(|(_, is_given, _)| *is_given) {
        Some((option, _, reason)) => {
            Err(does_not_work(option, reason, format!("leave out --{option}, or reset --{option} on the command line")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::OPTIONS;

    #[test]
    fn a_film_with_frames_in_between_is_not_too_fast() {
        let rate = |text: &str| text.parse::<FrameRate>().unwrap();
        assert_eq!(faster(rate("50"), 3).unwrap(), rate("200"));
        assert_eq!(faster(rate("12.5"), 0).unwrap(), rate("12.5"));
        let problem = faster(rate("50"), 5).unwrap_err().to_string();
        assert!(problem.contains("--blend 5") && problem.contains("300 frames per second"), "{problem}");
        assert!(faster(rate("240"), usize::MAX).is_err());
    }

    #[test]
    fn what_animations_have_is_refused_or_ignored() {
        for option in OPTIONS {
            let given = serde_json::json!({ option.name: option.example() });
            let given: Overrides = serde_json::from_value(given).unwrap();
            let is_of_animations = option.group == ANIMATION;
            let expected = if is_of_animations { Overrides::default() } else { given.clone() };
            assert_eq!(given.clone().without_group(ANIMATION), expected, "{option:?}");
            let refused = refuse_what_films_decide(&given).map_err(|error| error.to_string());
            assert_eq!(refused.is_err(), is_of_animations || option.name == "init_image", "{option:?}");
            if let Err(problem) = refused {
                assert!(problem.starts_with(&format!("--{} does not work", option.option)), "{problem}");
            }
        }
    }
}
