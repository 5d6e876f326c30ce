//! `text2art score`: how well pictures fit sentences.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use image::RgbImage;
use serde::Serialize;

use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::clip::Clip;
use crate::judge::{Fit, cosine};
use crate::models::{Finder, Role};
use crate::progress::Event;
use crate::session::LoadedModel;
use crate::text::beginning;
use crate::{Error, picture};

/// Arguments of `score`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Pictures of any size
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// A sentence to compare with; may be repeated
    #[arg(short, long, value_name = "TEXT", required = true)]
    prompt: Vec<String>,
    /// CLIP models to score with (comma-separated)
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "embedded")]
    clip: Vec<String>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
    /// Use only models that are already downloaded
    #[arg(long)]
    offline: bool,
}

/// How well one picture fits one sentence.
#[derive(Serialize)]
struct Score {
    image: String,
    prompt: String,
    clip: String,
    /// Cosine of the angle between their features, −1 to 1
    cosine: f64,
    /// Half the square of that angle, 0 to π²/2
    distance: f64,
}

/// The most memory for pictures that are kept for the next CLIP, in bytes. Other pictures are read again.
const KEPT: usize = 512 << 20;

/// Pictures that were all read once, so that a problem with one is reported before any work.
struct Pictures(Vec<Option<RgbImage>>);

impl Pictures {
    fn read(paths: &[PathBuf]) -> crate::Result<Self> {
        let mut kept = 0;
        let read = |path: &PathBuf| {
            let picture = picture::read(path)?;
            kept += picture.as_raw().len();
            Ok((kept <= KEPT).then_some(picture))
        };
        paths.iter().map(read).collect::<crate::Result<_>>().map(Self)
    }

    fn get(&self, index: usize, path: &Path) -> crate::Result<Cow<'_, RgbImage>> {
        match self.0.get(index).and_then(Option::as_ref) {
            Some(picture) => Ok(Cow::Borrowed(picture)),
            None => picture::read(path).map(Cow::Owned),
        }
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<()> {
    if arguments.prompt.iter().any(|prompt| prompt.trim().is_empty()) {
        return Err(Error::usage("a sentence is empty", "describe what the picture may show with --prompt").into());
    }
    let pictures = Pictures::read(&arguments.images)?;
    let stop = interrupt::exit_on_signal()?;
    let tell = |event| reporter.tell(&event);
    let finder = Finder::new(arguments.offline, &stop, &tell);
    let mut scores = Vec::new();
    // All downloads come before the first model.
    finder.provide_all(arguments.clip.iter().map(|name| (Role::Clip, name.as_str())))?;
    for name in &arguments.clip {
        let clip = LoadedModel::load(&finder, Role::Clip, name, Clip::load)?.model;
        let feature = |prompt: &String| {
            let tokens = clip.tokenizer().encode(prompt)?;
            if let Some(dropped) = &tokens.dropped {
                let dropped = beginning(dropped);
                let message = format!("the sentence is too long for {name}, which ignores: {dropped}");
                reporter.tell(&Event::Warning { message });
            }
            Ok((clip.text_feature(&tokens)?, 1.0))
        };
        let targets = arguments.prompt.iter().map(feature).collect::<crate::Result<Vec<_>>>()?;
        let fit = Fit::new(clip.clone(), &targets)?;
        for (index, image) in arguments.images.iter().enumerate() {
            let picture = pictures.get(index, image)?;
            let distances = fit.distances(&picture, &candle_core::Device::Cpu)?;
            for (prompt, distance) in arguments.prompt.iter().zip(distances) {
                let (image, prompt, clip) = (image.display().to_string(), prompt.clone(), name.clone());
                scores.push(Score { image, prompt, clip, cosine: cosine(distance), distance });
            }
        }
    }
    if arguments.json {
        return stdout::print_json(&scores);
    }
    for score in scores {
        let Score { image, prompt, clip, cosine, distance } = score;
        stdout::print_row(&[&format!("{cosine:.4}"), &format!("{distance:.4}"), &clip, &image, &prompt])?;
    }
    Ok(())
}
