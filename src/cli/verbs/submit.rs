//! `text2art submit PROMPT`: has a server draw a picture.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueHint;

use super::generate::{prompt, with_film};
use super::jobs::{Delivery, Following, follow};
use crate::cli::DONE;
use crate::cli::options::outputs::Outputs;
use crate::cli::options::remote::Remote;
use crate::cli::options::sources;
use crate::cli::terminal::detach::detach_on_signal;
use crate::cli::terminal::preview::PreviewKind;
use crate::cli::terminal::report::{Progress, Reporter};
use crate::cli::terminal::stdout;
use crate::client::{Open, check_ends, order_of, upload_files};
use crate::database::Id;
use crate::output::{Kind, Make};
use crate::progress::Event;
use crate::resolve::flatten;
use crate::settings::{Chosen, Overrides, SeedChoice};
use crate::video::FileNames;
use crate::{Error, Result};

/// The verb that draws animations.
const ANIMATE: &str = "animate";
/// The verbs that make films.
const FILMS: [&str; 3] = [ANIMATE, "restyle", "morph"];

/// The arguments of `submit`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// What to draw; `|` separates prompts, `:2` sets a weight
    #[arg(value_name = "PROMPT")]
    prompt: Vec<String>,
    /// Add a prompt, same as PROMPT; may be repeated
    #[arg(long = "prompt", value_name = "TEXT", help_heading = "Picture")]
    texts: Vec<String>,
    #[command(flatten)]
    open: Chosen<Open>,
    /// Wait until the picture is drawn, show its progress, and fetch its files
    ///
    /// Without it, `submit` prints the job's id and ends. The first Ctrl-C stops waiting, and the job keeps running; a
    /// second one cancels the job.
    #[arg(long, help_heading = "Output")]
    wait: bool,
    /// Output file, or -; implies --wait
    ///
    /// As in `text2art generate`: the name must end in .png, .gif or .mp4. In the name, `{slug}` and `{seed}` are replaced.
    #[arg(short, long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    output: Option<OsString>,
    /// Replace files that already exist
    #[arg(long, help_heading = "Output")]
    force: bool,
    #[command(flatten)]
    files: FileNames,
    /// Configuration file, or `none`
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,
    /// Show the picture in the terminal while it is drawn
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", help_heading = "Output")]
    preview: PreviewKind,
    /// How to show progress on standard error
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", help_heading = "Output")]
    progress: Progress,
    /// Show only warnings and errors
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
    #[command(flatten)]
    remote: Remote,
}

impl Arguments {
    /// The reporter of progress.
    pub(in crate::cli) fn reporter(&self) -> Reporter {
        Reporter::new(self.progress.unless_quiet(self.quiet)).with_preview(self.preview)
    }

    /// Whether the picture is waited for: a name for a file is one for now.
    fn waits(&self) -> bool {
        self.wait || self.output.is_some() || self.files.has_names()
    }

    /// The settings of all sources as one layer.
    fn settings(&self, reporter: &Reporter) -> Result<Overrides> {
        let words = (!self.prompt.is_empty()).then(|| self.prompt.join(" "));
        let text = words.into_iter().chain(self.texts.iter().cloned());
        let text = text.reduce(|all, text| format!("{all} | {text}"));
        let mut flags = self.open.overrides.clone();
        flags.prompt = text.as_deref().map(prompt).transpose()?;
        let mut warnings = Vec::new();
        let environment = sources::environment(&mut |message| warnings.push(message))?;
        let settings = flatten(&[flags, environment, sources::config_file(self.config.as_deref())?])?;
        let prompts = settings.prompt.iter().chain(&settings.prompt_outside);
        warnings.extend(prompts.flat_map(|prompt| prompt.doubts().to_vec()));
        for message in warnings {
            reporter.tell(&Event::Warning { message });
        }
        Ok(settings)
    }
}

/// Refuses words that begin with a verb that makes films, because they would be drawn as a prompt. A prompt in a single
/// argument may begin with any word.
fn refuse_films(words: &[String]) -> Result<()> {
    let Some((verb, rest)) = words.split_first().filter(|(_, rest)| !rest.is_empty()) else { return Ok(()) };
    if !FILMS.contains(&verb.as_str()) {
        return Ok(());
    }
    let quoted = |text: &[&str]| shlex::try_join(text.iter().copied()).unwrap_or_else(|_| text.join(" "));
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let film = if verb == ANIMATE {
        format!("to draw an animation, set its length: text2art submit {} --length 24 --mp4", quoted(&rest))
    } else {
        format!("run `text2art {verb}` on this machine")
    };
    let prompt = quoted(&[words.join(" ").as_str()]);
    let hint = format!("{film}; to draw these words, run: text2art submit {prompt}");
    Err(Error::usage(format!("`submit` does not support the command {verb}"), hint))
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<u8> {
    refuse_films(&arguments.prompt)?;
    let mut settings = arguments.settings(reporter)?;
    // The names of files have it.
    let seed = settings.seed.map(SeedChoice::seed).transpose()?.unwrap_or_default();
    settings.seed = Some(seed.into());
    let Some(prompt) = &settings.prompt else {
        let hint = "say what to draw, for example: text2art submit a red apple on a blue background";
        return Err(Error::usage("no prompt was given", hint).into());
    };
    if let Some(folder) = arguments.files.kinds().find(|kind| kind.is_folder()) {
        let message = format!("‹{}›: a server cannot make a folder of frames", folder.option);
        return Err(Error::usage(message, "ask for a movie with ‹gif› or ‹mp4›").into());
    }
    let output = arguments.output.as_deref();
    let files = if settings.is_animated() { with_film(output, &arguments.files) } else { arguments.files.clone() };
    let outputs = Outputs { output, force: arguments.force, files: &files };
    let (kinds, delivery) = if arguments.waits() {
        let products = outputs.products(&prompt.all()[0].text, seed.0, |_, _| Ok(()))?;
        check_ends(&products)?;
        let kinds = products.iter().map(|product| product.kind).collect();
        (kinds, Some(Delivery { products, is_stream: outputs.is_stream() }))
    } else {
        (files.kinds().collect::<Vec<Kind>>(), None)
    };
    let mut order = order_of(&settings)?;
    let products: Vec<&str> =
        kinds.iter().filter(|kind| !matches!(kind.make, Make::Picture)).map(|kind| kind.option).collect();
    order.insert("products".into(), products.into());

    let detach = detach_on_signal()?;
    let server = arguments.remote.connect(arguments.config.as_deref(), &detach.stop)?;
    upload_files(&mut order, &settings, &mut |path| server.upload(path))?;
    let job = server.submit(&order, &Id::random()?)?;
    let Some(delivery) = delivery else {
        stdout::print_line(job.id.as_str())?;
        return Ok(DONE);
    };
    reporter.tell(&Event::Submitted { job: job.id.to_string(), server: server.address().to_string() });
    let following = Following {
        server: &server,
        remote: &arguments.remote,
        config: arguments.config.as_deref(),
        detach: &detach,
        reporter,
    };
    follow(&following, &job, Some(&delivery))
}
