//! The arguments of `generate`, and the settings that follow from them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueHint;

use crate::cli::options::conduct::Conduct;
use crate::cli::options::{sources, trust};
use crate::cli::terminal::preview::PreviewKind;
use crate::cli::terminal::report::Reporter;
use crate::output::Recipe;
use crate::picture::Animation;
use crate::progress::Event;
use crate::resolve::{below_recipe, combine};
use crate::settings::{EMPTY_PROMPT, OrNone, Overrides, Prompts, Settings};
use crate::text::at_least_one;
use crate::video::FileNames;
use crate::{Error, Result};

/// The arguments of `generate`.
#[derive(clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(in crate::cli) struct Arguments {
    /// What to draw; `|` separates prompts, `:2` sets a weight
    ///
    /// Words are joined by spaces. `a castle | night sky:0.5 | blurry:-0.3:-0.7` contains three prompts. The second
    /// counts half. The third steers away from `blurry` with weight -0.3, but only while the picture's distance from
    /// `blurry` is less than 0.7. The second number is this limit; after a negative weight, write it with a minus sign as well. Write `\|` and `\:` for a literal `|` or `:`.
    #[arg(value_name = "PROMPT")]
    pub(in crate::cli) prompt: Vec<String>,
    /// Add a prompt, written like PROMPT; may be repeated
    ///
    /// Added after PROMPT, in the order given, as if separated by `|`.
    #[arg(long = "prompt", value_name = "TEXT", help_heading = "Picture")]
    pub(in crate::cli) texts: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) overrides: Overrides,
    /// Output file, or -
    ///
    /// FILE must end in .png, .jpg, .jpeg, .webp, .gif or .mp4; `-` writes a PNG to standard output. In the name, `{slug}`
    /// is the prompt in filename-safe form, `{seed}` the seed, and `{number}` the first free number. It is an error if FILE
    /// exists, unless --force is given. If the default name is taken, -2, -3 and so on are appended. Folders that are missing
    /// are created if FILE has such a field in it.
    #[arg(short, long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<OsString>,
    /// Replace files that already exist
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) force: bool,
    #[command(flatten)]
    pub(in crate::cli) files: FileNames,
    /// Also write the picture every N iterations, or every N frames of an animation
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    pub(in crate::cli) save_every: Option<u64>,
    /// Write a checkpoint every N iterations, or every N frames of an animation, for `text2art resume`
    ///
    /// The checkpoint of apple.png is apple.png.t2a, in the same folder. With this option, Ctrl-C writes one as well. For
    /// --gif or --mp4, the frames so far are kept in apple.png.t2a-frames.
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    pub(in crate::cli) checkpoint_every: Option<u64>,
    /// Also write the cutouts of each iteration, as each CLIP model sees them, to this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(in crate::cli) save_cutouts: Option<PathBuf>,
    /// Repeat a picture's recipe; other options override it
    ///
    /// text2art stores the recipe, that is, all settings, in every picture and movie. A recipe may also be a JSON file, as
    /// `text2art info --json` prints it.
    #[arg(long, value_name = "PICTURE", help_heading = "Settings")]
    pub(in crate::cli) from: Option<PathBuf>,
    /// Download the models named in a recipe without asking
    ///
    /// By default, text2art asks before downloading a recipe's model that is not in `text2art models list`. It never asks
    /// about models that you name yourself.
    #[arg(long, help_heading = "Models")]
    pub(in crate::cli) trust: bool,
    /// Configuration file, or `none`
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Print the settings, sizes and memory, without drawing
    ///
    /// The output is a configuration file, which --config can read.
    #[arg(long, help_heading = "Settings")]
    pub(in crate::cli) dry_run: bool,
    /// Show the picture in the terminal while it is drawn
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", help_heading = "Output")]
    pub(in crate::cli) preview: PreviewKind,
    /// Stop when standard input ends: for a program that starts this one, and may be killed
    #[arg(long, hide = true)]
    pub(in crate::cli) stop_when_stdin_ends: bool,
    /// Draw the jobs that a worker writes to standard input, with the models of the first job
    #[cfg(feature = "server")]
    #[arg(long, hide = true)]
    pub(in crate::cli) jobs_from_stdin: bool,
    #[command(flatten)]
    pub(in crate::cli) conduct: Conduct,
}

/// What is drawn by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Subject {
    /// A single picture
    Picture,
    /// An animation
    Animation,
}

/// The default number of frames of an animation: four seconds.
const USUAL_LENGTH: usize = 100;

/// A recipe to repeat.
pub(in crate::cli) struct Repeated {
    pub(in crate::cli) recipe: Recipe,
    /// The models that the user names
    pub(in crate::cli) named: Vec<String>,
}

/// The index of the recipe among the sources.
const RECIPE: usize = 1;

impl Arguments {
    /// The whole prompt, as one text.
    fn text(&self) -> Option<String> {
        let words = (!self.prompt.is_empty()).then(|| self.prompt.join(" "));
        words.into_iter().chain(self.texts.iter().cloned()).reduce(|all, text| format!("{all} | {text}"))
    }
}

