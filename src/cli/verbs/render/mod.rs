//! `text2art render`: draws finished pictures again at any size, from what they were made of.

mod shape;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ValueHint;

use crate::cli::DONE;
use crate::cli::options::conduct::Effort;
use crate::cli::options::encoded::Encoded;
use crate::cli::options::targets::targets;
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::device::ComputeDevice;
use crate::drawer::{self, Drawing, Render};
use crate::files::{create_folder_of, write_whole};
use crate::models::Role;
use crate::output::{Encoding, Kind, Make, PICTURE, Product, Recipe, SVG, read_drawing};
use crate::picture::{self, Size};
use crate::progress::{Event, Stop};
use crate::session::memory::refuse_above_room;
use crate::settings::{Chosen, checked_quality};
use crate::video::{REVEAL, reveal};
use crate::{Error, Result};
use shape::{Factor, Wanted};

/// The arguments of `render`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// PNGs that text2art drew with a drawer of strokes or waves
    #[arg(value_name = "PICTURES", required = true, value_hint = ValueHint::FilePath)]
    pictures: Vec<PathBuf>,
    /// Width and height in pixels, of the same shape as the picture
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
    /// Factor to enlarge by, such as 2 or 1.5 [default: 4]
    #[arg(short = 'x', long, value_name = "N", conflicts_with = "size")]
    factor: Option<Factor>,
    /// Output file (.png, .jpg or .webp), a folder, or a template such as `large/{name}.png` [default: {name}-x4.png beside
    /// each picture]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<OsString>,
    #[command(flatten)]
    settings: Chosen<Encoded>,
    /// Write the shapes of the picture as an SVG
    ///
    /// Without FILE, the SVG is named after the picture. FILE may be a folder or a template, as for --output. Then no PNG is
    /// written, unless --size, --factor or --output asks for one.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "", value_hint = ValueHint::FilePath)]
    svg: Option<OsString>,
    /// Make an MP4 or GIF that paints the picture stroke by stroke
    ///
    /// Without FILE, it is an MP4 named after the picture. FILE may be a folder or a template, as for --output. The movie has
    /// the size of the PNG; without a PNG, that of the picture.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "", value_hint = ValueHint::FilePath)]
    reveal: Option<OsString>,
    /// Replace files that already exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(in crate::cli) effort: Effort,
}

impl Arguments {
    /// The size that is asked for.
    fn wanted(&self) -> Wanted {
        match self.size {
            Some(size) => Wanted::Size(size),
            None => Wanted::Times(self.factor.unwrap_or_default()),
        }
    }

    /// Whether PNGs are asked for.
    fn makes_pictures(&self) -> bool {
        let is_other = self.svg.is_some() || self.reveal.is_some();
        !is_other || self.size.is_some() || self.factor.is_some() || self.output.is_some()
    }
}

/// A picture to draw again, with everything that was decided before any work.
struct Task<'a> {
    source: &'a Path,
    recipe: Recipe,
    render: Render,
    /// The size of what is drawn
    size: Size,
    /// The files to make of it
    files: Vec<Product>,
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    let tasks = tasks(arguments)?;
    let stop = interrupt::stop_on_signal(reporter, "frame or picture")?;
    let mut exit_code = DONE;
    for task in &tasks {
        match task.run(&stop, reporter) {
            Ok(()) => {}
            Err(Error::Stopped) => return Err(Error::Stopped.into()),
            // The other pictures do not suffer.
            Err(error) => exit_code = reporter.failed(&error.into()),
        }
    }
    Ok(exit_code)
}

/// Decides what is made of each picture, before any work.
fn tasks(arguments: &Arguments) -> Result<Vec<Task<'_>>> {
    let (pictures, wanted) = (&arguments.pictures, arguments.wanted());
    let quality = checked_quality(&arguments.settings.overrides)?;
    let mut tasks: Vec<Task> = Vec::new();
    for source in pictures {
        let recipe = Recipe::read_named(source)?;
        let render = render(source, &recipe)?;
        // Each is read again when its turn comes, since together they may be large.
        drawing(source)?;
        let now = picture::dimensions(source)?;
        let size = if arguments.makes_pictures() { wanted.of(recipe.settings.size, now)? } else { now };
        tasks.push(Task { source, recipe, render, size, files: Vec::new() });
    }
    let mut add = |kind: Kind, output: Option<&OsStr>, end: &str| -> Result<()> {
        let output = output.filter(|output| !output.is_empty());
        for (task, (path, existing)) in tasks.iter_mut().zip(targets(pictures, output, (kind, end), arguments.force)?) {
            if kind != PICTURE {
                (kind.check)(&task.recipe.settings)?;
            }
            task.files.push(Product { kind, path, existing });
        }
        Ok(())
    };
    if arguments.makes_pictures() {
        add(PICTURE, arguments.output.as_deref(), &format!("-{wanted}.png"))?;
    }
    for (kind, file) in [(SVG, &arguments.svg), (REVEAL, &arguments.reveal)] {
        if let Some(file) = file {
            add(kind, Some(file), &format!(".{}", kind.extension))?;
        }
    }
    for task in &mut tasks {
        task.recipe.settings.picture_quality = quality.or(task.recipe.settings.picture_quality);
        for file in &task.files {
            task.encoding(file).iter().try_for_each(|encoding| encoding.check(&file.path, task.size))?;
        }
        task.check_memory(arguments.effort.max_memory())?;
    }
    Ok(tasks)
}

