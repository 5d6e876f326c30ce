//! `text2art upscale`: enlarges pictures.

mod recipe;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::DONE;
use crate::cli::options::conduct::Conduct;
use crate::cli::options::{device, targets};
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::device::ComputeDevice;
use crate::files::{Existing, create_folder_of, write_whole};
use crate::models::{Finder, Role};
use crate::output::{Encoding, PICTURE, Recipe};
use crate::picture::{Animation, Size, Tile};
use crate::progress::{Event, Stop};
use crate::session::LoadedModel;
use crate::session::memory::refuse_above_room;
use crate::settings::{Choice, Chosen, OptionInfo, check_upscaler, checked_quality};
use crate::upscale::{DEFAULT, Factor, Method, NEAREST, Upscaler, is_filter};
use crate::{Error, Result, picture};

/// The settings that `upscale` takes.
struct Enlarging;

impl Choice for Enlarging {
    fn takes(option: &OptionInfo) -> bool {
        ["upscaler", "picture_quality", "device", "precision"].contains(&option.name)
    }

    fn help(option: &OptionInfo) -> Option<&'static str> {
        (option.name == "upscaler").then_some(
            "What enlarges: lanczos (a filter), crisp (a filter that sharpens drawings), nearest (repeats pixels), or a \
             network by its name, file or Hugging Face repository [default: lanczos; nearest for pixel art and few colors]",
        )
    }
}

/// The arguments of `upscale`.
#[derive(clap::Args)]
#[command(mut_arg("max_memory", |option| {
    option.help("Memory limit, such as 4G or 800M; pictures that need more are refused").long_help(None)
}))]
pub(in crate::cli) struct Arguments {
    /// Pictures to enlarge
    #[arg(value_name = "IMAGES", required = true)]
    images: Vec<PathBuf>,
    /// Factor to enlarge by: 2, 3 or 4
    #[arg(short = 'x', long, value_name = "N", default_value = "4", value_parser = factor)]
    factor: Factor,
    /// Output file (.png, .jpg or .webp), a folder, or a template such as `large/{name}.png` [default: {name}-x4.png beside
    /// each picture]
    #[arg(short, long, value_name = "FILE")]
    output: Option<OsString>,
    #[command(flatten)]
    settings: Chosen<Enlarging>,
    /// Replace files that already exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(in crate::cli) conduct: Conduct,
}

fn factor(text: &str) -> std::result::Result<Factor, String> {
    let known = text.parse().ok().and_then(|times| Factor::of(times).ok());
    known.ok_or_else(|| format!("`{text}` is not 2, 3 or 4"))
}

/// A picture to enlarge, with everything that was decided before any work.
struct Task<'a> {
    source: &'a Path,
    target: PathBuf,
    existing: Existing,
    size: Size,
    encoding: Encoding,
    recipe: Option<Recipe>,
    /// The name of what enlarges it
    upscaler: &'a str,
}

impl Task<'_> {
    /// How the picture is tiled, if its recipe says so.
    fn tile(&self) -> Option<Tile> {
        self.recipe.as_ref().and_then(|recipe| recipe.settings.tile)
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let chosen = &arguments.settings.overrides;
    check_upscaler(&chosen.upscaler)?;
    let named = chosen.upscaler.as_deref().unwrap_or(DEFAULT);
    let device = device::open(chosen.device.unwrap_or_default(), chosen.precision.unwrap_or_default(), reporter)?;
    let tasks = tasks(arguments, named, chosen.upscaler.is_some(), reporter)?;
    let stop = interrupt::stop_on_signal(reporter, "tile")?;
    let tell = |event| reporter.tell(&event);
    let finder = Finder::new(arguments.conduct.offline, &stop, &tell);
    let needs_network = tasks.iter().any(|task| !is_filter(task.upscaler));
    let loaded =
        needs_network.then(|| LoadedModel::load(&finder, Role::Upscaler, named, Upscaler::load)).transpose()?;
    let work = Work { arguments, loaded, device, stop, reporter };
    work.check_memory(&tasks)?;
    work.run(&tasks)
}

/// Decides what happens to each picture, before any work.
fn tasks<'a>(arguments: &'a Arguments, named: &'a str, is_asked: bool, reporter: &Reporter) -> Result<Vec<Task<'a>>> {
    let sizes = arguments.images.iter().map(|source| picture::layered_dimensions(source));
    let sizes = sizes.collect::<Result<Vec<_>>>()?;
    if let Some(film) = arguments.images.iter().find(|source| Animation::moves(source)) {
        return Err(refusal_of_film(film, arguments.factor));
    }
    let end = format!("-x{}.png", arguments.factor.times());
    let targets = targets::targets(&arguments.images, arguments.output.as_deref(), (PICTURE, &end), arguments.force)?;
    let quality = checked_quality(&arguments.settings.overrides)?;
    let mut tasks = Vec::new();
    for ((source, size), (target, existing)) in arguments.images.iter().zip(sizes).zip(targets) {
        // A picture without a recipe is as good.
        let mut recipe = Recipe::read(source).ok();
        let quality = match &mut recipe {
            Some(recipe) => {
                recipe.settings.picture_quality = quality.or(recipe.settings.picture_quality);
                recipe.settings.picture_quality
            }
            None => quality,
        };
        let encoding = Encoding::of(&target, quality);
        encoding.check(&target, size.times(arguments.factor.times()))?;
        let keeps_pixels = recipe.as_ref().is_some_and(|recipe| recipe.settings.keeps_pixels());
        if keeps_pixels && is_asked && named != NEAREST {
            let message = format!(
                "{} is drawn in cells or in few colors, so its pixels are repeated instead of using {named}",
                source.display()
            );
            reporter.tell(&Event::Warning { message });
        }
        let upscaler = if keeps_pixels { NEAREST } else { named };
        tasks.push(Task { source, target, existing, size, encoding, recipe, upscaler });
    }
    Ok(tasks)
}

