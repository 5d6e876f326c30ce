//! `text2art video`: makes a moving picture from frames on the disk.

use std::path::{Path, PathBuf};

use crate::cli::options::moving::{self, Frames, Moving};
use crate::cli::terminal::interrupt;
use crate::cli::terminal::report::{Progress, Reporter};
use crate::cli::terminal::stdout::print_path;
use crate::cli::{DONE, INTERRUPTED};
use crate::files::{check_target, missing};
use crate::output::{Product, Products, Recipe, kind_of};
use crate::progress::Event;
use crate::settings::{Chosen, VideoSettings};
use crate::video::{GIF, MP4, Recorder, common_size, pictures_in};
use crate::{Error, Result, picture};

/// The largest step between frames that settings accept.
const LARGEST_STEP: usize = 1_000_000;

/// Images on the disk.
struct Images;

impl Frames for Images {
    const FRAME_EVERY: &'static str = "Use every Nth image; the last image is always used";
}

/// The arguments of `video`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Images to use as frames, in order; all must have the same size. A folder stands for the images in it, sorted by
    /// number
    #[arg(value_name = "FRAMES", required = true)]
    frames: Vec<PathBuf>,
    /// Output file (.mp4 or .gif)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    moving: Chosen<Moving<Images>>,
    /// Replace files that already exist
    #[arg(long)]
    force: bool,
    /// How to show progress on standard error
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto")]
    progress: Progress,
    /// Show only warnings and errors
    #[arg(short, long)]
    quiet: bool,
}

impl Arguments {
    pub(in crate::cli) fn progress(&self) -> Progress {
        self.progress.unless_quiet(self.quiet)
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let settings = moving::resolved(&arguments.moving)?;
    let kind = kind_of(&arguments.output, &[MP4, GIF])?;
    let existing = check_target(&arguments.output, arguments.force)?;
    let product = Product { kind, path: arguments.output.clone(), existing };
    let products = Products::new(product, Vec::new());
    let frames = frames(&arguments.frames)?;
    let size = common_size(&frames)?;
    let stop = interrupt::stop_on_signal(reporter, "frame")?;
    let last = frames.len() - 1;
    let mut recorder = Recorder::start(&products, &settings, size, 0..=last)?;
    reporter.tell(&Event::Encoding { frames: (0..=last).filter(|index| recorder.wants(*index)).count() });
    let (mut taken, mut count) = (None, 0);
    for (index, path) in frames.iter().enumerate() {
        // The frames so far make a complete video.
        if stop.is_requested() || recorder.problems().next().is_some() {
            break;
        }
        if recorder.wants(index) {
            recorder.push(index, picture::read(path)?.into(), None);
            taken = Some(path);
            reporter.tell(&Event::Encoded { frame: count });
            count += 1;
        }
    }
    let Some(last) = taken else { return Err(Error::Stopped.into()) };
    for file in recorder.end(recipe(last, &settings)) {
        let path = file?;
        reporter.tell(&Event::Saved { path: path.clone() });
        print_path(&path)?;
    }
    Ok(if stop.is_requested() { INTERRUPTED } else { DONE })
}

/// The recipe of the last frame, if it has one, with the settings of this video: it draws the picture that the video
/// ends with.
fn recipe(last: &Path, video: &VideoSettings) -> Option<Recipe> {
    let mut recipe = Recipe::read(last).ok()?;
    // The frames may already be a selection of the pictures of a run.
    let frame_every = recipe.settings.frame_every.saturating_mul(video.frame_every).min(LARGEST_STEP);
    recipe.settings = recipe.settings.with_video(VideoSettings { frame_every, ..*video });
    Some(recipe)
}

/// All frames, in their order.
fn frames(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut frames = Vec::new();
    for path in given {
        if path.is_dir() {
            frames.extend(pictures_in(path)?);
        } else if !path.exists() {
            return Err(Error::file(path, "file or folder not found", missing(path)));
        } else {
            frames.push(path.clone());
        }
    }
    Ok(frames)
}