/// The settings of all sources, the strongest first: flags, recipe, environment, configuration file.
pub(in crate::cli) fn settings(
    arguments: &Arguments,
    subject: Subject,
    reporter: &Reporter,
) -> Result<(Settings, Option<Repeated>)> {
    let mut flags = arguments.overrides.clone();
    if arguments.texts.iter().any(|text| text.trim().is_empty()) {
        return Err(Error::usage(EMPTY_PROMPT, "describe the picture after ‹prompt›, or leave out the option"));
    }
    flags.prompt = arguments.text().as_deref().map(prompt).transpose()?;
    let mut warnings = Vec::new();
    let recipe = arguments.from.as_deref().map(Recipe::read_named).transpose()?;
    if let (Some(recipe), Some(picture)) = (&recipe, &arguments.from) {
        trust::check_paths(&recipe.settings, picture, arguments.trust)?;
    }
    let from = recipe.as_ref().map_or_else(Overrides::default, |recipe| recipe.settings.clone().into());
    let mut environment = sources::environment(&mut |message| warnings.push(message))?;
    let mut config = sources::config_file(arguments.config.as_deref())?;
    if recipe.is_some() {
        [&mut environment, &mut config].into_iter().for_each(below_recipe);
    }
    let mut layers = [flags, from, environment, config];
    if subject == Subject::Animation {
        settle_length(&mut layers)?;
    }
    let settings = combine(&layers)?;
    // Doubts about a recipe's prompt were reported when it was drawn.
    let written = layers.iter().position(|layer| layer.prompt.is_some()).filter(|layer| *layer != RECIPE);
    warnings.extend(written.map(|_| settings.prompt.doubts().to_vec()).unwrap_or_default());
    let written = layers.iter().position(|layer| layer.prompt_outside.is_some()).filter(|layer| *layer != RECIPE);
    let outside = settings.prompt_outside.as_ref().filter(|_| written.is_some());
    warnings.extend(outside.map(|outside| outside.doubts().to_vec()).unwrap_or_default());
    let [flags, _, environment, config] = &layers;
    let named = trust::named_by_user(&[flags, environment, config]);
    if let Some(recipe) = &recipe {
        recipe.check_inputs(&settings)?;
        if let Some(stage) = recipe.earlier.last() {
            warnings.push(format!(
                "the picture was resumed with other settings after {} iterations; this run uses the last settings from \
                 the beginning, and draws a different picture",
                stage.iterations_done
            ));
        }
    }
    warnings.extend(recipe.as_ref().and_then(of_film));
    for message in warnings {
        reporter.tell(&Event::Warning { message });
    }
    Ok((settings, recipe.map(|recipe| Repeated { recipe, named })))
}

/// Sets the number of frames in the layers of `animate`, the strongest first. Sets it in the strongest layer only if
/// necessary, because that layer then asks for more work than a recipe.
fn settle_length(layers: &mut [Overrides]) -> Result<()> {
    if layers[0].length.as_ref().is_some_and(OrNone::is_none) {
        let problem = "‹length› none draws a single picture, but `animate` draws an animation";
        return Err(Error::usage(problem, "give a number of frames, or draw the picture without `animate`"));
    }
    let strongest = |names: fn(&Overrides) -> bool| layers.iter().position(names);
    let told = strongest(|layer| layer.length.is_some()).filter(|told| layers[*told].is_animated());
    // Iterations of a single picture in a stronger layer do not count.
    let is_above = |told: usize| strongest(|layer| layer.iterations.is_some()).is_some_and(|asked| asked < told);
    let length = match told {
        Some(told) if !is_above(told) => return Ok(()),
        Some(told) => layers[told].length.clone(),
        None => Some(USUAL_LENGTH.into()),
    };
    layers[0].length = length;
    Ok(())
}

/// The warning for the recipe of a restyled frame that a run from the beginning does not draw again.
fn of_film(recipe: &Recipe) -> Option<String> {
    let restyled = recipe.restyled.as_ref()?;
    let of_gif = recipe.settings.init_image.as_deref().is_some_and(Animation::is_one) && restyled.frame > 0;
    let reason = if of_gif {
        "this run starts from the first frame of the GIF"
    } else if restyled.is_alone() {
        return None;
    } else {
        "this run draws it without its neighbors"
    };
    Some(format!("the picture is frame {} of a restyled film; {reason}, so the result will differ", restyled.frame))
}

/// Reads a prompt.
pub(in crate::cli) fn prompt(text: &str) -> Result<Prompts> {
    text.parse().map_err(|problem: String| {
        let hint = if text.trim().is_empty() {
            "describe the picture, for example: a red apple on a blue background"
        } else if problem.starts_with(EMPTY_PROMPT) {
            r"remove the extra |, or write \| for a literal |"
        } else {
            r"separate prompts with | and write weights as :2; write \| and \: for a literal | or :"
        };
        Error::usage(problem, hint)
    })
}