/// The function that draws a picture again.
///
/// # Errors
/// If its drawer has none.
fn render(source: &Path, recipe: &Recipe) -> Result<Render> {
    let settings = &recipe.settings;
    drawer::of(&settings.drawer)?.render().ok_or_else(|| {
        let problem = format!("pictures of --drawer {} have one size and cannot be drawn at another", settings.drawer);
        Error::file(source, problem, "enlarge it with `text2art upscale`")
    })
}

/// What a picture was made of.
///
/// # Errors
/// If the file does not say.
fn drawing(source: &Path) -> Result<Drawing> {
    read_drawing(source)?.ok_or_else(|| {
        let problem = "the PNG lacks what the picture was made of: it is a frame or was saved during a run, it is \
                       inpainted, or another program has changed it";
        Error::file(source, problem, "give the finished picture, draw it again with ‹from›, or use `text2art upscale`")
    })
}

impl Task<'_> {
    /// Checks that there is memory for what is drawn.
    fn check_memory(&self, allowed: Option<u64>) -> Result<()> {
        let settings = &self.recipe.settings;
        let pixels = (self.size.width as u64).saturating_mul(self.size.height as u64);
        // The picture, its rows for the PNG, and the PNG.
        let encodings = self.files.iter().filter_map(|file| self.encoding(file));
        let encoding = encodings.map(|encoding| encoding.memory(self.size)).fold(pixels.saturating_mul(12), u64::max);
        let needed = drawer::of(&settings.drawer)?.render_memory(settings, self.size).saturating_add(encoding);
        let what = format!("the {} pixels of {}", self.size, self.source.display());
        refuse_above_room(needed, allowed, &ComputeDevice::processor(), &what, "choose a smaller size")
    }

    /// How a file is encoded; none if it is not a picture.
    fn encoding(&self, file: &Product) -> Option<Encoding> {
        (file.kind == PICTURE).then(|| Encoding::of(&file.path, self.recipe.settings.picture_quality))
    }

    /// Makes all files, and prints their paths.
    fn run(&self, stop: &Stop, reporter: &Reporter) -> Result<()> {
        let drawing = drawing(self.source)?;
        for file in &self.files {
            if stop.is_requested() {
                return Err(Error::Stopped);
            }
            let path = self.make(file, &drawing, stop, reporter)?;
            reporter.tell(&Event::Saved { path: path.clone() });
            stdout::print_path(&path).map_err(|error| Error::fault(error.to_string()))?;
        }
        Ok(())
    }

    fn make(&self, file: &Product, drawing: &Drawing, stop: &Stop, reporter: &Reporter) -> Result<PathBuf> {
        let settings = &self.recipe.settings;
        create_folder_of(&file.path)?;
        let bytes = match file.kind.make {
            Make::Still(form) => (form.encode)(settings, &picture::read_layered(self.source)?, Some(drawing))?,
            Make::Reveal => {
                let mut tell = |event| {
                    reporter.tell(&event);
                    if stop.is_requested() { Err(Error::Stopped) } else { Ok(()) }
                };
                return reveal(file, Some(drawing), self.size, self.recipe.clone(), &mut tell);
            }
            _ => {
                let picture = (self.render)(settings, drawing, self.size)?;
                let encoding = Encoding::of(&file.path, settings.picture_quality);
                if let Some(message) = encoding.loss_of_alpha(&file.path).filter(|_| picture.color().has_alpha()) {
                    reporter.tell(&Event::Warning { message });
                }
                encoding.encode_pixels(&picture, Some(&self.noted()), Some(drawing))?
            }
        };
        write_whole(&file.path, &bytes, file.existing)?;
        Ok(file.path.clone())
    }

    /// The recipe of the picture that is drawn again: its settings still draw the picture at its own size.
    fn noted(&self) -> Recipe {
        let mut recipe = self.recipe.clone();
        recipe.rendered = Some(self.size);
        (recipe.settings.upscale, recipe.settings.upscaler) = (None, None);
        recipe.models.retain(|model| model.role != Role::Upscaler.option());
        recipe
    }
}
