//! `text2art morph`: makes a film in which finished pictures turn into each other.

use std::path::{Path, PathBuf};

use crate::cli::options::moving::{self, Frames, Moving};
use crate::cli::options::threads::number as threads;
use crate::cli::terminal::interrupt;
use crate::cli::terminal::report::{Progress, Reporter};
use crate::cli::terminal::stdout::print_path;
use crate::cli::{DONE, INTERRUPTED};
use crate::device::ComputeDevice;
use crate::files::{Existing, check_target};
use crate::frozen::MemoryOf;
use crate::job::{Ease, Morph};
use crate::models::manifest::Manifest;
use crate::models::{Finder, Role, embedded};
use crate::output::{Product, Products, Recipe, kind_of};
use crate::picture::Size;
use crate::progress::{Event, Stop};
use crate::session::LoadedModel;
use crate::session::memory::refuse_above_room;
use crate::settings::Chosen;
use crate::text::count;
use crate::video::{FRAMES, Folder, GIF, MP4};
use crate::vqgan::Vqgan;
use crate::{Error, Result};

/// Frames that are drawn between finished pictures.
struct Between;

impl Frames for Between {
    const FRAME_EVERY: &'static str = "Use every Nth frame; the last frame is always used";
}

/// The arguments of `morph`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Two or more finished pictures of the same size, in order
    ///
    /// In pictures made of cells, each cell changes its color. Strokes move if both pictures have the same number of strokes.
    /// Otherwise, the latents of a VQGAN are mixed. The pictures themselves appear unchanged.
    #[arg(value_name = "PICTURES", required = true)]
    pictures: Vec<PathBuf>,
    /// Film (.mp4 or .gif), or folder for its frames
    #[arg(short, long, value_name = "FILE|DIR")]
    output: PathBuf,
    /// Number of frames from each picture to the next
    #[arg(long, value_name = "FRAMES", default_value = "50", value_parser = |text: &str| count::<u32>(text, 1..=100_000))]
    length: u32,
    /// How pictures change: smooth (slowly at both ends) or linear
    #[arg(long, value_name = "NAME", default_value = "smooth")]
    ease: Ease,
    /// VQGAN whose latents are mixed [default: the VQGAN of the first picture if it is published, else embedded]
    #[arg(long, value_name = "NAME")]
    vqgan: Option<String>,
    #[command(flatten)]
    moving: Chosen<Moving<Between>>,
    /// Replace files that already exist
    #[arg(long)]
    force: bool,
    /// Use only models that are already downloaded
    #[arg(long)]
    offline: bool,
    /// Number of CPU threads
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<u16>,
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

    /// The number of threads that compute.
    pub(in crate::cli) fn threads(&self) -> Option<u16> {
        self.threads
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let video = moving::resolved(&arguments.moving)?;
    let product = product(&arguments.output, arguments.force)?;
    if arguments.pictures.len() < 2 {
        return Err(Error::usage("one picture is not enough for a morph", "give at least two pictures").into());
    }
    let morph = Morph::new(arguments.pictures.clone(), arguments.length as usize, arguments.ease)?;
    let stop = interrupt::stop_on_signal(reporter, "frame")?;
    let vqgan = morph.needs_vqgan().then(|| load(arguments, morph.size(), &stop, reporter)).transpose()?;
    let model = vqgan.as_ref().map(|vqgan| &vqgan.model);
    let products = Products::new(product, Vec::new());
    for path in morph.run(model, &products, &video, &stop, reporter)? {
        reporter.tell(&Event::Saved { path: path.clone() });
        print_path(&path)?;
    }
    Ok(if stop.is_requested() { INTERRUPTED } else { DONE })
}

/// The file or folder to write.
fn product(output: &Path, force: bool) -> Result<Product> {
    if output.extension().is_none() || output.is_dir() {
        let existing = if force { Existing::Replace } else { Existing::Keep };
        Folder::check(output, existing)?;
        return Ok(Product { kind: FRAMES, path: output.to_owned(), existing });
    }
    let kind = kind_of(output, &[MP4, GIF])?;
    Ok(Product { kind, path: output.to_owned(), existing: check_target(output, force)? })
}

/// Loads the VQGAN, if there is enough memory to encode and decode pictures of this size.
fn load(arguments: &Arguments, size: Size, stop: &Stop, reporter: &Reporter) -> Result<LoadedModel<Vqgan>> {
    let named = match &arguments.vqgan {
        Some(name) => name.clone(),
        None => of_picture(&arguments.pictures[0])?,
    };
    let tell = |event| reporter.tell(&event);
    let finder = Finder::new(arguments.offline, stop, &tell);
    let vqgan = LoadedModel::load(&finder, Role::Vqgan, &named, Vqgan::load)?;
    let work = crate::drawer::VqganDrawer::work_size(&vqgan.model, size, None);
    let encoding = vqgan.model.encoding_memory(work, MemoryOf::Host)?.peak;
    let needed = encoding.max(vqgan.model.decoding_memory(work, false, 0, MemoryOf::Host)?.peak);
    let needed = needed.saturating_add(vqgan.model.weight_memory(MemoryOf::Host));
    refuse_above_room(needed, None, &ComputeDevice::processor(), &format!("{size} pixels"), "use smaller pictures")?;
    Ok(vqgan)
}

/// The VQGAN that drew a picture, if it is a published one: a recipe may come from anybody, and must not choose what is
/// downloaded.
fn of_picture(picture: &Path) -> Result<String> {
    let recipe = Recipe::read(picture).ok();
    let name = recipe.and_then(|recipe| {
        let blueprint = crate::drawer::of(&recipe.settings.drawer).ok()?;
        blueprint.vqgan(&recipe.settings).map(str::to_owned)
    });
    let manifest = Manifest::get()?;
    Ok(name.filter(|name| manifest.model(name).is_some()).unwrap_or_else(|| embedded::NAME.to_owned()))
}