/// The error about an animated GIF. One that text2art drew can be drawn again.
fn refusal_of_film(path: &Path, factor: Factor) -> Error {
    let hint =
        "extract the frames, for example with ffmpeg, enlarge them, and turn them into a movie with `text2art video`";
    let hint = match (Recipe::read(path), shlex::try_quote(&path.to_string_lossy())) {
        (Ok(recipe), Ok(name)) if recipe.settings.upscale.is_none() => {
            let times = factor.times();
            format!(
                "{hint}; if the GIF shows how a picture was drawn, run: text2art --from {name} --upscale {times} --gif"
            )
        }
        _ => hint.to_owned(),
    };
    Error::file(path, "this GIF is animated, but `upscale` enlarges only single pictures", hint)
}

/// The work on all pictures.
struct Work<'a> {
    arguments: &'a Arguments,
    loaded: Option<LoadedModel<Upscaler>>,
    device: ComputeDevice,
    stop: Stop,
    reporter: &'a Reporter,
}

impl Work<'_> {
    fn method(&self, task: &Task) -> Result<Method<'_>> {
        Method::of(task.upscaler, self.loaded.as_ref().map(|loaded| loaded.model.as_ref()))
    }

    /// Checks that there is memory for every picture.
    fn check_memory(&self, tasks: &[Task]) -> Result<()> {
        let of = self.device.memory_of();
        let weights = self.loaded.as_ref().map_or(0, |loaded| loaded.model.weight_memory(of));
        for task in tasks {
            let pictures = self.method(task)?.memory(task.size, self.arguments.factor, task.tile(), of)?;
            let encoding = task.encoding.memory(task.size.times(self.times()));
            let needed = pictures.max(encoding).saturating_add(weights);
            let what = format!("{} ({} pixels), {} times as large,", task.source.display(), task.size, self.times());
            let hint = "enlarge less, or give a smaller picture";
            refuse_above_room(needed, self.arguments.conduct.max_memory(), &self.device, &what, hint)?;
        }
        Ok(())
    }

    fn times(&self) -> usize {
        self.arguments.factor.times()
    }

    /// Enlarges all pictures and returns the exit code. If one fails, the others continue.
    fn run(&self, tasks: &[Task]) -> anyhow::Result<u8> {
        let tiles =
            tasks.iter().map(|task| Ok(self.method(task)?.tiles(task.size, self.arguments.factor, task.tile())));
        let total = tiles.collect::<Result<Vec<_>>>()?.iter().sum();
        if total > 1 {
            self.reporter.tell(&Event::Enlarging { tiles: total });
        }
        let (mut done, mut exit_code) = (0, DONE);
        for task in tasks {
            let enlarged = self.enlarge(task, &mut || {
                if total > 1 {
                    self.reporter.tell(&Event::Enlarged { tile: done });
                }
                done += 1;
                if self.stop.is_requested() { Err(Error::Stopped) } else { Ok(()) }
            });
            match enlarged {
                Ok(()) => {
                    self.reporter.tell(&Event::Saved { path: task.target.clone() });
                    stdout::print_path(&task.target)?;
                }
                Err(Error::Stopped) => return Err(Error::Stopped.into()),
                Err(error) => exit_code = self.reporter.failed(&error.into()),
            }
        }
        Ok(exit_code)
    }

    fn enlarge(&self, task: &Task, watch: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let mut picture = picture::read_layered(task.source)?;
        if task.recipe.as_ref().is_some_and(|recipe| recipe.settings.transparent) {
            // Such a picture has an alpha channel even if all of it is visible.
            picture = picture.into_rgba8().into();
        }
        let method = self.method(task)?;
        let enlarged = method.enlarge(&picture, self.arguments.factor, task.tile(), self.device.tensors(), watch)?;
        let mut recipe = task.recipe.clone();
        if let Some(recipe) = &mut recipe {
            let record = self.loaded.as_ref().filter(|_| !is_filter(task.upscaler));
            let record = record.map(LoadedModel::record).transpose()?;
            if !recipe::note(recipe, self.arguments.factor, task.upscaler, record) {
                let message = format!(
                    "{} was enlarged before: the recipe describes the picture before this enlargement",
                    task.source.display()
                );
                self.reporter.tell(&Event::Warning { message });
            }
        }
        if let Some(message) = task.encoding.loss_of_alpha(&task.target).filter(|_| enlarged.color().has_alpha()) {
            self.reporter.tell(&Event::Warning { message });
        }
        create_folder_of(&task.target)?;
        write_whole(&task.target, &task.encoding.encode_pixels(&enlarged, recipe.as_ref(), None)?, task.existing)
    }
}
